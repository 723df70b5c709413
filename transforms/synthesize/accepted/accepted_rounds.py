"""AcceptedRounds: exactly so many accepted samples of a use case as are wanted, or all that can be had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsDict, AsSingleton, TaggedOutput

from persona_hub.transforms.check_samples.check_samples import ACCEPTED, SampleBatches
from persona_hub.transforms.choice.order import Place, drawn_place, lowest
from persona_hub.transforms.counting.counts import Key
from persona_hub.transforms.counting.stages import check_stage
from persona_hub.transforms.records import Persona, Rejected, Sample
from persona_hub.transforms.synthesize.accepted.rank_personas import Ranked, RankPersonas
from persona_hub.transforms.synthesize.accepted.rounds import (
    LEFT_OPEN,
    NOT_ASKED,
    SURPLUS_TAG,
    brought_by,
    parted,
    whole_result,
)
from persona_hub.transforms.synthesize.accepted.wanted import ROUNDS, Progress, Wanted, first_round, next_round
from persona_hub.transforms.synthesize.choose_personas import Lowest, LowestPlaces, SharePlaces
from persona_hub.transforms.synthesize.one_round import OneRound, PersonasAndEarlier, RoundResult
from persona_hub.transforms.synthesize.sample_task import Candidate
from persona_hub.transforms.synthesize.synthesized import Synthesized
from persona_hub.transforms.wire.batches import Batch

LEFT_TAG = "left"


@dataclass(kw_only=True)
class AcceptedRounds(beam.PTransform):
    """PersonasAndEarlier -> Synthesized: rounds of questions, unrolled, until enough samples pass every check.

    The questions have an order: first number 0 of every persona, in the order that `seed` draws, then number 1 and so
    on. A round asks those that follow the questions of the round before. Of its accepted samples those go on that come
    first, up to what is lacking; the others are rejected as surplus. So the samples depend on the personas, the answers
    and what is wanted alone.
    """

    wanted: Wanted
    round: OneRound
    seed: int = 0
    blocks: int = 16  # parts of a shuffle

    def expand(self, given: PersonasAndEarlier) -> Synthesized:
        """Each round knows what those before it have brought.

        What a round reads is read by no later one, which would hold up the round: FnApiRunner takes an input for whole
        only when all have read it. So the personas that are left go from round to round, and so does the progress.
        """
        each, start = self.round.task.samples_per_persona, given.personas.pipeline
        ranked = given.personas | "Rank" >> RankPersonas(seed=self.seed, blocks=self.blocks)
        count = AsSingleton(ranked.total, default_value=0)
        once = start | "Once" >> beam.Create([None], reshuffle=False)
        progress = once | "Pilot" >> beam.Map(lambda _, n: first_round(n * each, self.wanted), count)
        left = ranked.personas
        results, kept, surplus = list[RoundResult](), list[SampleBatches](), list[beam.PCollection[Batch[Rejected]]]()
        for n in range(ROUNDS):
            now = AsSingleton(progress)
            taken = left | f"Take {n}" >> beam.FlatMap(take, each, count, now).with_output_types(
                Batch, left=Batch
            ).with_outputs(LEFT_TAG, main="asked")
            left = taken[LEFT_TAG]
            result = PersonasAndEarlier(taken.asked, (*given.earlier, *kept)) | f"Round {n}" >> replace(self.round)
            places = (
                result.accepted
                | f"Places {n}" >> beam.FlatMap(places_of, self.seed, self.wanted, now)
                | f"Lowest {n}" >> beam.CombinePerKey(LowestPlaces())
            )
            cut = result.accepted | f"Cut {n}" >> beam.ParDo(Cut(self.seed), AsDict(places)).with_outputs(
                SURPLUS_TAG, main="kept"
            )
            results.append(result)
            kept.append(cut.kept)
            surplus.append(cut[SURPLUS_TAG])
            totals = brought_by(result, count_accepted, n)
            progress = progress | f"Progress {n}" >> beam.Map(after_round, AsDict(totals), self.wanted, n == ROUNDS - 2)
        stage = check_stage(self.round.task.use_case.name)
        rest = progress | "NotAsked" >> beam.Map(not_asked, stage).with_output_types(tuple[Key, int])
        return whole_result(results, kept, surplus, stage, rest)


def take(batch: Batch[Ranked], each: int, personas: int, progress: Progress) -> Iterator[Any]:
    """Of a batch those personas of whom a round asks something; aside, those of whom a later one may.

    Sample `number` of the persona of rank r is question number * personas + r.
    """
    asked, left = Batch[Persona](), Batch[Ranked]()
    if not progress.asks:  # nor does any later round
        return
    for rank, persona in batch:
        first, after = (-(-(question - rank) // personas) for question in (progress.begin, progress.end))
        if numbers := range(max(0, first), min(each, after)):
            asked.append(Candidate(**vars(persona), numbers=tuple(numbers)))
        if after < each:
            left.append(Ranked(rank, persona))
    if asked:
        yield asked
    if left:
        yield TaggedOutput(LEFT_TAG, left)


def sample_place(sample: Sample, seed: int) -> Place:
    """The place of a sample among those of its round."""
    drawn, persona_id = drawn_place(sample.persona_id, seed)
    return f"{sample.number:04}{drawn}", persona_id


def places_of(batch: Batch[Sample], seed: int, wanted: Wanted, progress: Progress) -> Iterator[tuple[str, SharePlaces]]:
    """The places of a batch of accepted samples that may be among those lacking."""
    lacking = progress.short_of(wanted)
    yield "", (lacking, lowest((sample_place(sample, seed) for sample in batch), lacking))


class Cut(beam.DoFn):
    """Batch of accepted samples -> those up to the last that is wanted; aside, the surplus, rejected."""

    def __init__(self, seed: int):
        self.seed = seed

    def process(self, batch: Batch[Sample], found: Mapping[str, Lowest]) -> Iterator[Any]:
        """At most one batch of each kind."""
        last = found[""].last
        yield from parted(batch, lambda sample: sample_place(sample, self.seed) <= last)


def count_accepted(batch: Batch[Sample]) -> Iterator[tuple[str, int]]:
    """How many samples of a batch are accepted: all."""
    yield ACCEPTED, len(batch)


def after_round(progress: Progress, brought: Mapping[str, int], wanted: Wanted, is_last: bool) -> Progress:
    """The progress after a round; `is_last`: of the round that follows."""
    return next_round(progress, brought.get(ACCEPTED, 0), brought.get(LEFT_OPEN, 0), wanted, is_last)


def not_asked(progress: Progress, stage: str) -> tuple[Key, int]:
    """The count of the questions that were left."""
    return (stage, NOT_ASKED), progress.possible - progress.begin  # what a round beyond the last would ask is not asked
