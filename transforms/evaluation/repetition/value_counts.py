"""The most frequent values (openings, names, templates, occupations), counted exactly.

Of a closed set (occupations, hops) all values are counted. Of an open one first a hash sample of rows says which values
are candidates, then those are counted over all rows: counts are exact, and which value might be missing is known, see
`missed_share`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from persona_hub.transforms.evaluation.figures import Figure

MISSED_RISK = 0.01  # that a value as frequent as `missed_share` is no candidate


@dataclass(frozen=True)
class ValueCounts:
    """How many rows have each value; only `candidates` are counted where they are given.

    Weighs about 100 bytes a value beside its text: 1 MB of 10,000 candidates.
    """

    candidates: frozenset[str] | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    rows: int = 0

    def add(self, values: Iterable[Iterable[str]]) -> ValueCounts:
        """With rows, each of none, one or several values; one that a row has twice counts once."""
        found = Counter(self.counts)
        rows = 0
        for row in values:
            rows += 1
            found.update(set(row) if self.candidates is None else self.candidates.intersection(row))
        return replace(self, counts=dict(found), rows=self.rows + rows)

    def merged(self, other: ValueCounts) -> ValueCounts:
        """Both. Raises ValueError where their candidates differ."""
        if self.candidates != other.candidates:
            raise ValueError("counts of different candidates do not merge")
        return replace(self, counts=dict(Counter(self.counts) + Counter(other.counts)), rows=self.rows + other.rows)

    def top(self, n: int) -> list[tuple[str, int]]:
        """The n most frequent values; equals by name."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:n]

    def share_of_top(self, n: int) -> Figure:
        """The counts of the n most frequent values that two rows or more have, by rows: exact.

        It exceeds 1 where rows have several values. Values of one row alone are no repetition: of 50 different ones
        the first 20 would be 40%.
        """
        often = sum(count for _, count in self.top(n) if count > 1)
        return Figure(often / self.rows if self.rows else math.nan, n=self.rows)

    @property
    def effective_values(self) -> Figure:
        """Exp of the entropy of the counts (the Hill number of order 1): as many equally frequent values.

        Of a closed set, or of the candidates only: then it says too little.
        """
        total = sum(self.counts.values())
        if not total:
            return Figure(math.nan, n=self.rows)
        shares = sorted(count / total for count in self.counts.values())  # an order, so that the last bit is one
        return Figure(math.exp(-sum(share * math.log(share) for share in shares)), n=self.rows)


def candidates_of(sampled: Iterable[Iterable[str]]) -> frozenset[str]:
    """The values of sampled rows."""
    return frozenset(value for row in sampled for value in row)


def missed_share(rows: int) -> float:
    """The share p of rows from which on every value is a candidate, but for a risk of MISSED_RISK, after so many were
    sampled: at most 1 / p values are as frequent, so (1 - p)^rows / p = MISSED_RISK.

    >>> round(missed_share(10_000), 5)
    0.00114
    """
    if rows < 1:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        risk = rows * math.log1p(-middle) - math.log(middle)
        low, high = (middle, high) if risk > math.log(MISSED_RISK) else (low, middle)
    return high
