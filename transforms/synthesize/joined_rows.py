"""EligiblePersonas: a hub's personas that a condition lets pass, each with the name of its stratum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

import apache_beam as beam

from persona_hub.transforms.choice.choice import Choice, stratum_of
from persona_hub.transforms.choice.columns import JoinedRow
from persona_hub.transforms.choice.own_columns import OWN_COLUMNS, rows_by_persona
from persona_hub.transforms.records import Persona
from persona_hub.transforms.wire.batches import Batch, batches

PERSONAS = "personas"

Eligible = tuple[str, Persona]  # name of the stratum, "" where there are none
KeyedEligible = tuple[int, Batch[Eligible]]


class HubRows(NamedTuple):
    """A hub's personas, and what a choice among them may need, all by block."""

    personas: beam.PCollection[tuple[int, Batch[Persona]]]
    tables: Mapping[str, beam.PCollection[tuple[int, Batch[Any]]]] = {}  # as `Choice.tables` names them
    vectors: tuple[beam.PCollection[tuple[int, bytes]], ...] = ()  # ids and float16 vectors, for a diverse choice


@dataclass(kw_only=True)
class EligiblePersonas(beam.PTransform):
    """HubRows -> (block, those that the choice's condition lets pass). Rows of tables are joined by block."""

    choice: Choice = field(default_factory=Choice)

    def expand(self, rows: HubRows) -> beam.PCollection[KeyedEligible]:
        """One pass over the personas; a GroupByKey only where columns of other tables are asked for."""
        if not self.choice.tables:
            return rows.personas | "Pass" >> beam.ParDo(PassEligible(self.choice)).with_output_types(KeyedEligible)
        tables = {name: rows.tables[name] for name in self.choice.tables}
        return (
            {PERSONAS: rows.personas, **tables}
            | "Join" >> beam.CoGroupByKey()
            | "Pass" >> beam.ParDo(PassJoined(self.choice)).with_output_types(KeyedEligible)
        )


class PassEligible(beam.DoFn):
    """(block, personas) -> (block, those that fulfil the condition, by stratum)."""

    def __init__(self, choice: Choice):
        self.choice = choice

    def setup(self) -> None:
        """Reads the condition."""
        self.condition, self.stratum = self.choice.condition, stratum_of(self.choice.method.columns)

    def process(self, element: tuple[int, Batch[Persona]]) -> Iterator[KeyedEligible]:
        """At most one batch."""
        block, personas = element
        if found := Batch(self.passed(map(JoinedRow, personas))):
            yield block, found

    def passed(self, rows: Iterable[JoinedRow]) -> Iterator[Eligible]:
        """The personas of the rows that fulfil the condition."""
        for row in rows:
            if self.condition is None or self.condition.holds(row):
                yield self.stratum(row), row.persona


class PassJoined(PassEligible):
    """(block, rows of each table) -> (block, personas that fulfil the condition, by stratum)."""

    def process(self, element: Any) -> Iterator[KeyedEligible]:
        """Batches of what passes; rows of a block are held in memory."""
        block, tables = element
        by_id = {name: {row.persona_id: row for batch in tables[name] for row in batch} for name in self.choice.tables}
        if OWN_COLUMNS in tables:
            ids = (persona.persona_id for batch in tables[PERSONAS] for persona in batch)
            by_id[OWN_COLUMNS] = rows_by_persona(chain.from_iterable(tables[OWN_COLUMNS]), ids)
        rows = (
            JoinedRow(persona, **{name: found.get(persona.persona_id) for name, found in by_id.items()})
            for batch in tables[PERSONAS]
            for persona in batch
        )
        for found in batches(self.passed(rows)):
            yield block, found
