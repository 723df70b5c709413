"""The exact check: groups of rows that share a key -> the edges between those that are near-duplicates.

Of equal sets only the first goes on. All pairs of a group are looked at, as bits (`bitwise`). A large group goes
through `dense`, so that skew stays linear; candidates that are left of its pairs are compared by a 128-bit sketch,
whose difference never exceeds the true one, and then by their tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from persona_hub.transforms.similarity.arrays import I64, U64, Numbers, mix, ragged, runs, spans
from persona_hub.transforms.similarity.bitwise import BitwiseJoin
from persona_hub.transforms.similarity.dense import DenseJoin
from persona_hub.transforms.similarity.edges import Edges, VerifiedEdges
from persona_hub.transforms.similarity.jaccard import Threshold, overlaps
from persona_hub.transforms.similarity.shingles import TokenSets, set_hashes

PAIRS_COMPARED = 1 << 18  # at a time


class GroupedSets(NamedTuple):
    """Rows of a group join, each with its group, its rank and its token set, tokens[begin] .. tokens[begin + size - 1].

    A row stands once for each of its groups; its tokens need not: gathering them took a third of the check. So rank 7,
    which is in groups 1 and 4, and rank 9, in group 4, may be group 1 4 4, rank 7 7 9, begin 0 0 3, size 3 3 2.
    """

    group: Numbers
    rank: Numbers
    set_hash: Numbers  # of the whole set
    begin: Numbers
    size: Numbers
    tokens: Numbers

    @classmethod
    def of(cls, group: Numbers, rank: Numbers, sets: TokenSets) -> GroupedSets:
        """Rows whose sets lie one after another."""
        return cls(group, rank, set_hashes(sets), spans(sets.size)[:-1], sets.size, sets.tokens)

    def take(self, rows: Numbers) -> GroupedSets:
        """Some of the rows."""
        group, rank, set_hash, begin, size, tokens = self
        return GroupedSets(group[rows], rank[rows], set_hash[rows], begin[rows], size[rows], tokens)


def edges_between(sets: GroupedSets, left: Numbers, right: Numbers, overlap: Numbers) -> Edges:
    """Edges between rows that have so many tokens in common."""
    return Edges.of(sets.rank[left], sets.rank[right], overlap / (sets.size[left] + sets.size[right] - overlap))


def collapse_equal_sets(sets: GroupedSets) -> tuple[Numbers, Edges]:
    """(the rows that are the first by rank of those that equal them in their group; edges from those to their equals).

    By a hash of group and set: sorting by three columns would take five times as long.
    """
    code = mix(sets.group + sets.set_hash)
    order = np.argsort(code)
    begin, length = runs(code[order])
    alone = np.ones(len(code), bool)
    repeated = np.flatnonzero(length > 1)
    length = length[repeated]
    member = order[ragged(begin[repeated], length)]
    rank = sets.rank[member]
    least = np.repeat(np.minimum.reduceat(rank, spans(length)[:-1]) if len(rank) else rank, length)
    equal = rank != least
    alone[member[equal]] = False
    return np.flatnonzero(alone), Edges(least[equal], rank[equal], np.ones(np.count_nonzero(equal)))


def verify_groups(sets: GroupedSets, threshold: Threshold) -> VerifiedEdges:
    """The near-duplicates within each group."""
    first, equal = collapse_equal_sets(sets)
    first = first[np.argsort(sets.group[first])]
    _, length = runs(sets.group[first])
    sets = sets.take(first[np.repeat(length > 1, length)])
    length = length[length > 1]
    bitwise = BitwiseJoin(sets.tokens, sets.begin, sets.size, sets.rank, threshold)
    near = [edges_between(sets, *pairs) for pairs in bitwise.near(length)]
    large = np.array(bitwise.too_large, I64)
    sets = sets.take(ragged(spans(length)[large], length[large]))
    dense = DenseJoin(sets.tokens, sets.begin, sets.size, sets.rank, threshold)
    near += verify_candidates(sets, threshold, pairs_of_groups(length[large], dense))
    return VerifiedEdges(Edges.join(near), equal, bitwise.implicit + dense.implicit)


def pairs_of_groups(length: Numbers, dense: DenseJoin) -> Iterator[tuple[Numbers, Numbers]]:
    """Candidate pairs of large groups, whose rows lie one group after another."""
    for first, n in zip(spans(length)[:-1].tolist(), length.tolist(), strict=True):
        yield from dense.pairs(np.arange(first, first + n))


def verify_candidates(
    sets: GroupedSets, threshold: Threshold, pairs: Iterable[tuple[Numbers, Numbers]]
) -> Iterator[Edges]:
    """The near-duplicates among pairs of rows: those that the sketch lets through are collected, then compared."""
    sketch = Sketch(sets)
    lefts, rights = [np.empty(0, I64)], [np.empty(0, I64)]
    waiting = 0
    for left, right in pairs:
        near = np.flatnonzero(sketch.differing(left, right) <= threshold.slack(sets.size[left] + sets.size[right]))
        lefts.append(left[near])
        rights.append(right[near])
        waiting += len(near)
        if waiting > PAIRS_COMPARED:
            yield verify_by_tokens(sets, threshold, np.concatenate(lefts), np.concatenate(rights))
            lefts, rights, waiting = [], [], 0
    if waiting:
        yield verify_by_tokens(sets, threshold, np.concatenate(lefts), np.concatenate(rights))


def verify_by_tokens(sets: GroupedSets, threshold: Threshold, left: Numbers, right: Numbers) -> Edges:
    """The near-duplicates among pairs of rows, by their tokens."""
    overlap = overlaps(sets.tokens, sets.size, left, right, sets.begin)
    good = threshold.reached(overlap, sets.size[left] + sets.size[right])
    return edges_between(sets, left[good], right[good], overlap[good])


class Sketch:
    """128 bits for each set, of which each token flips one: two sets differ in at least as many tokens as bits."""

    def __init__(self, sets: GroupedSets):
        codes = mix(sets.tokens[ragged(sets.begin, sets.size)].astype(U64))
        bit = U64(1) << ((codes >> U64(8)) & U64(63))
        low = ((codes >> U64(14)) & U64(1)).astype(bool)
        begin = spans(sets.size)[:-1]
        self.halves = [np.bitwise_xor.reduceat(np.where(low == half, bit, U64(0)), begin) for half in (False, True)]

    def differing(self, left: Numbers, right: Numbers) -> Numbers:
        """Bits that differ between the rows of each pair."""
        one, two = self.halves
        return np.bitwise_count(one[left] ^ one[right]) + np.bitwise_count(two[left] ^ two[right])
