"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from persona_hub.transforms.counting.quantity import quantity


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 retries"), (1, "1 retry"), (2, "2 retries"), (1234.0, "1,234 retries")]
)
def test_a_noun_goes_with_its_number(number: float, said: str) -> None:
    assert quantity(number, "retry", "retries") == said
