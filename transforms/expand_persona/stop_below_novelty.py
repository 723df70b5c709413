"""StopBelowNovelty: a hop of expansion that brought little that is new is the last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsSingleton, TaggedOutput

from persona_hub.transforms.records import Persona
from persona_hub.transforms.wire.batches import Batch

Batches = beam.PCollection[Batch[Persona]]


class Worth(NamedTuple):
    """Whom to ask about; and, where the hop before brought too little, those who are not: all of them."""

    asked: Batches
    not_expanded: tuple[Batches, ...]


@dataclass(kw_only=True)
class StopBelowNovelty(beam.PTransform):
    """(personas that are new by a hop, what the model answered at that hop) -> Worth.

    None of them is asked about where they are fewer than `least` for each answer, over the whole job: two sums decide,
    so every runner and every number of workers decides alike. Answers that did not come (the budget ran out, a batch is
    still open) say nothing about novelty and do not count. At hop 0, which nobody was expanded for, there are no
    answers: give the personas alone.
    """

    least: float

    def __post_init__(self) -> None:
        super().__init__()
        if not 0 <= self.least <= 1:
            raise ValueError(f"--stop_below_novelty {self.least}: new personas for each answer, from 0 to 1")

    def expand(self, found: tuple[Batches, *tuple[Batches, ...]]) -> Worth:
        """Without a limit nothing is counted, and nothing waits for all of a hop to be there."""
        new, *answers = found
        if not answers or not self.least:
            return Worth(new, ())
        sides = [
            side | f"Count {column}" >> beam.Map(count, column).with_output_types(tuple[int, int])
            for column, side in enumerate((new, *answers))
        ]
        sizes = (
            sides | "Sizes" >> beam.Flatten() | "Sum" >> beam.CombineGlobally(beam.combiners.TupleCombineFn(sum, sum))
        )
        stop = beam.FlatMap(stop_below, AsSingleton(sizes), self.least)
        parted = new | "Stop" >> stop.with_outputs("not_expanded", main="asked")
        return Worth(parted["asked"], (parted["not_expanded"],))


def count(batch: Batch[Persona], column: int) -> tuple[int, int]:
    """(new personas, answers) of a batch of either."""
    return (0, len(batch)) if column else (len(batch), 0)


def stop_below(batch: Batch[Persona], sizes: tuple[int, int], least: float) -> Iterator[Any]:
    """The batch, on one of two ways for all of a hop."""
    new, answers = sizes
    yield TaggedOutput("not_expanded", batch) if answers and new / answers < least else batch
