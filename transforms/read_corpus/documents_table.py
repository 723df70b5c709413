"""DocumentsTable: what became of each record, and of which documents no model was asked, so that a refresh may ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam

from persona_hub.transforms.reasons import unanswered
from persona_hub.transforms.records import DeadLetter, DocumentOutcome, partition_of
from persona_hub.transforms.wire.batches import Batch, batches

TABLE_PARTITIONS = 64  # of the rows of documents: a row takes 100 bytes, a million of them 100 MB in all
ASKED_OUTCOME, UNASKED_OUTCOME = "document", "unasked"


@dataclass(kw_only=True)
class DocumentsTable(beam.PTransform):
    """(outcomes, dead letters of ExtractPersona) -> outcomes; "unasked" for "document" where no model answered.

    A document with an open question, since the budget ran out or the server gave no answer, is not one that has been
    read: the next refresh that meets it asks (answers that it has had are stored).
    """

    partitions: int = TABLE_PARTITIONS

    def expand(
        self, sides: tuple[beam.PCollection[Batch[DocumentOutcome]], beam.PCollection[Batch[DeadLetter]]]
    ) -> beam.PCollection[Batch[DocumentOutcome]]:
        """One join, by document."""
        outcomes, lost = sides
        return (
            {
                "rows": outcomes | "Rows" >> beam.FlatMap(rows_by_id, self.partitions),
                "unasked": lost | "Unasked" >> beam.FlatMap(unasked_by_id, self.partitions),
            }
            | "ByDocument" >> beam.CoGroupByKey()
            | "Mark" >> beam.FlatMapTuple(mark_unasked).with_output_types(Batch)
        )


def rows_by_id(batch: Batch[DocumentOutcome], partitions: int) -> Iterator[tuple[int, Batch[DocumentOutcome]]]:
    """Rows by partition of the document's id; those without one are in partition 0."""
    groups: dict[int, Batch[DocumentOutcome]] = {}
    for row in batch:
        partition = partition_of(row.document_id, partitions) if row.document_id else 0
        groups.setdefault(partition, Batch()).append(row)
    yield from groups.items()


def unasked_by_id(batch: Batch[DeadLetter], partitions: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Ids of documents by partition."""
    groups: dict[int, list[str]] = {}
    for letter in batch:
        if unanswered(letter.reason):
            groups.setdefault(partition_of(letter.key, partitions), []).append(letter.key)
    yield from ((partition, tuple(ids)) for partition, ids in groups.items())


def mark_unasked(_: int, sides: dict[str, Iterable[Any]]) -> Iterator[Batch[DocumentOutcome]]:
    """One partition's rows."""
    unasked = {key for ids in sides["unasked"] for key in ids}
    rows = (row for batch in sides["rows"] for row in batch)
    yield from batches(
        replace(row, outcome=UNASKED_OUTCOME) if row.outcome == ASKED_OUTCOME and row.document_id in unasked else row
        for row in rows
    )
