"""What a hub holds, beside which a refresh reads, asks and compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import apache_beam as beam

from persona_hub.transforms.dedup.layout import KeyedPayload
from persona_hub.transforms.dedup.persona_rows import pack_existing
from persona_hub.transforms.embed_dedup.existing import ExistingVectors
from persona_hub.transforms.hub.clusters import ReadClusters
from persona_hub.transforms.hub.reading import ReadHub
from persona_hub.transforms.hub.vectors import ReadCentroids, ReadVectors
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Cluster, Duplicate, Persona
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, Batch
from persona_hub.transforms.wire.packing import KeyedArrays

ELEMENT_PERSONAS = 4096  # personas in an element: as arrays 1 MB


class ExistingHub(NamedTuple):
    """Tables of a version by block, each in a tuple: empty where there is no hub, so that no step has to ask."""

    documents: Sequence[str] = ()  # paths: who reads the corpus looks there for what has been read
    unwanted: frozenset[str] = frozenset()  # sources, and ids of documents, that were taken down
    kept: tuple[beam.PCollection[KeyedPayload], ...] = ()  # rows as `persona_rows.pack_existing` makes them
    dropped: tuple[beam.PCollection[tuple[int, Batch[Duplicate]]], ...] = ()
    vectors: tuple[ExistingVectors, ...] = ()
    personas: tuple[beam.PCollection[tuple[int, Batch[Persona]]], ...] = ()
    clusters: tuple[beam.PCollection[Batch[Cluster]], ...] = ()

    @property
    def stored_vectors(self) -> tuple[beam.PCollection[KeyedArrays], ...]:
        """Ids and vectors."""
        return tuple(held.vectors for held in self.vectors)


def read_existing(p: beam.Pipeline, hub: Hub | None, blocks: int) -> ExistingHub:
    """What `hub` holds."""
    if hub is None:
        return ExistingHub()
    personas = p | "ReadExisting" >> ReadHub(hub=hub, blocks=blocks, size=ELEMENT_PERSONAS)
    rows = personas | "Rows" >> beam.MapTuple(pack_existing).with_output_types(KeyedPayload)
    return ExistingHub(
        documents=hub.paths("documents"),
        unwanted=hub.tombstones().unwanted,
        kept=(rows,),
        dropped=(
            p
            | "ReadDuplicates"
            >> ReadHub(hub=hub, blocks=blocks, kind="duplicates", record=Duplicate, size=ARRAY_RECORDS),
        ),
        vectors=(existing_vectors(p, hub, blocks, rows),),
        personas=(personas,),
        clusters=(p | "ReadClusters" >> ReadClusters(hub=hub),),
    )


def existing_vectors(
    p: beam.Pipeline, hub: Hub, blocks: int, rows: beam.PCollection[KeyedPayload], comparable: bool = True
) -> ExistingVectors:
    """The vectors of `rows`, which `hub` holds; unless they are `comparable`, as those of another embedder, none."""
    if not comparable:
        nothing = p | "NoVectors" >> beam.Create([], reshuffle=False)
        return ExistingVectors(rows, nothing, nothing)
    vectors = p | "ReadVectors" >> ReadVectors(hub=hub, blocks=blocks)
    return ExistingVectors(rows, vectors, p | "ReadCentroids" >> ReadCentroids(hub=hub))


@dataclass(kw_only=True)
class ReadExistingRows(beam.PTransform):
    """Pipeline -> (block, rows) of a hub's personas as `persona_rows.pack_existing` makes them.

    With `ranked` False all are at hop 0, so that their ranks follow from their ids: among these, ranks only say
    which of several is named as the kept one.
    """

    hub: Hub
    blocks: int
    ranked: bool = True

    def expand(self, root: beam.Pipeline) -> beam.PCollection[KeyedPayload]:
        """Reads the table of personas."""
        personas = root | ReadHub(hub=self.hub, blocks=self.blocks, size=ELEMENT_PERSONAS)
        if not self.ranked:
            personas |= "AtHop0" >> beam.MapTuple(at_hop_0).with_output_types(tuple[int, Batch[Persona]])
        return personas | "Rows" >> beam.MapTuple(pack_existing).with_output_types(KeyedPayload)


def at_hop_0(block: int, personas: Batch[Persona]) -> tuple[int, Batch[Persona]]:
    """The personas as if documents had given them."""
    return block, Batch(replace(persona, hop=0) for persona in personas)
