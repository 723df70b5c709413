"""RankPersonas: the place of each persona in the drawn order, counted from 0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

import apache_beam as beam

from persona_hub.transforms.choice.order import drawn_place
from persona_hub.transforms.records import Persona, partition_of
from persona_hub.transforms.wire.batches import Batch, batches

PERSONA_FIELDS = tuple(field.name for field in fields(Persona))


class Ranked(NamedTuple):
    """A persona and its rank."""

    rank: int
    persona: Persona


class RankedPersonas(NamedTuple):
    """All personas with their ranks, and how many there are (one number, or none where there is no persona)."""

    personas: beam.PCollection[Batch[Ranked]]
    total: beam.PCollection[int]


@dataclass(kw_only=True)
class RankPersonas(beam.PTransform):
    """Batches of personas -> RankedPersonas, by `drawn_place`. One GroupByKey; a block is held in memory."""

    seed: int = 0
    blocks: int = 16

    def expand(self, personas: beam.PCollection[Batch[Persona]]) -> RankedPersonas:
        """Blocks of neighbours in the order, then ranks within each after those of the blocks before."""
        by_block = personas | "ByBlock" >> beam.FlatMap(split_by_place, self.seed, self.blocks).with_output_types(
            tuple[int, Batch[Persona]]
        )
        sizes = (
            by_block
            | "Sizes" >> beam.MapTuple(lambda block, batch: (block, len(batch))).with_output_types(tuple[int, int])
            | "SizeOfBlock" >> beam.CombinePerKey(sum)
        )
        ranked = (
            by_block
            | "Gather" >> beam.GroupByKey()
            | "Rank" >> beam.FlatMap(ranked_block, self.seed, beam.pvalue.AsDict(sizes)).with_output_types(Batch)
        )
        count = sizes | "Values" >> beam.Values() | "Sum" >> beam.CombineGlobally(sum).without_defaults()
        return RankedPersonas(ranked, count)


def split_by_place(batch: Batch[Persona], seed: int, blocks: int) -> Iterator[tuple[int, Batch[Persona]]]:
    """(block of the drawn order, personas in it), one element for each block that occurs."""
    groups: dict[int, Batch[Persona]] = {}
    for persona in batch:
        block = partition_of(drawn_place(persona.persona_id, seed)[0], blocks)
        groups.setdefault(block, Batch()).append(persona)
    yield from groups.items()


def ranked_block(
    element: tuple[int, Iterable[Batch[Persona]]], seed: int, sizes: Mapping[int, int]
) -> Iterator[Batch[Ranked]]:
    """The personas of a block with their ranks."""
    block, groups = element
    first = sum(size for other, size in sizes.items() if other < block)
    everyone = sorted(
        (persona for group in groups for persona in group), key=lambda one: drawn_place(one.persona_id, seed)
    )
    plain = (Persona(**{name: getattr(one, name) for name in PERSONA_FIELDS}) for one in everyone)
    yield from batches(Ranked(first + i, persona) for i, persona in enumerate(plain))
