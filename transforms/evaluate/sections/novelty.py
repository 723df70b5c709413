"""The section `novelty`: what one more persona brings, by hop and source, for a dollar, and when to stop."""

from __future__ import annotations

from typing import Any

import numpy as np

from persona_hub.transforms.evaluate.hub_sums import MOST_GROUPS, DuplicateSums, HubSums
from persona_hub.transforms.evaluate.sampled import Sampled
from persona_hub.transforms.evaluation.diversity.coverage import abundance_of
from persona_hub.transforms.evaluation.diversity.distinct_clusters import Labels
from persona_hub.transforms.evaluation.figures import Figure, share
from persona_hub.transforms.evaluation.novelty.extrapolation import FITTED_PART
from persona_hub.transforms.evaluation.novelty.marginal import (
    FARTHER,
    Stop,
    marginal_novelty,
    new_by_hop,
    per_dollar,
    when_to_stop,
)

RATES = (0.5, 0.1, 0.01)  # new clusters of one more persona


def novelty_section(
    sampled: Sampled, sums: HubSums, duplicates: DuplicateSums, labels: Labels, cost_usd: float
) -> dict[str, Any]:
    """The whole section; what needs vectors is left out where there are none."""
    found: dict[str, Any] = {"hops": hop_rows(sums, duplicates)}
    if not len(labels):
        return found
    rows = [sampled.rows[at] for at in sampled.with_vector]
    kept = sum(sums.hops.counts.values())
    once = share(int((np.bincount(labels)[labels] == 1).sum()), len(labels))
    found["one_more"] = {"new_clusters": once}
    if cost_usd:
        found["one_more"]["new_clusters_a_dollar"] = per_dollar(once, kept, cost_usd)
    found["new_at_hop"] = {
        f"hop_{hop}": figure for hop, figure in new_by_hop(labels, [one.hop for one in rows]).items()
    }
    found["by_source"] = source_rows(labels, [one.source for one in rows])
    if len(labels) >= FITTED_PART:
        stops = [when_to_stop(abundance_of(np.bincount(labels)), rate, cost_usd / kept) for rate in RATES]
        found["when_to_stop"] = str(stops[1])
        found["until"] = [until_row(one, cost_usd > 0) for one in stops]
    return found


def until_row(one: Stop, paid: bool) -> dict[str, Any]:
    """How many more personas until one more brings fewer new clusters, and for how much, where a price is known."""
    row: dict[str, Any] = {"new_clusters_of_one_more": one.rate}
    for side, end in zip(("low", "high"), one.more, strict=True):
        row[f"more_personas_{side}"] = FARTHER if end is None else end
    if paid:
        row |= {f"usd_{side}": usd for side, usd in zip(("low", "high"), one.cost_usd, strict=True)}
    return row


def hop_rows(sums: HubSums, duplicates: DuplicateSums) -> list[dict[str, int]]:
    """Of each hop the personas that were made, duplicates among them, and those kept."""
    kept, dropped = sums.hops.counts, duplicates.hops.counts
    return [
        {"hop": int(hop), "made": kept.get(hop, 0) + dropped.get(hop, 0), "kept": kept.get(hop, 0)}
        for hop in sorted({*kept, *dropped}, key=int)
    ]


def source_rows(labels: Labels, sources: list[str]) -> list[dict[str, Any]]:
    """The share of new clusters of the sources with the most sampled personas."""
    found: dict[str, Figure] = marginal_novelty(labels, sources)
    most = sorted(found, key=lambda source: (-found[source].n, source))[:MOST_GROUPS]
    return [{"source": source, "new_clusters": found[source]} for source in most]
