"""What each arm has given: answers, accepted and rejected samples, what a judge says, and how far people agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import apache_beam as beam

from persona_hub.transforms.ablate.arm_task import ArmTask
from persona_hub.transforms.check_samples.check_samples import ACCEPTED, REJECTED, SampleBatches
from persona_hub.transforms.counting.counts import Key
from persona_hub.transforms.counting.stages import arm_stage
from persona_hub.transforms.judging.agreement import count_name
from persona_hub.transforms.judging.gold import GoldRow, by_sample, verdicts_on
from persona_hub.transforms.judging.gold import Key as GoldKey
from persona_hub.transforms.llm.protocol import MALFORMED_REASONS
from persona_hub.transforms.records import DeadLetter, Rejected, Sample
from persona_hub.transforms.wire.batches import Batch

ANSWERED, SCORED = "candidates", "judged"  # names of counts: answers, read or malformed; samples that have a score


@dataclass(frozen=True)
class ArmGold:
    """How people judge some of the samples, and from which score on a sample is good."""

    rows: Sequence[GoldRow] = ()
    least: float = 0.0  # --min_score; 0: as for any gold set
    by_arm: Mapping[str, Mapping[GoldKey, Sequence[float]]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[GoldRow], least: float, use_case: str, arms: Sequence[str]) -> ArmGold:
        """The gold of arms, by the use cases that their samples name; a row of `use_case` itself is of any arm."""
        any_arm = [replace(row, use_case="") if row.use_case == use_case else row for row in rows]
        return cls(any_arm, least, {arm: by_sample(any_arm, arm) for arm in arms} if rows else {})


def count_answers(batch: Batch[Sample]) -> Iterator[tuple[Key, int]]:
    """The answers of a batch that were read, as `count_records` counts records."""
    yield from sorted(Counter((arm_stage(sample.use_case), ANSWERED) for sample in batch).items())


def count_outcomes(batch: Batch[Sample], gold: ArmGold) -> Iterator[tuple[Key, int]]:
    """What became of the answers of a batch, kept or rejected, and what judge and people say of them."""
    found = Counter[Key]()
    for sample in batch:
        stage, reason = arm_stage(sample.use_case), sample.reason if isinstance(sample, Rejected) else ""
        found[stage, f"{REJECTED}{reason}" if reason else ACCEPTED] += 1
        found[stage, ANSWERED] += reason in MALFORMED_REASONS  # which was not among those read
        found[stage, SCORED] += bool(sample.scores)
        for judge, human in verdicts_on(sample, gold.by_arm.get(sample.use_case, {}), gold.least):
            found[stage, count_name(judge, human)] += 1
    yield from sorted((+found).items())


@dataclass(kw_only=True)
class CountArms(beam.PTransform):
    """(answers of each round, samples and rejected ones of all) -> ((stage of an arm, name), records)."""

    gold: ArmGold

    def expand(self, given: tuple[tuple[SampleBatches, ...], tuple[SampleBatches, ...]]) -> beam.PCollection:
        """Counts each batch."""
        answers, outcomes = given
        read = answers | "Answers" >> beam.Flatten() | "CountAnswers" >> beam.FlatMap(count_answers)
        told = outcomes | "Outcomes" >> beam.Flatten() | "CountOutcomes" >> beam.FlatMap(count_outcomes, self.gold)
        return (read, told) | "Counts" >> beam.Flatten()


def name_arm(batch: Batch[DeadLetter], task: ArmTask) -> Batch[DeadLetter]:
    """Dead letters with the persona alone as key, as in any job, and the arm before the detail."""
    found = Batch[DeadLetter]()
    for letter in batch:
        name, persona_id = task.owner(letter.key)
        found.append(replace(letter, key=persona_id, detail=f"{name}: {letter.detail}") if name else letter)
    return found
