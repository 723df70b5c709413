"""UniquePersonas: equal personas become one, and the personas of one block come together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam

from persona_hub.transforms.counting.stages import UNIQUE_PERSONAS
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.records import Duplicate, Persona, partition_of
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, Batch, batches


class Unique(NamedTuple):
    """Personas by block, and those that stood for the same person as another."""

    personas: beam.PCollection[tuple[int, Batch[Persona]]]
    identical: beam.PCollection[Batch[Persona]]


@dataclass(kw_only=True)
class UniquePersonas(beam.PTransform):
    """Batches of personas -> (block, personas unique by id); the first by `Persona.order` stands for its equals.

    Applied to the new personas, or to a tuple: those, then the ids of others, by block as `ids_of` packs them, which
    came earlier and always win.
    """

    blocks: int

    def expand(self, personas: beam.PCollection[Any] | tuple[beam.PCollection[Any], ...]) -> Unique:
        """Groups by block."""
        first, *known = [personas] if isinstance(personas, beam.PCollection) else personas
        new = first | "Block" >> beam.FlatMap(by_block, self.blocks).with_output_types(tuple[int, Batch[Persona]])
        if not known:
            grouped = new | "ByBlock" >> beam.GroupByKey() | "New" >> beam.MapTuple(all_new)
        else:
            seen = known | "Known" >> beam.Flatten()
            grouped = {"new": new, "known": seen} | "ByBlock" >> beam.CoGroupByKey() | "New" >> beam.MapTuple(unseen)
        out = grouped | "Fold" >> beam.ParDo(FoldBlock()).with_outputs("identical", main="personas")
        return Unique(out.personas, out.identical)


class FoldBlock(beam.DoFn):
    """One block's personas -> the unique ones in order of their ids; aside, those equal to another."""

    def __init__(self) -> None:
        self.tally = Tally(UNIQUE_PERSONAS)

    def process(self, element: tuple[int, Iterable[Batch[Persona]], set[bytes]]) -> Iterator[Any]:
        """Batches of at most ARRAY_RECORDS."""
        block, groups, known = element
        kept, identical = fold((persona for group in groups for persona in group), known)
        self.tally.inc("unique", len(kept))
        self.tally.inc("identical", len(identical))
        for batch in batches(kept, ARRAY_RECORDS):
            yield block, batch
        for batch in batches(identical, ARRAY_RECORDS):
            yield beam.pvalue.TaggedOutput("identical", batch)


def fold(personas: Iterable[Persona], known: set[bytes]) -> tuple[list[Persona], list[Persona]]:
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


def by_block(batch: Batch[Persona], blocks: int) -> Iterator[tuple[int, Batch[Persona]]]:
    """The personas of a batch, one element for each block that occurs."""
    groups: dict[int, Batch[Persona]] = {}
    for persona in batch:
        groups.setdefault(partition_of(persona.persona_id, blocks), Batch()).append(persona)
    yield from groups.items()


def ids_of(block: int, batch: Batch[Persona] | Batch[Duplicate]) -> tuple[int, bytes]:
    """The ids of a batch, 16 bytes each."""
    return block, bytes.fromhex("".join(persona.persona_id for persona in batch))


def all_new(block: int, groups: Iterable[Batch[Persona]]) -> tuple[int, Iterable[Batch[Persona]], set[bytes]]:
    """A block of which nothing is known."""
    return block, groups, set()


def unseen(block: int, sides: dict[str, Any]) -> tuple[int, Iterable[Batch[Persona]], set[bytes]]:
    """A block's new personas beside the ids that are known in it."""
    known = {ids[i : i + 16] for ids in sides["known"] for i in range(0, len(ids), 16)}
    return block, sides["new"], known
