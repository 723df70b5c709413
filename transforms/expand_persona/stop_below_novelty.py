"""StopBelowNovelty: a hop of expansion that brought little that is new is the last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsSingleton, TaggedOutput

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Persona
from persona_hub.transforms.wire.batches import Batch


class FoundAndAnswers(NamedTuple):
    """Personas that are new by a hop, and what the model answered at that hop: at hop 0 nothing was asked."""

    found: beam.PCollection[Batch[Persona]]
    answers: tuple[beam.PCollection[Batch[Persona]], ...] = ()


class NoveltySplit(NamedTuple):
    """The personas to ask about, and those which are not asked about: all of a hop are the one or the other."""

    asked: beam.PCollection[Batch[Persona]]
    not_expanded: tuple[beam.PCollection[Batch[Persona]], ...]  # none where there is no limit


@dataclass(kw_only=True)
class StopBelowNovelty(beam.PTransform):
    """`FoundAndAnswers` of a hop -> `NoveltySplit`.

    No persona is asked about where fewer than `least` were found for each answer, over the whole job: two sums decide,
    so every runner and every number of workers decides alike. With `least` 0.5, 20 answers of which 9 were new end the
    expansion, and 10 do not. Answers that did not come (the budget ran out, a batch is still open) say nothing about
    novelty and do not count.
    """

    least: float

    def __post_init__(self) -> None:
        super().__init__()
        if not 0 <= self.least <= 1:
            raise InvalidInputError(f"--stop_below_novelty {self.least}: new personas for each answer, from 0 to 1")

    def expand(self, hop: FoundAndAnswers) -> NoveltySplit:
        """Without a limit nothing is counted, and nothing waits for all of a hop to be there."""
        if not hop.answers or not self.least:
            return NoveltySplit(hop.found, ())
        sizes = [
            hop.found | "Count found" >> beam.Map(lambda batch: (len(batch), 0)).with_output_types(tuple[int, int])
        ]
        sizes += [
            answers | "Count answers" >> beam.Map(lambda batch: (0, len(batch))).with_output_types(tuple[int, int])
            for answers in hop.answers
        ]
        totals = (
            sizes | "Sizes" >> beam.Flatten() | "Sum" >> beam.CombineGlobally(beam.combiners.TupleCombineFn(sum, sum))
        )
        stop = beam.FlatMap(stop_below, AsSingleton(totals), self.least)
        split = hop.found | "Stop" >> stop.with_outputs("not_expanded", main="asked")
        return NoveltySplit(split["asked"], (split["not_expanded"],))


def stop_below(batch: Batch[Persona], totals: tuple[int, int], least: float) -> Iterator[Any]:
    """The batch, to one of two outputs: the same for all batches of a hop, which found and answered `totals`."""
    found, answers = totals
    yield TaggedOutput("not_expanded", batch) if answers and found / answers < least else batch
