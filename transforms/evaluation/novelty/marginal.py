"""Marginal novelty: how likely one more row is new, by hop or source, what it costs, and when to stop.

Clusters are those of a hash sample of rows (`distinct_clusters`), so a rate is that of a hub as large as the sample;
for the whole hub see `NearestRows.alone`, which looks for the neighbours of sampled rows among all rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from persona_hub.transforms.evaluation.diversity.coverage import Abundance
from persona_hub.transforms.evaluation.diversity.distinct_clusters import Labels
from persona_hub.transforms.evaluation.figures import Figure, jackknife, share, share_of_rows
from persona_hub.transforms.evaluation.novelty.extrapolation import Extrapolation

ROW_PARTS = 20
FARTHER = "more than 100 times as many"  # as those there are: an end that no model may tell
LEAST_RATE_WANTED = 0.1  # new clusters of one more row


def marginal_novelty(labels: Labels, kinds: Sequence[str]) -> dict[str, Figure]:
    """For each kind of rows (a source, a hop) the share whose cluster no other row of any kind has.

    By Good (1953) that is how likely one more row of the kind is to be new beside all that are there.
    """
    alone = np.bincount(labels, minlength=1)[labels] == 1 if len(labels) else np.zeros(0, bool)
    of = np.array(kinds)
    return {kind: share(int(alone[of == kind].sum()), int((of == kind).sum())) for kind in sorted(set(kinds))}


def new_by_hop(labels: Labels, hops: Sequence[int]) -> dict[int, Figure]:
    """For each hop its clusters that no earlier hop has, by its rows; with a jackknife over ROW_PARTS parts of rows.

    Rows have to be in an order by hash, as those of a `HashSample` are.
    """
    hop = np.asarray(hops, np.int64)
    part = np.arange(len(hop)) % ROW_PARTS
    whole = first_hops(labels, hop)
    left = [first_hops(labels[part != k], hop[part != k]) for k in range(ROW_PARTS)]
    found = {}
    for each in sorted(set(hop.tolist())):
        of_parts = [one.get(each, math.nan) for one in left]
        known = [not math.isnan(one) for one in of_parts]
        sizes = np.bincount(part[hop == each], minlength=ROW_PARTS) * known
        figure = jackknife(whole[each], np.nan_to_num(of_parts).tolist(), sizes.tolist())
        found[each] = share_of_rows(replace(figure, n=int((hop == each).sum())))
    return found


def first_hops(labels: Labels, hops: np.ndarray) -> dict[int, float]:
    """Clusters that begin at a hop, by the rows of the hop."""
    first = np.full(int(labels.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, labels, hops)
    begun = first[np.unique(labels)] if len(labels) else first
    return {hop: float((begun == hop).sum() / (hops == hop).sum()) for hop in sorted(set(hops.tolist()))}


def per_dollar(rate: Figure, rows: int, cost_usd: float) -> Figure:
    """New clusters for a dollar, of the rate of rows which cost so much together; NaN where nothing was paid."""
    if cost_usd <= 0:
        return Figure(math.nan, n=rate.n)
    times = rows / cost_usd
    if rate.low is None or rate.high is None:
        return Figure(rate.value * times, n=rate.n)
    return Figure(rate.value * times, rate.low * times, rate.high * times, rate.n)


@dataclass(frozen=True)
class Stop:
    """When to stop: the range of further rows, and of dollars, until one more brings fewer than `rate` new clusters.

    None for an end further than 100 times the rows.
    """

    rate: float
    now: float  # what one more brings, f_1 / n
    more: tuple[int | None, int | None]
    cost_usd: tuple[float | None, float | None]

    def __str__(self) -> str:
        """In words.

        >>> str(Stop(0.1, 0.05, (0, 0), (0.0, 0.0)))
        'one more row brings 0.050 new clusters, fewer than 0.1: stop'
        """
        if self.more == (0, 0):
            return f"one more row brings {self.now:.3f} new clusters, fewer than {self.rate:g}: stop"
        low, high = (FARTHER if rows is None else f"{rows:,} more rows" for rows in self.more)
        if None not in self.more:
            low = f"{self.more[0]:,}"
        takes = low if low == high else f"{low} {'to' if None not in self.more else 'or'} {high}"
        now = f"one more row brings {self.now:.3f} new clusters"
        return f"{now}; until it brings fewer than {self.rate:g} it takes {takes}"


def when_to_stop(found: Abundance, rate: float = LEAST_RATE_WANTED, dollars_per_row: float = 0.0) -> Stop:
    """The range between two models, see `Extrapolation`. Raises ValueError for fewer than 16 rows."""
    model = Extrapolation(found)
    low, high = model.more_until(rate)
    low_cost, high_cost = (None if rows is None else rows * dollars_per_row for rows in (low, high))
    return Stop(rate, model.rate, (low, high), (low_cost, high_cost))
