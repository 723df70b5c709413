"""UniquePersonas: equal personas become one, and the personas of one block come together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam

from persona_hub.transforms.counting.counts import Equation, Sizes, count_records
from persona_hub.transforms.counting.stages import UNIQUE_PERSONAS
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.records import Duplicate, Persona
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, Batch, batches, split_by_block


class PersonasAndKnownIds(NamedTuple):
    """New personas, and by block the ids of earlier ones, as `packed_ids` packs them, which always win."""

    personas: beam.PCollection[Batch[Persona]]
    known_ids: tuple[beam.PCollection[tuple[int, bytes]], ...] = ()


class Unique(NamedTuple):
    """Personas unique by id, by block; and those whose text another one had."""

    personas: beam.PCollection[tuple[int, Batch[Persona]]]
    identical: beam.PCollection[Batch[Persona]]
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every persona is the first of its text, or equal to it."""
        return (Equation(UNIQUE_PERSONAS, "personas", ("unique", "identical")),)


@dataclass(kw_only=True)
class UniquePersonas(beam.PTransform):
    """`PersonasAndKnownIds` -> (block, personas unique by id); the first by `Persona.order` stands for its equals."""

    blocks: int

    def expand(self, given: PersonasAndKnownIds) -> Unique:
        """Groups by block."""
        to_block = beam.FlatMap(split_by_block, self.blocks).with_output_types(tuple[int, Batch[Persona]])
        new = given.personas | "Block" >> to_block
        if not given.known_ids:
            grouped = new | "ByBlock" >> beam.GroupByKey() | "New" >> beam.MapTuple(all_new)
        else:
            known = given.known_ids | "Known" >> beam.Flatten()
            grouped = (
                {"new": new, "known": known} | "ByBlock" >> beam.CoGroupByKey() | "New" >> beam.MapTuple(with_known_ids)
            )
        out = grouped | "Fold" >> beam.ParDo(UniqueInBlock()).with_outputs("identical", main="personas")
        counts = (
            *count_records(UNIQUE_PERSONAS, "personas", given.personas),
            *count_records(UNIQUE_PERSONAS, "unique", out.personas),
            *count_records(UNIQUE_PERSONAS, "identical", out.identical),
        )
        return Unique(out.personas, out.identical, counts)


class UniqueInBlock(beam.DoFn):
    """One block's personas -> the unique ones in order of their ids; aside, those equal to another."""

    def __init__(self) -> None:
        self.tally = Tally(UNIQUE_PERSONAS)

    def process(self, element: tuple[int, Iterable[Batch[Persona]], set[bytes]]) -> Iterator[Any]:
        """Batches of at most ARRAY_RECORDS."""
        block, groups, known = element
        kept, identical = first_of_each_id((persona for group in groups for persona in group), known)
        self.tally.inc("unique", len(kept))
        self.tally.inc("identical", len(identical))
        for batch in batches(kept, ARRAY_RECORDS):
            yield block, batch
        for batch in batches(identical, ARRAY_RECORDS):
            yield beam.pvalue.TaggedOutput("identical", batch)


def first_of_each_id(personas: Iterable[Persona], known: set[bytes]) -> tuple[list[Persona], list[Persona]]:
    """(the first of each id by `Persona.order`, the others), both sorted; an id in `known` has no first."""
    kept: list[Persona] = []
    identical: list[Persona] = []
    for persona in sorted(personas, key=lambda persona: (persona.persona_id, persona.order)):
        seen = bytes.fromhex(persona.persona_id) in known
        if seen or (kept and kept[-1].persona_id == persona.persona_id):
            identical.append(persona)
        else:
            kept.append(persona)
    return kept, identical


def packed_ids(block: int, batch: Batch[Persona] | Batch[Duplicate]) -> tuple[int, bytes]:
    """The ids of a batch, 16 bytes each."""
    return block, bytes.fromhex("".join(persona.persona_id for persona in batch))


def all_new(block: int, groups: Iterable[Batch[Persona]]) -> tuple[int, Iterable[Batch[Persona]], set[bytes]]:
    """A block of which nothing is known."""
    return block, groups, set()


def with_known_ids(block: int, sides: dict[str, Any]) -> tuple[int, Iterable[Batch[Persona]], set[bytes]]:
    """A block's new personas beside the ids that are known in it."""
    known = {ids[i : i + 16] for ids in sides["known"] for i in range(0, len(ids), 16)}
    return block, sides["new"], known
