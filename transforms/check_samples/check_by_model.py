"""CheckByModel: the checks of samples that are paid for, in their order: the vote, then the judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.check_samples.checked_by_model import CheckedByModel
from persona_hub.transforms.check_samples.judge_samples import JudgeSamples
from persona_hub.transforms.check_samples.solve_task import SOLVE_SAMPLING, solve_prompt
from persona_hub.transforms.check_samples.verify_by_model import VerifyByModel
from persona_hub.transforms.judging.gold import GoldRow
from persona_hub.transforms.judging.judge_task import Judge
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.prompts import Prompt
from persona_hub.transforms.records import Sample
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesis.verify import Verify
from persona_hub.transforms.wire.batches import Batch


@dataclass(kw_only=True)
class CheckByModel(beam.PTransform):
    """Batch of samples of a use case -> those that the vote proves and the judge finds good, as far as these are asked.

    A use case that states no answer is not voted on. What the vote rejects is not judged.
    """

    use_case: UseCase
    model: ModelConfig  # that solves
    verify: Verify
    judge: Judge | None = None
    gold: Sequence[GoldRow] = ()  # how people judge some of the samples
    solve: Prompt | None = None  # of the solver; None: the packaged one
    sampling: Sampling = SOLVE_SAMPLING  # of the solver
    blocks: int = 16

    @property
    def votes(self) -> bool:
        """Whether samples are voted on."""
        return self.verify.asks and bool(self.use_case.question and self.use_case.answer)

    def expand(self, samples: beam.PCollection[Batch[Sample]]) -> CheckedByModel:
        """The steps that are asked for. Raises ValueError where none is."""
        steps: list[CheckedByModel] = []
        if self.votes:
            steps.append(
                samples
                | "VerifyByModel"
                >> VerifyByModel(
                    use_case=self.use_case,
                    model=self.model,
                    verify=self.verify,
                    prompt=self.solve or solve_prompt(),
                    sampling=self.sampling,
                    blocks=self.blocks,
                )
            )
        if self.judge:
            left = steps[-1].samples if steps else samples
            step = JudgeSamples(use_case=self.use_case.name, judge=self.judge, gold=self.gold)
            steps.append(left | "JudgeSamples" >> step)
        if not steps:
            raise ValueError("CheckByModel: neither a vote nor a judge is asked for; leave the step out")
        if len(steps) == 1:
            return steps[0]
        return CheckedByModel(
            steps[-1].samples,
            tuple(one.rejected for one in steps) | "Rejected" >> beam.Flatten(),
            tuple(one.dead_letters for one in steps) | "DeadLetters" >> beam.Flatten(),
            tuple(count for one in steps for count in one.counts),
        )
