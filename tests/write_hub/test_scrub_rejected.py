"""What is rejected for its contact data is kept without them."""

from __future__ import annotations

import pytest

from persona_hub.transforms.records import Rejected
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.write_hub.scrub_dead_letters import scrubbed_samples


@pytest.mark.parametrize(("reason", "shown"), [("contact-data", False), ("malformed", False), ("too-long", True)])
def test_no_contact_data_is_shown(reason: str, shown: bool) -> None:
    text = "Write to jane.roe@roe-and-sons.com for the answer."
    values = ("0" * 32, "A clerk", "math", text, "math problem", "m", "abc", 0, 1, 1)
    rejected = Rejected(*values, fields=text, reason=reason, detail="why")
    [row] = scrubbed_samples(Batch([rejected]))
    assert ("jane.roe@" in f"{row.text} {row.fields}") is shown
    assert (row.reason, row.detail) == (reason, "why")
