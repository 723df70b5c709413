"""Which numbers of a `usage` are believed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.calls.tokens import tokens_said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (12, 12),
        (12.0, 12),
        (5000, 5000),
        (0, None),
        (-100_000, None),
        (1e300, None),
        (2**63, None),
        (10**400, None),
        (float("nan"), None),
        (float("inf"), None),
        (1.5, None),
        (True, None),
        (None, None),
        ("12", None),
        ([12], None),
        ({"tokens": 12}, None),
    ],
)
def test_only_a_count_that_can_be_is_believed(value: Any, said: int | None) -> None:
    assert tokens_said(value, 600) == said


@given(st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.lists(st.integers())), st.integers(0, 10**6))
def test_whatever_a_server_says_a_count_fits_into_a_store(value: Any, at_most: int) -> None:
    said = tokens_said(value, at_most)
    assert said is None or 0 < said < 2**31
