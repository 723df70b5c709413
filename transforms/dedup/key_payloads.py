"""Keys by partition: how they travel, and which rows share one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from persona_hub.transforms.similarity.arrays import (
    I64,
    U32,
    U64,
    Numbers,
    distinct,
    groups,
    partition_of_key,
    ragged,
    runs,
    shared,
    sorted_unique,
    spans,
)
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays

LOW_HALF = U64(0xFFFFFFFF)


class KeyColumns(NamedTuple):
    """Keys of one element that lie in one partition: key i, whose lower half is here, is of the rank base + near[i].

    The keys 0x..07 and 0x..09 of the ranks 1000 and 1002 are key 7 9, near 0 2, base 1000.
    """

    key: Numbers
    near: Numbers  # 32 bits where ranks lie close together, as positions in a file do
    base: Numbers  # one number


def pack_keys(keys: Numbers, ranks: Numbers, partitions: int) -> Iterator[KeyedArrays]:
    """(partition, packed `KeyColumns`): 8 bytes for each pair of key and rank where ranks lie close together.

    The upper half of a key tells the partition, the lower half goes along: of a million rows some hundred pairs meet
    that have nothing in common, and are told apart by the check.
    """
    base = ranks.min(initial=U64((1 << 64) - 1))
    offset = ranks - base
    near = offset.astype(U32) if not len(ranks) or offset.max() < U64(1 << 32) else offset
    low = keys.astype(U32)
    for partition, rows in groups(partition_of_key(keys, partitions)):
        yield partition, pack_arrays(*KeyColumns(low[rows], near[rows], np.array(base)))


def bucket_members(packs: Iterable[bytes]) -> tuple[Numbers, Numbers]:
    """The `pack_keys` of many elements -> (ranks, labels), each pair once: the rows that share a key with others.

    A bucket's label is its first rank, so buckets with one first row fall together, and neighbours that met in many
    bands count once. An example, of two elements:

        key  near  base              key  rank           bucket       rank  label
        7    0     1000              7    1000           7: 1000      1000  1000
        9    2     1000         ->   9    1002      ->      5001 ->   5001  1000
        7    1     5000              7    5001           9: 1002      (rank 1002 is alone in its bucket)

    Where ranks span less than 2^32, gaps between the elements left out, key and row become one number (`RowNumbers`).
    """
    elements = sorted((KeyColumns(*unpack_arrays(packed)) for packed in packs), key=lambda element: int(element.base))
    numbers = RowNumbers.of(elements)
    if numbers is not None:
        # One sort of numbers made of key and row is ten times as fast as an argsort of the keys.
        pairs = np.concatenate([element.key for element in elements]).astype(U64)
        pairs <<= U64(32)
        pairs |= np.concatenate(
            [element.near + first for element, first in zip(elements, numbers.begin.astype(U32), strict=True)]
        )
        row, label = members_of_pairs(pairs)
        return numbers.ranks(row), numbers.ranks(label)
    keys = np.concatenate([element.key for element in elements])
    ranks = np.concatenate([element.near.astype(U64) + element.base for element in elements])
    hit = shared(keys)
    ranks = ranks[hit]
    first, length = runs(keys[hit])
    label = np.repeat(np.minimum.reduceat(ranks, first), length) if len(hit) else ranks
    once = distinct(ranks, label)
    return ranks[once], label[once]


class RowNumbers(NamedTuple):
    """Ranks of several elements as numbers under 2^32, in the same order: base[i] + n is begin[i] + n.

    If elements have the ranks 1000 .. 1002 and 2^40 .. 2^40 + 5, base is 1000 and 2^40; gaps are left out, so begin is
    0 and 3. Without the need to leave out gaps, as for 1000 .. 1002 and 5000 .. 5005, begin is 0 and 4000.
    """

    base: Numbers
    begin: Numbers

    @classmethod
    def of(cls, elements: list[KeyColumns]) -> RowNumbers | None:
        """Of elements in the order of their base; None if they overlap or do not fit."""
        base = np.array([element.base for element in elements], U64)
        reach = np.array([min(int(element.near.max(initial=0)), 1 << 32) + 1 for element in elements], U64)
        begin, end = base - base[0], int(base[-1]) - int(base[0]) + int(reach[-1])
        if end >= 1 << 32:  # leave out the gaps between elements
            begin, end = np.cumsum(reach) - reach, sum(map(int, reach))
        fits = end < 1 << 32 and all(element.near.dtype == U32 for element in elements)
        return cls(base, begin) if fits and (base[:-1] + reach[:-1] <= base[1:]).all() else None

    def ranks(self, row: Numbers) -> Numbers:
        """The ranks of numbers."""
        shift = self.base - self.begin
        if (shift == shift[0]).all():  # no gap was left out
            return row + shift[0]
        return row + shift[np.searchsorted(self.begin, row, "right") - 1]


def members_of_pairs(pairs: Numbers) -> tuple[Numbers, Numbers]:
    """Numbers of key and row, 32 bits each -> (rows, labels) of the rows that share a key, each pair once; in place.

    Of the pairs (7, 0) (9, 2) (7, 4001), sorted (7, 0) (7, 4001) (9, 2): rows 0 and 4001 share key 7, whose first row
    is 0, so (row, label) are (0, 0) and (4001, 0).
    """
    pairs.sort()
    keys = pairs >> U64(32)
    same = keys[1:] == keys[:-1]
    hit = np.zeros(len(pairs), bool)
    hit[1:] |= same
    hit[:-1] |= same
    first, length = runs(keys[hit])
    row = pairs[hit] & LOW_HALF
    both = row << U64(32) | np.repeat(row[first], length)
    both.sort()
    both = sorted_unique(both)
    return both >> U64(32), both & LOW_HALF


def sets_by_group(
    group: Numbers, rank: Numbers, count: Numbers, tokens: Numbers, partitions: int
) -> Iterator[KeyedArrays]:
    """(partition of the group, rows and their token sets)."""
    offsets = spans(count)[:-1]
    for partition, rows in groups(partition_of_key(group, partitions)):
        size = count[rows]
        yield partition, pack_arrays(group[rows], rank[rows], size.astype(U32), tokens[ragged(offsets[rows], size)])


def unpack_columns(packs: list[bytes]) -> list[Numbers]:
    """The columns of packs that have the same number of them, one after another."""
    return [np.concatenate(column) for column in zip(*map(unpack_arrays, packs), strict=True)]


def widened(count: Numbers) -> Numbers:
    """Counts as they are computed with; they travel as 4 bytes."""
    return count.astype(I64)
