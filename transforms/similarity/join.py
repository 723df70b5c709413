"""The exact check: rows that share a key -> the pairs among them that are near-duplicates.

All pairs of a small group are looked at: a 128-bit sketch first, whose difference never exceeds the true one, then
the tokens. A large group goes through `dense` first, so that skew stays linear. Equal sets are folded into the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from transforms.similarity.arrays import I64, U64, Numbers, distinct, mix, ragged, runs, spans
from transforms.similarity.dense import GROUP, Ball, Dense
from transforms.similarity.jaccard import Threshold, overlaps
from transforms.similarity.pairs import pairs_of
from transforms.similarity.shingles import TokenSets, whole

COMPARED = 1 << 18  # pairs compared at a time


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
    dense = Dense(rows.tokens, rows.size, rows.rank, threshold)
    near = Edges.join(list(checked(rows, threshold, candidates(begin, length, dense))))
    return Found(near, Edges.join([equal]), dense.balls)


def candidates(begin: Numbers, length: Numbers, dense: Dense) -> Iterator[tuple[Numbers, Numbers]]:
    """The pairs of groups that hold every near-duplicate which no ball tells of."""
    small = length <= GROUP
    at = ragged(begin[small], length[small])
    for left, right in pairs_of(length[small]):
        yield at[left], at[right]
    for first, n in zip(begin[~small].tolist(), length[~small].tolist(), strict=True):
        yield from dense.pairs(np.arange(first, first + n))


def checked(rows: Rows, threshold: Threshold, pairs: Iterable[tuple[Numbers, Numbers]]) -> Iterator[Edges]:
    """The near-duplicates among pairs of rows: those that the sketch lets through are collected, then compared."""
    sketch = Sketch(rows)
    lefts, rights = [np.empty(0, I64)], [np.empty(0, I64)]
    waiting = 0
    for left, right in pairs:
        near = np.flatnonzero(sketch.differing(left, right) <= threshold.slack(rows.size[left] + rows.size[right]))
        lefts.append(left[near])
        rights.append(right[near])
        waiting += len(near)
        if waiting > COMPARED:
            yield compared(rows, threshold, np.concatenate(lefts), np.concatenate(rights))
            lefts, rights, waiting = [], [], 0
    if waiting:
        yield compared(rows, threshold, np.concatenate(lefts), np.concatenate(rights))


def compared(rows: Rows, threshold: Threshold, left: Numbers, right: Numbers) -> Edges:
    """The near-duplicates among pairs of rows, by their tokens."""
    overlap = overlaps(rows.tokens, rows.size, left, right)
    sizes = rows.size[left] + rows.size[right]
    good = threshold.reached(overlap, sizes)
    left, right, overlap, sizes = left[good], right[good], overlap[good], sizes[good]
    return Edges.of(rows.rank[left], rows.rank[right], overlap / (sizes - overlap))


class Sketch:
    """128 bits for each set, of which each token flips one: two sets differ in at least as many tokens as bits."""

    def __init__(self, rows: Rows):
        codes = mix(rows.tokens.astype(U64))
        bit = U64(1) << ((codes >> U64(8)) & U64(63))
        low = ((codes >> U64(14)) & U64(1)).astype(bool)
        begin = spans(rows.size)[:-1]
        self.halves = [np.bitwise_xor.reduceat(np.where(low == half, bit, U64(0)), begin) for half in (False, True)]

    def differing(self, left: Numbers, right: Numbers) -> Numbers:
        """Bits that differ between the rows of each pair."""
        one, two = self.halves
        return np.bitwise_count(one[left] ^ one[right]) + np.bitwise_count(two[left] ^ two[right])
