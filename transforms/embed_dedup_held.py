"""What a hub holds, for EmbedDedup: its personas with the vectors that are stored of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from transforms.embed_dedup_cells import STAGE, Packed
from transforms.hub.vectors import ID_TYPE
from transforms.records import Batch, Centroids, Persona, batches
from transforms.similarity.ranks import ranks_of
from transforms.similarity.vectors import pack, unpack
from transforms.tally import Tally

ByBlock = tuple[int, Batch[Persona]]


class HeldVectors(NamedTuple):
    """A hub, by as many blocks as the step: its personas, `ReadVectors` of it, and its `Centroids` in batches.

    Vectors of others than the personas are left aside. Those of another embedder must not be among them: leave
    vectors and centroids empty then.
    """

    personas: beam.PCollection[ByBlock]
    vectors: beam.PCollection[Packed]
    centroids: beam.PCollection[Batch[Centroids]]


class Known(NamedTuple):
    """Of what is held: (block, ranks and vectors), (block, ranks and ids), and the personas without a vector."""

    vectors: beam.PCollection[Packed]
    ids: beam.PCollection[Packed]
    missing: beam.PCollection[ByBlock]


@dataclass(kw_only=True)
class KnownVectors(beam.PTransform):
    """HeldVectors -> Known: joined by id, a block at a time."""

    def expand(self, held: HeldVectors) -> Known:
        """One CoGroupByKey."""
        ids = held.personas | "Ids" >> beam.MapTuple(ids_of).with_output_types(Packed)
        joined = (
            {"personas": held.personas, "vectors": held.vectors}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Join" >> beam.ParDo(JoinVectors()).with_outputs("missing", main="vectors")
        )
        vectors = joined["vectors"] | "Vectors" >> beam.Map(same).with_output_types(Packed)
        missing = joined["missing"] | "Missing" >> beam.Map(same).with_output_types(ByBlock)
        return Known(vectors, ids, missing)


def ids_of(block: int, personas: Batch[Persona]) -> Packed:
    """(block, ranks and ids) of personas that are held."""
    return block, pack(ranks_of(personas, new=False), np.array([p.persona_id.encode() for p in personas], ID_TYPE))


class JoinVectors(beam.DoFn):
    """A block's personas and stored vectors -> (block, ranks and vectors); aside the personas that have none."""

    def __init__(self) -> None:
        self.tally = Tally(STAGE)

    def process(self, element: tuple[int, dict[str, Any]]) -> Iterator[Any]:
        """A pack at a time: a block of a hub may be larger than one of a run."""
        block, sides = element
        personas = {p.persona_id.encode(): p for batch in sides["personas"] for p in batch}
        keys = np.array(sorted(personas), ID_TYPE)
        ranks = ranks_of((personas[key] for key in keys.tolist()), new=False)
        found = np.zeros(len(keys), bool)
        for packed in sides["vectors"]:
            ids, vectors = unpack(packed)
            at = np.minimum(np.searchsorted(keys, ids), max(0, len(keys) - 1))
            fits = keys[at] == ids if len(keys) else np.zeros(len(ids), bool)
            fits[fits] = ~found[at[fits]]  # two versions may hold a vector of one persona
            found[at[fits]] = True
            if fits.any():
                yield block, pack(ranks[at[fits]], vectors[fits])
        self.tally.inc("held", len(keys))
        missing = (personas[key] for key in keys[~found].tolist())
        for batch in batches(missing):
            yield TaggedOutput("missing", (block, batch))


def same(element: Any) -> Any:
    """The element itself, with its type known to Beam."""
    return element


def ids_by_rank(packs: list[bytes]) -> dict[int, str]:
    """{rank: persona id} out of packs of `ids_of`."""
    columns = [unpack(packed) for packed in packs]
    return {
        rank: key.decode() for ranks, ids in columns for rank, key in zip(ranks.tolist(), ids.tolist(), strict=True)
    }
