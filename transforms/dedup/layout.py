"""What a corpus of texts must provide to be searched for near-duplicates: where its rows lie, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from persona_hub.transforms.similarity.arrays import Numbers, groups
from persona_hub.transforms.similarity.shingles import Tokens
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays

KeyedPayload = tuple[int, bytes]  # a block, and rows of it as its `Layout` reads them


class RowLocator(Protocol):
    """Where rows lie. A rank is 64 bits: the order of rows, and their identity."""

    def locate(self, ranks: Numbers) -> Numbers:
        """The block of each rank."""


class Layout(RowLocator, Protocol):
    """How texts lie in blocks."""

    def read(self, block: int, payload: bytes) -> tuple[Numbers, Tokens]:
        """(ranks, tokens) of the rows of an element."""


def pack_by_block(layout: RowLocator, rank: Numbers, *columns: Numbers) -> Iterator[KeyedArrays]:
    """Columns, packed for each block that `rank` lies in."""
    for block, rows in groups(layout.locate(rank)):
        yield block, pack_arrays(*(column[rows] for column in columns))


def lookups_of_kept(element: KeyedArrays, layout: RowLocator) -> Iterator[KeyedArrays]:
    """Packed `Decisions` -> (block of the kept, the kept ranks there that represent a dropped one).

    What is said of a dropped row names its representative, which may lie in another block: it is looked up there.
    """
    kept = np.unique(unpack_arrays(element[1])[1])
    yield from pack_by_block(layout, kept, kept)
