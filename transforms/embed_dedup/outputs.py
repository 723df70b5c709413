"""Decisions -> what leaves EmbedDedup: kept personas, their vectors, and the dropped with the ids of their keepers.

A keeper is the kept persona that stands for a dropped one. It may lie in another block, so two shuffles are needed: a
block splits its personas, sends the dropped to the blocks of their keepers, and there they meet the keepers' ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.counting.stages import EMBED_DEDUP
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.embed_dedup.elements import (
    ids_by_rank,
    pack_by_block,
    pack_ids,
    rank_set,
)
from persona_hub.transforms.records import Duplicate, Persona
from persona_hub.transforms.similarity.ranks import ID_TYPE, blocks_of, ranks_of
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, Batch, batches
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays, unpack_sorted


class Keeper(NamedTuple):
    """The kept persona that stands for a dropped one."""

    rank: int
    block: int
    cosine: float  # of the two
    kind: str  # as of `Duplicate`


class DroppedPersona(NamedTuple):
    """A persona that is dropped, and who stands for it."""

    persona: Persona
    keeper: Keeper


def kept_ranks_by_block(element: KeyedArrays, blocks: int) -> Iterator[KeyedArrays]:
    """Decisions -> (block of keepers, their ranks): there their ids are looked up."""
    _, kept, _ = unpack_arrays(element[1])
    ranks = np.unique(kept)
    yield from pack_by_block(ranks, blocks, ranks)


class SplitKeptFromDropped(beam.DoFn):
    """One block -> its kept personas; aside their vectors, the dropped by block of their keepers, and keepers' ids.

    The sides of an element: "personas", all new ones of the block; "vectors" of those that have one; "decisions", and
    where languages are compared those "across" them;
    "keepers", ranks whose ids are asked for; and beside a hub "existing_ids" of all that it holds in the block, and
    "existing_vectors" of those that were embedded only now.
    """

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self.tally = Tally(EMBED_DEDUP)

    def process(self, element: tuple[int, dict[str, Any]]) -> Iterator[Any]:
        """Batches of at most ARRAY_RECORDS kept personas, by id. What has no vector is neither kept nor dropped."""
        block, sides = element
        keepers = keepers_by_rank(sides["decisions"], self.blocks, "meaning")
        keepers |= keepers_by_rank(sides.get("across", []), self.blocks, "language")
        embedded, asked = rank_set(sides["vectors"]), rank_set(sides["keepers"])
        ids = ids_by_rank(sides.get("existing_ids", []))
        keeper_ids = {rank: ids[rank] for rank in asked & ids.keys()}
        kept: dict[int, Persona] = {}
        dropped: dict[int, Batch[DroppedPersona]] = {}  # by block of the keeper
        for batch in sides["personas"]:
            for rank, persona in zip(ranks_of(batch).tolist(), batch, strict=True):
                if rank in asked:
                    keeper_ids[rank] = persona.persona_id
                if keeper := keepers.get(rank):
                    dropped.setdefault(keeper.block, Batch()).append(DroppedPersona(persona, keeper))
                elif rank in embedded:
                    kept[rank] = persona
        ids |= {rank: persona.persona_id for rank, persona in kept.items()}
        self.tally.inc("kept", len(kept))
        self.tally.inc("duplicates", sum(map(len, dropped.values())))
        for personas in batches(sorted(kept.values(), key=lambda persona: persona.persona_id), ARRAY_RECORDS):
            yield block, personas
        if vectors := vectors_of(ids, [*sides["vectors"], *sides.get("existing_vectors", [])]):
            yield TaggedOutput("vectors", (block, vectors))
        for keeper_block, batch in dropped.items():
            yield TaggedOutput("dropped", (keeper_block, batch))
        if keeper_ids:
            yield TaggedOutput("keeper_ids", (block, pack_ids(keeper_ids)))


def keepers_by_rank(decisions: list[bytes], blocks: int, kind: str) -> dict[int, Keeper]:
    """{rank of a dropped persona: its keeper} out of packed decisions: ranks of the dropped, of the kept, cosines."""
    keepers: dict[int, Keeper] = {}
    for dropped, kept, cosines in map(unpack_arrays, decisions):
        columns = kept.tolist(), blocks_of(kept, blocks).tolist(), cosines.tolist()
        keepers.update(zip(dropped.tolist(), map(Keeper, *columns, repeat(kind)), strict=True))
    return keepers


def vectors_of(ids: dict[int, str], packs: list[bytes]) -> bytes:
    """Packed ids and vectors, by id, of the rows in `packs` (ranks and vectors) that have an id; b"" if none has."""
    if not packs:
        return b""
    ranks, vectors = unpack_sorted(packs)
    mine = np.fromiter((rank in ids for rank in ranks.tolist()), bool, len(ranks))
    keys = np.array([ids[rank].encode() for rank in ranks[mine].tolist()], ID_TYPE)
    order = np.argsort(keys)
    return pack_arrays(keys[order], vectors[mine][order]) if len(keys) else b""


def duplicates_of_kept(_: int, sides: dict[str, Any]) -> Iterator[Batch[Duplicate]]:
    """The dropped whose keepers lie in one block, with the ids of those, by persona id."""
    ids = ids_by_rank(sides["keeper_ids"])
    duplicates = [
        Duplicate.of(persona, ids[keeper.rank], keeper.kind, keeper.cosine)
        for batch in sides["dropped"]
        for persona, keeper in batch
    ]
    yield from batches(sorted(duplicates, key=lambda duplicate: duplicate.persona_id), ARRAY_RECORDS)
