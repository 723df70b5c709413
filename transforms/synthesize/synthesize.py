"""Synthesize: what a model makes with each persona, for one use case."""

from __future__ import annotations

from dataclasses import dataclass, field

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.check_samples.check_samples import ACCEPTED, CheckSamples, SampleBatches
from persona_hub.transforms.check_samples.checks import Checks
from persona_hub.transforms.counting.counts import count_records
from persona_hub.transforms.counting.stages import check_stage
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.llm.registry import answers_in_process
from persona_hub.transforms.records import Persona
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesize.accepted.accepted_rounds import AcceptedRounds
from persona_hub.transforms.synthesize.accepted.wanted import Wanted
from persona_hub.transforms.synthesize.one_round import OneRound, PersonasAndEarlier
from persona_hub.transforms.synthesize.sample_task import SynthesizeTask
from persona_hub.transforms.synthesize.synthesized import Synthesized
from persona_hub.transforms.wire.batches import Batch

FEW_BLOCKS, PART_LIMIT = 8, 10_000  # up to so many blocks of personas, samples are compared in one place
SAMPLE_LIMIT = 1000  # samples of one persona; the draws of a model repeat themselves long before


@dataclass(kw_only=True)
class Synthesize(beam.PTransform):
    """Batch of personas -> batch of samples of one use case that pass the checks, and what became of the others.

    Its stages, in counters and dead letters, are "synthesize_" and "check_" and the name of the use case. With `wanted`
    personas are asked round by round, until there are so many samples. `earlier`: samples of earlier runs.
    """

    use_case: UseCase
    model: ModelConfig
    samples_per_persona: int = 1
    sampling: Sampling | None = None  # in place of the use case's own
    checks: Checks = field(default_factory=Checks)
    wanted: Wanted | None = None
    earlier: tuple[SampleBatches, ...] = ()
    seed: int = 0  # of the order in which rounds ask
    blocks: int = FEW_BLOCKS  # parts of a shuffle

    def __post_init__(self) -> None:
        if not 1 <= self.samples_per_persona <= SAMPLE_LIMIT:
            raise InvalidInputError(f"--samples_per_persona {self.samples_per_persona}: must be in 1..{SAMPLE_LIMIT}")

    def expand(self, personas: beam.PCollection[Batch[Persona]]) -> Synthesized:
        """Asks a model with each persona."""
        task = SynthesizeTask(
            use_case=self.use_case, samples_per_persona=self.samples_per_persona, sampling=self.sampling
        )
        compares = self.use_case.stands_alone and not answers_in_process(self.model)  # rules have few sentences
        parts = 1 if self.blocks <= FEW_BLOCKS else self.blocks * self.samples_per_persona
        check = CheckSamples(
            use_case=self.use_case,
            model=self.model,
            checks=self.checks,
            compares=compares,
            blocks=min(PART_LIMIT, parts),
        )
        one = OneRound(task=task, model=self.model, check=check)
        given = PersonasAndEarlier(personas, self.earlier)
        if self.wanted:
            return given | "Rounds" >> AcceptedRounds(wanted=self.wanted, round=one, seed=self.seed, blocks=self.blocks)
        made = given | "Round" >> one
        return Synthesized(
            samples=made.accepted,
            rejected=(*made.rejected, made.unread) | "Rejected" >> beam.Flatten(),
            dead_letters=made.dead_letters | "DeadLetters" >> beam.Flatten(),
            counts=(*made.counts, *count_records(check_stage(self.use_case.name), ACCEPTED, made.accepted)),
        )
