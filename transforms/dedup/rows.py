"""What a corpus of texts must tell to be searched for near-duplicates, and how its rows travel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

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
    spans,
    unrepeated,
)
from persona_hub.transforms.similarity.shingles import Tokens
from persona_hub.transforms.wire.packing import pack_arrays, unpack_arrays

Packed = tuple[int, bytes]  # a block or a partition, and arrays


class Locates(Protocol):
    """Where rows lie. A rank is 64 bits: the order of rows, and their identity."""

    def locate(self, ranks: Numbers) -> Numbers:
        """The block of each rank."""


class Layout(Locates, Protocol):
    """How texts lie in blocks."""

    def read(self, block: int, payload: bytes) -> tuple[Numbers, Tokens]:
        """(ranks, tokens) of the rows of an element."""


def by_block(layout: Locates, rank: Numbers, *columns: Numbers) -> Iterator[Packed]:
    """Columns, packed for each block that `rank` lies in."""
    for block, rows in groups(layout.locate(rank)):
        yield block, pack_arrays(*(column[rows] for column in columns))


def by_partition(keys: Numbers, ranks: Numbers, partitions: int) -> Iterator[Packed]:
    """(partition, keys and ranks), 8 bytes for each pair where ranks lie close together, as positions in a file do.

    The upper half of a key tells the partition, the lower half goes along: of a million rows some hundred pairs meet
    that have nothing in common, and are told apart by the check.
    """
    base = ranks.min(initial=U64((1 << 64) - 1))
    offset = ranks - base
    near = offset.astype(U32) if not len(ranks) or offset.max() < U64(1 << 32) else offset
    low = keys.astype(U32)
    for partition, rows in groups(partition_of_key(keys, partitions)):
        yield partition, pack_arrays(low[rows], near[rows], np.array(base))


def meetings(packs: Iterable[bytes]) -> tuple[Numbers, Numbers]:
    """The `by_partition` of many elements -> (ranks, labels), each pair once: rows that share a key.

    A bucket's label is its first rank, so buckets with one first row fall together, and neighbours that met in many
    bands count once.
    """
    columns = sorted((unpack_arrays(packed) for packed in packs), key=lambda column: int(column[2]))
    base = np.array([column[2] for column in columns], U64)
    reach = np.array([min(int(near.max(initial=0)), 1 << 32) + 1 for _, near, _ in columns], U64)
    begin, end = base - base[0], int(base[-1]) - int(base[0]) + int(reach[-1])
    if end >= 1 << 32:  # leave out the gaps between elements
        begin, end = np.cumsum(reach) - reach, sum(map(int, reach))
    if (
        end < 1 << 32
        and all(near.dtype == U32 for _, near, _ in columns)
        and (base[:-1] + reach[:-1] <= base[1:]).all()
    ):
        # One sort of numbers made of key and row is ten times as fast as an argsort of the keys.
        pairs = np.concatenate([key for key, _, _ in columns]).astype(U64)
        pairs <<= U64(32)
        pairs |= np.concatenate([near + first for (_, near, _), first in zip(columns, begin.astype(U32), strict=True)])
        row, label = meeting_rows(pairs)
        return back(row, base, begin), back(label, base, begin)
    keys = np.concatenate([key for key, _, _ in columns])
    ranks = np.concatenate([near.astype(U64) + first for (_, near, _), first in zip(columns, base, strict=True)])
    hit = shared(keys)
    ranks = ranks[hit]
    first, length = runs(keys[hit])
    label = np.repeat(np.minimum.reduceat(ranks, first), length) if len(hit) else ranks
    once = distinct(ranks, label)
    return ranks[once], label[once]


def meeting_rows(pairs: Numbers) -> tuple[Numbers, Numbers]:
    """Numbers of key and row, 32 bits each -> (rows, labels) of the rows that share a key, each pair once; in place."""
    pairs.sort()
    keys = pairs >> U64(32)
    same = keys[1:] == keys[:-1]
    hit = np.zeros(len(pairs), bool)
    hit[1:] |= same
    hit[:-1] |= same
    first, length = runs(keys[hit])
    row = pairs[hit] & U64(0xFFFFFFFF)
    both = row << U64(32) | np.repeat(row[first], length)
    both.sort()
    both = unrepeated(both)
    return both >> U64(32), both & U64(0xFFFFFFFF)


def back(row: Numbers, base: Numbers, begin: Numbers) -> Numbers:
    """Ranks of rows that were numbered from `begin` on in each element."""
    shift = base - begin
    if (shift == shift[0]).all():  # no gap was left out
        return row + shift[0]
    return row + shift[np.searchsorted(begin, row, "right") - 1]


def sets_by_group(group: Numbers, rank: Numbers, count: Numbers, tokens: Numbers, partitions: int) -> Iterator[Packed]:
    """(partition of the group, rows and their token sets)."""
    offsets = spans(count)[:-1]
    for partition, rows in groups(partition_of_key(group, partitions)):
        size = count[rows]
        yield partition, pack_arrays(group[rows], rank[rows], size.astype(U32), tokens[ragged(offsets[rows], size)])


def joined(packs: list[bytes]) -> list[Numbers]:
    """The columns of packs that have the same number of them, one after another."""
    return [np.concatenate(column) for column in zip(*map(unpack_arrays, packs), strict=True)]


def widened(count: Numbers) -> Numbers:
    """Counts as they are computed with; they travel as 4 bytes."""
    return count.astype(I64)
