"""AttributesOf and CompleteAttributes: personas -> what their texts say of them, and the rows that a hub lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from persona_hub.transforms.attributes import read_attributes
from persona_hub.transforms.pii.columns import clean_columns
from persona_hub.transforms.records import GIVEN, Attributes, GivenColumns, Persona, partition_of
from persona_hub.transforms.wire.batches import Batch, batches

COLUMN_PARTITIONS = 256  # of given personas and their columns: a million take 4 to 40 MB in each


@dataclass(kw_only=True)
class AttributesOf(beam.PTransform):
    """Personas that are kept, keyed or not -> a row of attributes for each.

    Columns that given personas came with are found by the documents of these, and cleaned as `pii` says.
    """

    columns: Sequence[beam.PCollection[Batch[GivenColumns]]] = ()  # one collection, or none
    pii: str = "scrub"
    partitions: int = COLUMN_PARTITIONS

    def expand(self, personas: beam.PCollection[Any]) -> beam.PCollection[Batch[Attributes]]:
        """A batch at a time; given personas with a join, where there are columns."""
        if not self.columns:
            return personas | "Attributes" >> beam.Map(attributes_of_batch).with_output_types(Batch)
        sides = {
            "personas": personas | "Given" >> beam.FlatMap(given_by_document, self.partitions),
            "columns": self.columns[0] | "Columns" >> beam.FlatMap(columns_by_document, self.partitions),
        }
        joined = sides | "ByDocument" >> beam.CoGroupByKey()
        given = joined | "GivenAttributes" >> beam.FlatMap(with_columns, self.pii).with_output_types(Batch)
        others = personas | "Others" >> beam.Map(not_given).with_output_types(Batch)
        rows = others | "Attributes" >> beam.Map(attributes_of_batch).with_output_types(Batch)
        return (given, rows) | "All" >> beam.Flatten()


def was_given(persona: Persona) -> bool:
    """Whether a persona is as a user brought it."""
    return persona.origin == GIVEN


def not_given(element: Any) -> Batch[Persona]:
    """The personas of a batch, keyed or not, that somebody wrote for this hub."""
    return Batch(one for one in (element[1] if isinstance(element, tuple) else element) if not was_given(one))


def given_by_document(element: Any, partitions: int) -> Iterator[tuple[int, Batch[Persona]]]:
    """Given personas by partition of their document's id."""
    batch = element[1] if isinstance(element, tuple) else element
    yield from by_document(filter(was_given, batch), partitions)


def columns_by_document(batch: Batch[GivenColumns], partitions: int) -> Iterator[tuple[int, Batch[GivenColumns]]]:
    """Columns by partition of their document's id."""
    yield from by_document(batch, partitions)


def by_document(records: Iterable[Any], partitions: int) -> Iterator[tuple[int, Batch[Any]]]:
    """Records by partition of their document's id."""
    groups: dict[int, Batch[Any]] = {}
    for record in records:
        groups.setdefault(partition_of(record.document_id, partitions), Batch()).append(record)
    yield from groups.items()


def with_columns(element: tuple[int, dict[str, Any]], pii: str) -> Iterator[Batch[Attributes]]:
    """The rows of a partition's given personas. What is held of the columns is what kept personas came with."""
    _, sides = element
    personas = [persona for batch in sides["personas"] for persona in batch]
    wanted = {persona.document_id for persona in personas}
    columns = {row.document_id: row.columns for batch in sides["columns"] for row in batch if row.document_id in wanted}
    yield from batches(
        attributes_of(one, clean_columns(columns.get(one.document_id, ""), one.language, pii)) for one in personas
    )


def attributes_of_batch(element: Any) -> Batch[Attributes]:
    """The rows of a batch, or of a keyed batch."""
    return Batch(map(attributes_of, element[1] if isinstance(element, tuple) else element))


def attributes_of(persona: Persona, given: str = "") -> Attributes:
    """The row of one persona; `given` is a JSON object of the columns that it came with."""
    return Attributes(
        persona_id=persona.persona_id,
        language=persona.language,
        given=given,
        **vars(read_attributes(persona.text, persona.language)),
    )


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
