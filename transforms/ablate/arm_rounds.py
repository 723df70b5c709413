"""ArmRounds: rounds of questions of all arms together, until each arm has its accepted samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsDict, AsSingleton

from persona_hub.transforms.ablate.arm_counts import ArmGold, CountArms, name_arm
from persona_hub.transforms.ablate.arm_task import MOST_NUMBERS, ArmPersona, ArmPersonas, ArmTask
from persona_hub.transforms.choice.order import Place, lowest
from persona_hub.transforms.counting.counts import Key
from persona_hub.transforms.counting.stages import check_stage
from persona_hub.transforms.records import Sample, content_id
from persona_hub.transforms.synthesize.accepted.rounds import (
    LEFT_OPEN,
    NOT_ASKED,
    SURPLUS_TAG,
    brought_by,
    parted,
    whole_result,
)
from persona_hub.transforms.synthesize.accepted.wanted import Progress, Wanted, first_round, next_round
from persona_hub.transforms.synthesize.choose_personas import Lowest, LowestPlaces, SharePlaces
from persona_hub.transforms.synthesize.one_round import OneRound, PersonasAndEarlier, RoundResult
from persona_hub.transforms.synthesize.synthesized import Synthesized
from persona_hub.transforms.wire.batches import Batch, batches

ARM_ROUNDS = 5  # in the graph, of all arms; three do nearly always, and each costs a second of CPU
ASKED_TOGETHER = 32  # questions in a batch

Progresses = dict[str, Progress]  # by the use case of an arm's samples
Arms = Mapping[str, ArmPersonas]  # likewise


class ArmsMade(NamedTuple):
    """What came of all arms together, and what each arm has given."""

    made: Synthesized
    by_arm: beam.PCollection[tuple[Key, int]]  # under `arm_stage`; among the counts of `made`, too


@dataclass(kw_only=True)
class ArmRounds(beam.PTransform):
    """Pipeline -> ArmsMade: of each arm exactly so many accepted samples as are wanted, or all that can be had.

    A round asks the next questions of every arm that lacks samples, in one order by hash over all arms: a server that
    changes while the job runs changes for all alike. Of an arm's accepted samples the first in the order of its
    questions go on; the others are surplus. Once a question is open, as the budget is spent or the server gone, no arm
    asks on.
    """

    arms: Arms
    wanted: Wanted
    round: OneRound
    gold: ArmGold = field(default_factory=ArmGold)

    def expand(self, start: beam.Pipeline) -> ArmsMade:
        """Each round knows what those before it have brought."""
        stage = check_stage(self.round.task.use_case.name)
        once = start | "Once" >> beam.Create([None], reshuffle=False)
        progress = once | "Pilot" >> beam.Map(lambda _, first: first, self.pilots())
        results, kept, surplus = list[RoundResult](), list[Any](), list[Any]()
        for n in range(ARM_ROUNDS):
            now = AsSingleton(progress)
            asked = (
                progress
                | f"Take {n}" >> beam.FlatMap(questions, self.arms).with_output_types(Batch)
                | f"Spread {n}" >> beam.Reshuffle()
            )
            result = PersonasAndEarlier(asked) | f"Round {n}" >> replace(self.round)
            places = (
                result.accepted
                | f"Places {n}" >> beam.FlatMap(places_by_arm, self.arms, self.wanted, now)
                | f"Lowest {n}" >> beam.CombinePerKey(LowestPlaces())
            )
            cut = result.accepted | f"Cut {n}" >> beam.ParDo(CutArms(self.arms), AsDict(places)).with_outputs(
                SURPLUS_TAG, main="kept"
            )
            results.append(result)
            kept.append(cut.kept)
            surplus.append(cut[SURPLUS_TAG])
            totals = brought_by(result, count_by_arm, n)
            progress = progress | f"Progress {n}" >> beam.Map(
                after_round, AsDict(totals), self.wanted, n == ARM_ROUNDS - 2
            )
        rest = progress | "NotAsked" >> beam.Map(not_asked, stage).with_output_types(tuple[Key, int])
        whole = whole_result(results, kept, surplus, stage, rest)
        answers = tuple(one.answered for one in results)
        by_arm = (answers, (whole.samples, whole.rejected)) | "ByArm" >> CountArms(gold=self.gold)
        task = self.round.task
        assert isinstance(task, ArmTask)
        letters = whole.dead_letters | "NameArms" >> beam.Map(name_arm, task).with_output_types(Batch)
        return ArmsMade(whole._replace(dead_letters=letters, counts=(*whole.counts, by_arm)), by_arm)

    def pilots(self) -> Progresses:
        """The first round of each arm."""
        return {
            name: first_round(min(len(one.personas) * MOST_NUMBERS, self.wanted.candidates), self.wanted)
            for name, one in self.arms.items()
        }


def questions(progress: Progresses, arms: Arms) -> Iterator[Batch[ArmPersona]]:
    """The questions of a round, of all arms in one order by hash."""
    asked = [(content_id(f"{name} {q}"), name, q) for name, one in progress.items() for q in range(one.begin, one.end)]
    yield from batches((arms[name].question(q) for _, name, q in sorted(asked)), ASKED_TOGETHER)


def question_place(sample: Sample, arms: Arms) -> Place:
    """The place of a sample among those of its arm: the number of its question."""
    arm = arms[sample.use_case]
    question = (sample.number - arm.first_number) * len(arm.personas) + arm.places[sample.persona_id]
    return f"{question:08}", sample.persona_id


def places_by_arm(
    batch: Batch[Sample], arms: Arms, wanted: Wanted, progress: Progresses
) -> Iterator[tuple[str, SharePlaces]]:
    """(arm, places of a batch's accepted samples that may be among those lacking)."""
    places: dict[str, list[Place]] = {}
    for sample in batch:
        places.setdefault(sample.use_case, []).append(question_place(sample, arms))
    for name, found in places.items():
        lacking = progress[name].short_of(wanted)
        yield name, (lacking, lowest(found, lacking))


class CutArms(beam.DoFn):
    """Batch of accepted samples -> those up to the last of their arm that is wanted; aside, the surplus, rejected."""

    def __init__(self, arms: Arms):
        self.arms = arms

    def process(self, batch: Batch[Sample], found: Mapping[str, Lowest]) -> Iterator[Any]:
        """At most one batch of each kind."""

        def goes_on(sample: Sample) -> bool:
            last = found[sample.use_case]
            return bool(last.personas) and question_place(sample, self.arms) <= last.last

        yield from parted(batch, goes_on)


def count_by_arm(batch: Batch[Sample]) -> Iterator[tuple[str, int]]:
    """(arm, accepted samples) of a batch."""
    for sample in batch:
        yield sample.use_case, 1


def after_round(before: Progresses, brought: Mapping[str, int], wanted: Wanted, is_last: bool) -> Progresses:
    """The progress of each arm after a round; `is_last`: of the round that follows."""
    left_open = brought.get(LEFT_OPEN, 0)
    return {name: next_round(one, brought.get(name, 0), left_open, wanted, is_last) for name, one in before.items()}


def not_asked(progress: Progresses, stage: str) -> tuple[Key, int]:
    """The count of the questions that were left."""
    return (stage, NOT_ASKED), sum(one.possible - one.begin for one in progress.values())
