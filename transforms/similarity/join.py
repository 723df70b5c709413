"""The exact check: rows that share a key -> the pairs among them that are near-duplicates.

Equal sets are folded into the first. All pairs of a group are looked at, as bits (`bitwise`). A large group goes
through `dense`, so that skew stays linear, and what is left of its pairs through a 128-bit sketch first, whose
difference never exceeds the true one, then the tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from persona_hub.transforms.similarity.arrays import I64, U64, Numbers, distinct, mix, ragged, runs, spans
from persona_hub.transforms.similarity.bitwise import Bitwise
from persona_hub.transforms.similarity.dense import Ball, Dense
from persona_hub.transforms.similarity.jaccard import Threshold, overlaps
from persona_hub.transforms.similarity.shingles import TokenSets, whole

COMPARED = 1 << 18  # pairs compared at a time


class Rows(NamedTuple):
    """Rows of a group join: each with its group, its rank and its token set, tokens[begin] .. tokens[begin + size - 1].

    A row stands once for each of its groups; its tokens need not: gathering them took a third of the check.
    """

    group: Numbers
    rank: Numbers
    code: Numbers  # of the whole set
    begin: Numbers
    size: Numbers
    tokens: Numbers

    @classmethod
    def of(cls, group: Numbers, rank: Numbers, sets: TokenSets) -> Rows:
        """Rows whose sets lie one after another."""
        return cls(group, rank, whole(sets), spans(sets.size)[:-1], sets.size, sets.tokens)

    def take(self, rows: Numbers) -> Rows:
        """Some of the rows."""
        return Rows(self.group[rows], self.rank[rows], self.code[rows], self.begin[rows], self.size[rows], self.tokens)


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
    def near(cls, rows: Rows, left: Numbers, right: Numbers, overlap: Numbers) -> Edges:
        """Edges between rows that have so many tokens in common."""
        return cls.of(rows.rank[left], rows.rank[right], overlap / (rows.size[left] + rows.size[right] - overlap))

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


def fold(rows: Rows) -> tuple[Numbers, Edges]:
    """(the rows that are the first by rank of those that equal them in their group; edges from those to their equals).

    By a hash of group and set: sorting by three columns would take five times as long.
    """
    code = mix(rows.group + rows.code)
    order = np.argsort(code)
    begin, length = runs(code[order])
    alone = np.ones(len(code), bool)
    repeated = np.flatnonzero(length > 1)
    length = length[repeated]
    member = order[ragged(begin[repeated], length)]
    rank = rows.rank[member]
    least = np.repeat(np.minimum.reduceat(rank, spans(length)[:-1]) if len(rank) else rank, length)
    equal = rank != least
    alone[member[equal]] = False
    return np.flatnonzero(alone), Edges(least[equal], rank[equal], np.ones(np.count_nonzero(equal)))


def find(rows: Rows, threshold: Threshold) -> Found:
    """The near-duplicates within each group."""
    first, equal = fold(rows)
    first = first[np.argsort(rows.group[first])]
    _, length = runs(rows.group[first])
    rows = rows.take(first[np.repeat(length > 1, length)])
    length = length[length > 1]
    bitwise = Bitwise(rows.tokens, rows.begin, rows.size, rows.rank, threshold)
    near = [Edges.near(rows, *pairs) for pairs in bitwise.near(length)]
    large = np.array(bitwise.too_large, I64)
    rows = rows.take(ragged(spans(length)[large], length[large]))
    dense = Dense(rows.tokens, rows.begin, rows.size, rows.rank, threshold)
    near += checked(rows, threshold, candidates(length[large], dense))
    return Found(Edges.join(near), equal, bitwise.balls + dense.balls)


def candidates(length: Numbers, dense: Dense) -> Iterator[tuple[Numbers, Numbers]]:
    """The pairs of large groups that hold every near-duplicate which no ball tells of."""
    for first, n in zip(spans(length)[:-1].tolist(), length.tolist(), strict=True):
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
    overlap = overlaps(rows.tokens, rows.size, left, right, rows.begin)
    good = threshold.reached(overlap, rows.size[left] + rows.size[right])
    return Edges.near(rows, left[good], right[good], overlap[good])


class Sketch:
    """128 bits for each set, of which each token flips one: two sets differ in at least as many tokens as bits."""

    def __init__(self, rows: Rows):
        codes = mix(rows.tokens[ragged(rows.begin, rows.size)].astype(U64))
        bit = U64(1) << ((codes >> U64(8)) & U64(63))
        low = ((codes >> U64(14)) & U64(1)).astype(bool)
        begin = spans(rows.size)[:-1]
        self.halves = [np.bitwise_xor.reduceat(np.where(low == half, bit, U64(0)), begin) for half in (False, True)]

    def differing(self, left: Numbers, right: Numbers) -> Numbers:
        """Bits that differ between the rows of each pair."""
        one, two = self.halves
        return np.bitwise_count(one[left] ^ one[right]) + np.bitwise_count(two[left] ^ two[right])
