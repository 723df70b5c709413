"""What a response store has counted, in the words of a manifest."""

from __future__ import annotations

from contextlib import closing

from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.store.registry import open_store

NANO = 1_000_000_000  # the store counts in billionths of a US dollar


def usage_of(address: str, priced: bool = True) -> dict[str, dict[str, float]]:
    """{stage: {calls, input_tokens, output_tokens, cost_usd}} of all runs so far, no cost where it is not `priced`."""
    with closing(open_store(address)) as store:
        return {stage: usage_row(spend, priced) for stage, spend in sorted(store.spend().items())}


def usage_row(spend: Spend, priced: bool = True) -> dict[str, float]:
    """One stage's usage; "estimated", where it is there, is how many of the calls had their tokens estimated."""
    row: dict[str, float] = {
        "calls": spend.calls,
        "input_tokens": spend.input_tokens,
        "output_tokens": spend.output_tokens,
    }
    if spend.estimated:
        row["estimated"] = spend.estimated
    return row | {"cost_usd": spend.cost / NANO} if priced else row


def cost_of_calls(spend: Spend) -> float | None:
    """US dollars; None where calls were counted at no price: it was not known, or is zero."""
    return spend.cost / NANO if spend.cost or not spend.calls else None
