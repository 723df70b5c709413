"""JudgeSamples: a judge scores each sample, and those below a score are rejected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.check_samples.checked_by_model import UNCHECKED, CheckedByModel
from persona_hub.transforms.counting.counts import Key, Sizes, count_records
from persona_hub.transforms.counting.stages import check_stage, judge_stage
from persona_hub.transforms.judging.agreement import count_name
from persona_hub.transforms.judging.gold import GoldRow, by_sample, verdicts_on
from persona_hub.transforms.judging.gold import Key as GoldKey
from persona_hub.transforms.judging.judge_task import Judge
from persona_hub.transforms.judging.rubric import COMMENT, HIGHEST
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.records import Rejected, Sample
from persona_hub.transforms.wire.batches import Batch

LOW = "low"
BELOW_MIN_SCORE = "below-min-score"


@dataclass(kw_only=True)
class JudgeSamples(beam.PTransform):
    """Batch of samples -> the same with their scores; those below `judge.min_score` are rejected."""

    use_case: str
    judge: Judge
    gold: Sequence[GoldRow] = ()  # how people judge some of the samples

    def expand(self, samples: beam.PCollection[Batch[Sample]]) -> CheckedByModel:
        """Asks the judge about each sample."""
        stage = judge_stage(self.use_case)
        answers = samples | "Generate" >> Generate(stage=stage, task=self.judge.task, model=self.judge.model)
        out = answers.results | "Part" >> beam.FlatMap(part_by_score, self.judge.min_score).with_outputs(
            LOW, main="samples"
        )
        agreement: Sizes = ()
        if gold := by_sample(self.gold, self.use_case):
            count = beam.FlatMap(count_verdicts, stage, gold, self.judge.min_score)
            agreement = (answers.results | "CountGold" >> count.with_output_types(tuple[Key, int]),)
        counts = (
            *agreement,
            *count_records(stage, "asked", samples),
            *count_records(stage, "answered", answers.results),
            *count_records(check_stage(self.use_case), UNCHECKED, answers.dead_letters),
        )
        return CheckedByModel(out.samples, out[LOW], answers.dead_letters, counts)


def count_verdicts(
    batch: Batch[Sample], stage: str, gold: Mapping[GoldKey, Sequence[float]], least: float
) -> Iterator[tuple[Key, int]]:
    """The verdicts of judge and people on the samples of a batch, as `count_records` counts records."""
    for sample in batch:
        for judge, human in verdicts_on(sample, gold, least):
            yield (stage, count_name(judge, human)), 1


def part_by_score(batch: Batch[Sample], min_score: float) -> Iterator[Any]:
    """The samples of a batch that are good enough, and those that are not."""
    kept: Batch[Sample] = Batch()
    rejected: Batch[Rejected] = Batch()
    for sample in batch:
        scores = json.loads(sample.scores)
        if scores["score"] >= min_score:
            kept.append(sample)
        else:
            points = ", ".join(f"{name} {n}" for name, n in scores["points"].items())
            detail = f"{scores['score']:.2f} is below {min_score:g} ({points} of {HIGHEST}): {scores[COMMENT]}"
            rejected.append(Rejected.of(sample, BELOW_MIN_SCORE, detail))
    if kept:
        yield kept
    if rejected:
        yield TaggedOutput(LOW, rejected)
