"""MovedAttributes: the attributes of personas that change hands, without the columns of the row that goes."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsSingleton

from persona_hub.transforms.hub.reading import ReadHub
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Attributes, Persona
from persona_hub.transforms.wire.batches import Batch


@dataclass(kw_only=True)
class MovedAttributes(beam.PTransform):
    """Personas that a takedown moves -> their rows of attributes, which it hides, anew.

    What a text says of somebody stays, whoever read it; a persona of a hub without attributes has no row.
    """

    hub: Hub
    blocks: int

    def expand(self, moved: beam.PCollection[Batch[Persona]]) -> beam.PCollection[Batch[Attributes]]:
        """Ids in one place, the table read once."""
        ids = moved | "Ids" >> beam.FlatMap(ids_of) | "ToSet" >> beam.combiners.ToSet() | beam.Map(frozenset)
        table = ReadHub(hub=self.hub, blocks=self.blocks, kind="attributes", record=Attributes, key="persona_id")
        rows = moved.pipeline | "ReadAttributes" >> table
        return rows | "Anew" >> beam.FlatMap(anew, AsSingleton(ids)).with_output_types(Batch)


def ids_of(batch: Batch[Persona]) -> Iterator[str]:
    """Ids of a batch."""
    return (persona.persona_id for persona in batch)


def anew(element: tuple[int, Batch[Any]], moved: AbstractSet[str]) -> Iterator[Batch[Attributes]]:
    """The rows of those moved, without the columns."""
    if found := Batch(replace(row, given="") for row in element[1] if row.persona_id in moved):
        yield found
