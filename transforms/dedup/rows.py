"""What a corpus of texts must tell to be searched for near-duplicates, and how its rows travel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from transforms.similarity.arrays import I64, U32, U64, Numbers, groups, partition_of_key, ragged, spans
from transforms.similarity.shingles import Tokens
from transforms.similarity.vectors import pack, unpack

Packed = tuple[int, bytes]  # a block or a partition, and arrays


class Layout(Protocol):
    """How texts lie in blocks. A rank is 64 bits: the order of rows, and their identity."""

    def read(self, block: int, payload: bytes) -> tuple[Numbers, Tokens]:
        """(ranks, tokens) of the rows of an element."""

    def locate(self, ranks: Numbers) -> Numbers:
        """The block of each rank."""


def by_block(layout: Layout, rank: Numbers, *columns: Numbers) -> Iterator[Packed]:
    """Columns, packed for each block that `rank` lies in."""
    for block, rows in groups(layout.locate(rank)):
        yield block, pack(*(column[rows] for column in columns))


def by_partition(keys: Numbers, ranks: Numbers, partitions: int) -> Iterator[Packed]:
    """(partition, keys and ranks): ranks as 4 bytes where they lie close together, as byte offsets in a file do."""
    base = ranks.min(initial=U64((1 << 64) - 1))
    offset = ranks - base
    near = offset.astype(U32) if not len(ranks) or offset.max() < U64(1 << 32) else offset
    for partition, rows in groups(partition_of_key(keys, partitions)):
        yield partition, pack(keys[rows], near[rows], np.array(base))


def keys_and_ranks(packs: list[bytes]) -> tuple[Numbers, Numbers]:
    """The columns of many `by_partition`."""
    columns = [unpack(packed) for packed in packs]
    return (
        np.concatenate([keys for keys, _, _ in columns]),
        np.concatenate([near.astype(U64) + base for _, near, base in columns]),
    )


def sets_by_group(group: Numbers, rank: Numbers, count: Numbers, tokens: Numbers, partitions: int) -> Iterator[Packed]:
    """(partition of the group, rows and their token sets)."""
    offsets = spans(count)[:-1]
    for partition, rows in groups(partition_of_key(group, partitions)):
        size = count[rows]
        yield partition, pack(group[rows], rank[rows], size.astype(U32), tokens[ragged(offsets[rows], size)])


def joined(packs: list[bytes]) -> list[Numbers]:
    """The columns of packs that have the same number of them, one after another."""
    return [np.concatenate(column) for column in zip(*map(unpack, packs), strict=True)]


def widened(count: Numbers) -> Numbers:
    """Counts as they are computed with; they travel as 4 bytes."""
    return count.astype(I64)
