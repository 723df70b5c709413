"""The exact check: rows that share a key -> the pairs among them that are near-duplicates.

All pairs of a small group are looked at: a 128-bit sketch first, whose difference never exceeds the true one, then
the tokens. A large group goes through `dense` first, so that skew stays linear. Equal sets are folded into the first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from transforms.similarity.arrays import U64, Numbers, distinct, mix, ragged, runs, spans
from transforms.similarity.dense import GROUP, Ball, Dense
from transforms.similarity.jaccard import Threshold, overlaps
from transforms.similarity.pairs import pairs_of
from transforms.similarity.shingles import TokenSets, whole


class Rows(NamedTuple):
    """Rows of a group join: each with its group, its rank and its token set (ragged, `size` tokens each)."""

    group: Numbers
    rank: Numbers
    size: Numbers
    tokens: Numbers

    def take(self, rows: Numbers) -> Rows:
        """Some of the rows."""
        count = self.size[rows]
        tokens = self.tokens[ragged(spans(self.size)[:-1][rows], count)]
        return Rows(self.group[rows], self.rank[rows], count, tokens)


class Edges(NamedTuple):
    """Pairs of ranks, the earlier first, and their Jaccard similarity."""

    first: Numbers
    second: Numbers
    similarity: Numbers

    @classmethod
    def of(cls, one: Numbers, other: Numbers, similarity: Numbers) -> Edges:
        """Edges in the order of rank."""
        return cls(np.minimum(one, other), np.maximum(one, other), similarity.astype(np.float64))

    @classmethod
    def join(cls, parts: list[Edges]) -> Edges:
        """The different edges of all parts."""
        if not parts:
            return cls(np.empty(0, U64), np.empty(0, U64), np.empty(0, np.float64))
        first, second, similarity = (np.concatenate(column) for column in zip(*parts, strict=True))
        once = distinct(first, second)
        return cls(first[once], second[once], similarity[once])


class Found(NamedTuple):
    """What a join finds: near-duplicate pairs, pairs of equal sets, and balls (see `dense`)."""

    near: Edges
    equal: Edges
    balls: list[Ball]

    @property
    def size(self) -> int:
        """Pairs and rows of balls: what memory it takes."""
        return len(self.near.first) + len(self.equal.first) + sum(len(ball.rank) for ball in self.balls)


def fold(rows: Rows) -> tuple[Rows, Edges]:
    """(rows sorted by group, of equal sets only the first by rank; edges from those to their equals)."""
    code = whole(TokenSets(rows.tokens, rows.size))
    order = np.lexsort((rows.rank, code, rows.group))
    group, code, rank = rows.group[order], code[order], rows.rank[order]
    new = np.ones(len(order), bool)
    new[1:] = (group[1:] != group[:-1]) | (code[1:] != code[:-1])
    leader = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    equal = np.flatnonzero(~new)
    edges = Edges.of(rank[leader[equal]], rank[equal], np.ones(len(equal)))
    return rows.take(order[new]), edges


def find(rows: Rows, threshold: Threshold) -> Found:
    """The near-duplicates within each group."""
    rows, equal = fold(rows)
    _, length = runs(rows.group)
    rows = rows.take(np.flatnonzero(np.repeat(length > 1, length)))
    begin, length = runs(rows.group)
    if not len(begin):
        return Found(Edges.join([]), Edges.join([equal]), [])
    check = Check(rows, threshold)
    small = length <= GROUP
    at = ragged(begin[small], length[small])
    parts = [check.edges(at[i], at[j]) for i, j in pairs_of(length[small])]
    balls = []
    for i, n in zip(begin[~small].tolist(), length[~small].tolist(), strict=True):
        dense = Dense(rows.tokens, rows.size, rows.rank, threshold)
        parts += [check.edges(a, b) for a, b in dense.pairs(np.arange(i, i + n))]
        balls += dense.balls
    return Found(Edges.join(parts), Edges.join([equal]), balls)


class Check:
    """Checks pairs of rows."""

    def __init__(self, rows: Rows, threshold: Threshold):
        self.rows, self.threshold = rows, threshold
        codes = mix(rows.tokens.astype(U64))
        bit = U64(1) << ((codes >> U64(8)) & U64(63))
        side = (codes >> U64(14)) & U64(1)
        begin = spans(rows.size)[:-1]
        self.sketch = [np.bitwise_xor.reduceat(bit * (side == half), begin) for half in (U64(0), U64(1))]

    def edges(self, left: Numbers, right: Numbers) -> Edges:
        """The near-duplicates among some pairs."""
        count = self.rows.size
        one, two = self.sketch
        sizes = count[left] + count[right]
        differing = np.bitwise_count(one[left] ^ one[right]) + np.bitwise_count(two[left] ^ two[right])
        near = np.flatnonzero(differing <= self.threshold.slack(sizes))
        left, right, sizes = left[near], right[near], sizes[near]
        overlap = overlaps(self.rows.tokens, count, left, right)
        good = self.threshold.reached(overlap, sizes)
        left, right, overlap, sizes = left[good], right[good], overlap[good], sizes[good]
        return Edges.of(self.rows.rank[left], self.rows.rank[right], overlap / (sizes - overlap))
