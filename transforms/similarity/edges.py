"""Edges between near-duplicates: listed one by one, or implied by weights where there are too many to list.

A row is known by its rank, 64 bits; the lower rank is the earlier row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from persona_hub.transforms.similarity.arrays import U64, Numbers, distinct


class Edges(NamedTuple):
    """Pairs of ranks, the earlier first, and their similarity."""

    first: Numbers
    second: Numbers
    similarity: Numbers

    @classmethod
    def of(cls, one: Numbers, other: Numbers, similarity: Numbers) -> Edges:
        """Edges between `one[i]` and `other[i]`, whichever is earlier."""
        return cls(np.minimum(one, other), np.maximum(one, other), similarity.astype(np.float64))

    @classmethod
    def none(cls) -> Edges:
        """No edges."""
        return cls(np.empty(0, U64), np.empty(0, U64), np.empty(0, np.float64))

    @classmethod
    def join(cls, parts: list[Edges]) -> Edges:
        """The edges of all parts, each pair once."""
        if not parts:
            return cls.none()
        return cls(*map(np.concatenate, zip(*parts, strict=True))).distinct()

    def take(self, rows: Numbers) -> Edges:
        """Some of the edges, by position or by a mask."""
        return Edges(self.first[rows], self.second[rows], self.similarity[rows])

    def distinct(self) -> Edges:
        """Each pair of ranks once."""
        return self.take(distinct(self.first, self.second))


class ImplicitEdges(NamedTuple):
    """Edges implied by weights: any two of these rows whose weights add up to at most 0 are near-duplicates.

    (Graph theory calls that a threshold graph.) It stands for up to n (n - 1) / 2 edges in 3 n numbers. Ranks 5, 6 and
    8 of weights -1, -1 and 1 are all near each other: -1 - 1 <= 0 and -1 + 1 <= 0. Ranks 5 and 8 of weights -1 and 2
    are not implied to be; whether they are is for listed edges to say. `dense` shows where weights come from.
    """

    rank: Numbers  # ascending
    weight: Numbers
    similarity: Numbers  # to the first row


class VerifiedEdges(NamedTuple):
    """What the exact check finds: edges between near-duplicates, between equal token sets, and implicit ones."""

    near: Edges
    equal: Edges
    implicit: list[ImplicitEdges]

    @property
    def size(self) -> int:
        """Edges, and rows of implicit ones: what memory it takes."""
        return len(self.near.first) + len(self.equal.first) + sum(len(each.rank) for each in self.implicit)
