"""What a hub holds, for EmbedDedup: its rows with the vectors that are stored of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.counting.stages import EMBED_DEDUP
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.persona_rows import unpack_held
from persona_hub.transforms.records import Centroids, Persona
from persona_hub.transforms.similarity.ranks import ID_TYPE
from persona_hub.transforms.wire.batches import Batch, batches
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays

ByBlock = tuple[int, Batch[Persona]]


class HeldVectors(NamedTuple):
    """A hub, by as many blocks as the step: its rows (`persona_rows.pack_held`), vectors, and centroids in batches.

    Vectors of others than the rows are left aside. Those of another embedder must not be among them: leave
    vectors and centroids empty then.
    """

    rows: beam.PCollection[KeyedArrays]
    vectors: beam.PCollection[KeyedArrays]  # as of `ReadVectors`
    centroids: beam.PCollection[Batch[Centroids]]


class Known(NamedTuple):
    """Of what is held: (block, ranks and vectors), (block, ranks and ids), and the personas without a vector."""

    vectors: beam.PCollection[KeyedArrays]
    ids: beam.PCollection[KeyedArrays]
    missing: beam.PCollection[ByBlock]


@dataclass(kw_only=True)
class KnownVectors(beam.PTransform):
    """HeldVectors -> Known: joined by id, a block at a time."""

    def expand(self, held: HeldVectors) -> Known:
        """One CoGroupByKey."""
        ids = held.rows | "Ids" >> beam.MapTuple(ids_of).with_output_types(KeyedArrays)
        joined = (
            {"rows": held.rows, "vectors": held.vectors}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Join"
            >> beam.ParDo(JoinVectors())
            .with_output_types(KeyedArrays, missing=ByBlock)
            .with_outputs("missing", main="vectors")
        )
        return Known(joined["vectors"], ids, joined["missing"])


def ids_of(block: int, payload: bytes) -> KeyedArrays:
    """(block, ranks and ids) of rows that are held."""
    held = unpack_held(payload)
    return block, pack_arrays(held.ranks, held.ids)


class JoinVectors(beam.DoFn):
    """A block's rows and stored vectors -> (block, ranks and vectors); aside, as personas, the rows that have none."""

    def __init__(self) -> None:
        self.tally = Tally(EMBED_DEDUP)

    def process(self, element: tuple[int, dict[str, Any]]) -> Iterator[Any]:
        """A pack at a time: a block of a hub may be larger than one of a run."""
        block, sides = element
        held = [unpack_held(payload) for payload in sides["rows"]]
        keys = np.concatenate([rows.ids for rows in held]) if held else np.zeros(0, ID_TYPE)
        order = np.argsort(keys)
        keys, ranks = keys[order], np.concatenate([rows.ranks for rows in held])[order] if held else keys
        found = np.zeros(len(keys), bool)
        for packed in sides["vectors"]:
            ids, vectors = unpack_arrays(packed)
            at = np.minimum(np.searchsorted(keys, ids), max(0, len(keys) - 1))
            fits = keys[at] == ids if len(keys) else np.zeros(len(ids), bool)
            fits[fits] = ~found[at[fits]]  # two versions may hold a vector of one persona
            found[at[fits]] = True
            if fits.any():
                yield block, pack_arrays(ranks[at[fits]], vectors[fits])
        self.tally.inc("held", len(keys))
        missing = keys[~found]
        for rows in held:
            for batch in batches(rows.personas(np.flatnonzero(np.isin(rows.ids, missing)))):
                yield TaggedOutput("missing", (block, batch))


def ids_by_rank(packs: list[bytes]) -> dict[int, str]:
    """{rank: persona id} out of packs of `ids_of`."""
    columns = [unpack_arrays(packed) for packed in packs]
    return {
        rank: key.decode() for ranks, ids in columns for rank, key in zip(ranks.tolist(), ids.tolist(), strict=True)
    }
