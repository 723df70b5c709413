"""EmbedExisting: the personas that a hub holds -> their vectors, stored or made now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.counting.stages import EMBED_DEDUP
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.persona_rows import unpack_existing
from persona_hub.transforms.embed_dedup.elements import KeyedPersonas, positions_in
from persona_hub.transforms.embed_dedup.vectors import PersonaVectors
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.records import Centroids, DeadLetter
from persona_hub.transforms.similarity.ranks import ID_TYPE
from persona_hub.transforms.wire.batches import Batch, batches
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays


class ExistingVectors(NamedTuple):
    """What a hub holds, by as many blocks as the step: its rows, vectors, and k-means tables in batches.

    Vectors of others than the rows are ignored. Those of another embedder must not be among them: leave vectors and
    centroids empty then.
    """

    rows: beam.PCollection[KeyedArrays]  # as `persona_rows.pack_existing` makes them
    vectors: beam.PCollection[KeyedArrays]  # as of `ReadVectors`: ids and vectors
    centroids: beam.PCollection[Batch[Centroids]]


class EmbeddedExisting(NamedTuple):
    """Of what a hub holds, all by block."""

    ids: beam.PCollection[KeyedArrays]  # ranks and ids
    vectors: beam.PCollection[KeyedArrays]  # ranks and vectors, of all that have one
    newly_embedded: beam.PCollection[KeyedArrays]  # ranks and vectors, of those that had none stored
    dead_letters: beam.PCollection[Batch[DeadLetter]]  # for those that have none now


@dataclass(kw_only=True)
class EmbedExisting(beam.PTransform):
    """ExistingVectors -> EmbeddedExisting: rows and vectors are joined by id, a block at a time."""

    embedder: EmbedderConfig
    blocks: int

    def expand(self, hub: ExistingVectors) -> EmbeddedExisting:
        """Only rows without a stored vector are embedded."""
        ids = hub.rows | "Ids" >> beam.MapTuple(ids_of).with_output_types(KeyedArrays)
        joined = (
            {"rows": hub.rows, "vectors": hub.vectors}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Join"
            >> beam.ParDo(JoinStoredVectors())
            .with_output_types(KeyedArrays, missing=KeyedPersonas)
            .with_outputs("missing", main="vectors")
        )
        embedded = joined["missing"] | "Embed" >> PersonaVectors(embedder=self.embedder, blocks=self.blocks, new=False)
        vectors = (joined["vectors"], embedded.vectors) | "Vectors" >> beam.Flatten()
        return EmbeddedExisting(ids, vectors, embedded.vectors, embedded.dead_letters)


def ids_of(block: int, payload: bytes) -> KeyedArrays:
    """(block, ranks and ids) of a hub's rows."""
    rows = unpack_existing(payload)
    return block, pack_arrays(rows.ranks, rows.ids)


class JoinStoredVectors(beam.DoFn):
    """A block's rows and stored vectors -> (block, ranks and vectors); aside, as personas, the rows that have none."""

    def __init__(self) -> None:
        self.tally = Tally(EMBED_DEDUP)

    def process(self, element: tuple[int, dict[str, Any]]) -> Iterator[Any]:
        """A pack of vectors at a time: a block of a hub may be larger than one of a run."""
        block, sides = element
        existing = [unpack_existing(payload) for payload in sides["rows"]]
        ids = np.concatenate([np.zeros(0, ID_TYPE), *(rows.ids for rows in existing)])
        ranks = np.concatenate([np.zeros(0, np.uint64), *(rows.ranks for rows in existing)])
        order = np.argsort(ids)
        ids, ranks = ids[order], ranks[order]
        found = np.zeros(len(ids), bool)
        for stored_ids, vectors in map(unpack_arrays, sides["vectors"]):
            at = positions_in(ids, stored_ids)
            known = at >= 0
            known[known] = ~found[at[known]]  # two versions may hold a vector of one persona
            found[at[known]] = True
            if known.any():
                yield block, pack_arrays(ranks[at[known]], vectors[known])
        self.tally.inc("held", len(ids))
        for rows in existing:
            for batch in batches(rows.personas(np.flatnonzero(np.isin(rows.ids, ids[~found])))):
                yield TaggedOutput("missing", (block, batch))
