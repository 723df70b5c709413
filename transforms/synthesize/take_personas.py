"""TakePersonas: the same n personas of a hub at every run, whatever the order or the number of workers."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import apache_beam as beam

from persona_hub.transforms.records import Persona
from persona_hub.transforms.wire.batches import Batch


@dataclass(kw_only=True)
class TakePersonas(beam.PTransform):
    """(block, personas) -> the `n` with the smallest ids, which are a random sample since ids are hashes; 0: all."""

    n: int = 0

    def expand(self, personas: beam.PCollection[tuple[int, Batch[Persona]]]) -> beam.PCollection[Batch[Persona]]:
        """Finds the n-th id first, then lets pass what is not behind it."""
        found = personas | "Batches" >> beam.Values()
        if not self.n:
            return found
        ids = found | "Ids" >> beam.Map(lambda batch: [persona.persona_id for persona in batch])
        last = ids | "LastId" >> beam.CombineGlobally(SmallestIds(self.n)).without_defaults()
        return found | "Take" >> beam.FlatMap(up_to, beam.pvalue.AsSingleton(last, default_value=""))


class SmallestIds(beam.CombineFn):
    """Lists of ids -> the n-th smallest of all, or the largest where there are fewer."""

    def __init__(self, n: int):
        self.n = n

    def create_accumulator(self) -> list[str]:
        return []

    def add_input(self, accumulator: list[str], ids: list[str]) -> list[str]:
        return heapq.nsmallest(self.n, [*accumulator, *ids])

    def merge_accumulators(self, accumulators: Iterable[list[str]]) -> list[str]:
        return heapq.nsmallest(self.n, [key for ids in accumulators for key in ids])

    def extract_output(self, accumulator: list[str]) -> str:
        return accumulator[-1] if accumulator else ""


def up_to(batch: Batch[Persona], last: str) -> Iterator[Batch[Persona]]:
    """The personas of a batch whose ids are at most `last`."""
    taken = Batch(persona for persona in batch if persona.persona_id <= last)
    if taken:
        yield taken
