"""CheckSamples: what is kept of the samples of one use case, each with its proof, and why the others are not.

What costs nothing comes before what is paid for: a sample's own checks and programs, contamination, near-duplicates,
then the answers of a model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.check_samples.check_by_model import CheckByModel
from persona_hub.transforms.check_samples.checked_by_model import UNCHECKED
from persona_hub.transforms.check_samples.checks import Checks
from persona_hub.transforms.check_samples.contaminated import DropContaminated
from persona_hub.transforms.check_samples.each_sample import CheckEachSample, without_contacts
from persona_hub.transforms.check_samples.near_duplicates import DropNearDuplicates
from persona_hub.transforms.counting.counts import Equation, Sizes, count_records
from persona_hub.transforms.counting.stages import check_stage
from persona_hub.transforms.llm.forms import words_of
from persona_hub.transforms.records import DeadLetter, Rejected, Sample
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.wire.batches import Batch

SAMPLES, ACCEPTED, REJECTED = "samples", "accepted", "rejected-"  # names of counts
EQUATIONS = (Equation(check_stage("*"), SAMPLES, (ACCEPTED, f"{REJECTED}*", UNCHECKED)),)

LABEL_WORDS = 8  # a text of fewer may be a label, which many personas share
LABEL_CHARACTERS = 200  # in which so many words are sought
SHORT_TAG = "short"

SampleBatches = beam.PCollection[Batch[Sample]]


class SamplesAndEarlier(NamedTuple):
    """Samples to be checked, and those accepted before, which none of them may be like."""

    samples: SampleBatches
    earlier: tuple[SampleBatches, ...] = ()


class CheckedSamples(NamedTuple):
    """What came of the checks; that the accepted ones are counted is for those to do who take them."""

    samples: SampleBatches
    rejected: tuple[beam.PCollection[Batch[Rejected]], ...]
    dead_letters: tuple[beam.PCollection[Batch[DeadLetter]], ...]  # of checks that got no answer
    counts: Sizes


@dataclass(kw_only=True)
class CheckSamples(beam.PTransform):
    """SamplesAndEarlier -> CheckedSamples, for one use case."""

    use_case: UseCase
    model: ModelConfig  # that solves, where answers are voted on
    checks: Checks = field(default_factory=Checks)
    compares: bool = True  # whether samples are compared with each other
    blocks: int = 1  # parts in which they are

    def expand(self, given: SamplesAndEarlier) -> CheckedSamples:
        """The checks, one after another."""
        checks, stage = self.checks, check_stage(self.use_case.name)
        counts = [*count_records(stage, SAMPLES, given.samples)]
        samples, rejected = given.samples, list[beam.PCollection[Batch[Rejected]]]()

        if own := (*((without_contacts,) if checks.contacts else ()), *self.use_case.checks):
            samples, found = samples | "Each" >> CheckEachSample(checks=own)
            rejected.append(found)
        if checks.against:
            samples, found = samples | "Contaminated" >> DropContaminated(stage=stage, against=checks.against)
            rejected.append(found)
        if self.compares:
            parted = samples | "Labels" >> beam.ParDo(part_short).with_outputs(SHORT_TAG, main="texts")
            texts, found = (parted.texts, *given.earlier) | "NearDuplicates" >> DropNearDuplicates(
                stage=stage, threshold=checks.threshold, blocks=self.blocks
            )
            samples = (texts, parted[SHORT_TAG]) | "WithLabels" >> beam.Flatten()
            rejected.append(found)
        letters = list[beam.PCollection[Batch[DeadLetter]]]()
        if by_model := self.by_model():
            judged = samples | "ByModel" >> by_model
            samples, counts = judged.samples, [*counts, *judged.counts]
            rejected.append(judged.rejected)
            letters.append(judged.dead_letters)
        counts += count_records(stage, REJECTED, *rejected, field="reason")
        return CheckedSamples(samples, tuple(rejected), tuple(letters), tuple(counts))

    def by_model(self) -> CheckByModel | None:
        """The checks that are paid for, if any are asked for."""
        step = CheckByModel(
            use_case=self.use_case,
            model=self.model,
            verify=self.checks.verify,
            judge=self.checks.judge,
            gold=self.checks.gold,
            solve=self.checks.solve,
            sampling=self.checks.sampling,
        )
        return step if step.votes or step.judge else None


def part_short(batch: Batch[Sample]) -> Iterator[Any]:
    """The texts of a batch, and aside those so short that many personas may share them."""
    texts, labels = Batch[Sample](), Batch[Sample]()
    for sample in batch:
        is_label = len(words_of(sample.text[:LABEL_CHARACTERS])) < LABEL_WORDS
        (labels if is_label else texts).append(sample)
    if texts:
        yield texts
    if labels:
        yield TaggedOutput(SHORT_TAG, labels)
