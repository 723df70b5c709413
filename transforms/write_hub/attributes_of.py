"""AttributesOf and CompleteAttributes: personas -> what their texts say of them, and the rows that a hub lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from persona_hub.transforms.records import UNSPECIFIED, Attributes, Persona
from persona_hub.transforms.wire.batches import Batch, batches

UNREAD = (UNSPECIFIED,) * 6  # until the rules of `transforms.attributes` are wired


@dataclass(kw_only=True)
class AttributesOf(beam.PTransform):
    """Personas that are kept, keyed or not -> a row of attributes for each."""

    def expand(self, personas: beam.PCollection[Any]) -> beam.PCollection[Batch[Attributes]]:
        """A batch at a time."""
        return personas | "Attributes" >> beam.Map(attributes_of_batch).with_output_types(Batch)


def attributes_of_batch(element: Any) -> Batch[Attributes]:
    """The rows of a batch, or of a keyed batch."""
    return Batch(map(attributes_of, element[1] if isinstance(element, tuple) else element))


def attributes_of(persona: Persona, given: str = "") -> Attributes:
    """The row of one persona; `given` is a JSON object of the columns that it came with."""
    return Attributes(persona.persona_id, persona.language, *UNREAD, given)


@dataclass(kw_only=True)
class CompleteAttributes(beam.PTransform):
    """{"personas", "attributes"} of a hub, by block -> a row of attributes for each persona, made where there is none.

    Hubs of earlier releases have none.
    """

    def expand(self, tables: dict[str, beam.PCollection[tuple[int, Any]]]) -> beam.PCollection[Batch[Attributes]]:
        """Rows that stand are kept: columns of given personas are nowhere else."""
        return (
            tables
            | "ByBlock" >> beam.CoGroupByKey()
            | "Complete" >> beam.FlatMapTuple(completed_attributes).with_output_types(Batch)
        )


def completed_attributes(_: int, sides: dict[str, Any]) -> Iterator[Batch[Attributes]]:
    """The rows of a block, one for each persona, by id."""
    rows = {row.persona_id: row for batch in sides["attributes"] for row in batch}
    found = {
        persona.persona_id: rows.get(persona.persona_id) or attributes_of(persona)
        for batch in sides["personas"]
        for persona in batch
    }
    yield from batches(found[key] for key in sorted(found))
