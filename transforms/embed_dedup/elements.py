"""What travels between the parts of EmbedDedup: arrays by block, and rows that are looked up by rank or id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from persona_hub.transforms.records import Persona
from persona_hub.transforms.similarity.arrays import groups
from persona_hub.transforms.similarity.ranks import ID_TYPE, blocks_of
from persona_hub.transforms.vectors.arrays import Positions, Ranks
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import Array, KeyedArrays, pack_arrays, unpack_arrays

KeyedPersonas = tuple[int, Batch[Persona]]  # block of the personas' ids, personas


def pack_by_block(ranks: Ranks, blocks: int, *columns: Array) -> Iterator[KeyedArrays]:
    """(block, its rows of the columns) for each block that some of `ranks`, shape (rows,), lie in."""
    for block, members in groups(blocks_of(ranks, blocks)):
        yield block, pack_arrays(*(column[members] for column in columns))


def positions_in(ascending: Array, values: Array) -> Positions:
    """Where each of `values` stands in `ascending`; -1 if it does not. Of (2, 5, 9), for (5, 6): (1, -1)."""
    if not len(ascending):
        return np.full(len(values), -1)
    at = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    return np.where(ascending[at] == values, at, -1)


def rank_set(packs: Iterable[bytes]) -> set[int]:
    """All ranks in the first column of some packed arrays."""
    return {rank for packed in packs for rank in unpack_arrays(packed)[0].tolist()}


def ids_by_rank(packs: Iterable[bytes]) -> dict[int, str]:
    """{rank: persona id} out of packed ranks and ids."""
    return {
        rank: key.decode()
        for ranks, ids in map(unpack_arrays, packs)
        for rank, key in zip(ranks.tolist(), ids.tolist(), strict=True)
    }


def pack_ids(ids: dict[int, str]) -> bytes:
    """The packed ranks and ids that `ids_by_rank` reads."""
    return pack_arrays(np.fromiter(ids, np.uint64, len(ids)), np.array([key.encode() for key in ids.values()], ID_TYPE))
