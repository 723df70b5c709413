"""OneRound: personas are asked about once, and what they give is checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.check_samples.check_samples import CheckSamples, SampleBatches, SamplesAndEarlier
from persona_hub.transforms.counting.counts import Key, Sizes, count_records
from persona_hub.transforms.counting.stages import synthesize_stage
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.llm.protocol import MALFORMED_REASONS
from persona_hub.transforms.records import DeadLetter, Persona, Rejected
from persona_hub.transforms.synthesize.sample_task import SynthesizeTask, count_questions
from persona_hub.transforms.wire.batches import Batch

LetterBatches = beam.PCollection[Batch[DeadLetter]]


class PersonasAndEarlier(NamedTuple):
    """Personas to be asked about, and the samples accepted before, which no new one may be like."""

    personas: beam.PCollection[Batch[Persona]]
    earlier: tuple[SampleBatches, ...] = ()


class RoundResult(NamedTuple):
    """What came of the personas of a round."""

    answered: SampleBatches  # what was read in answers, before any check
    accepted: SampleBatches
    rejected: tuple[beam.PCollection[Batch[Rejected]], ...]
    unread: beam.PCollection[Batch[Rejected]]  # answers that are malformed: they are among the dead letters, too
    dead_letters: tuple[LetterBatches, ...]
    counts: Sizes


@dataclass(kw_only=True)
class OneRound(beam.PTransform):
    """PersonasAndEarlier -> RoundResult, for one use case."""

    task: SynthesizeTask
    model: ModelConfig
    check: CheckSamples

    def expand(self, given: PersonasAndEarlier) -> RoundResult:
        """Asks a model, and checks its answers."""
        use_case = self.task.use_case
        stage, personas = synthesize_stage(use_case.name), given.personas
        count = beam.FlatMap(count_questions, stage, self.task.samples_per_persona)
        asked = personas | "CountAsked" >> count.with_output_types(tuple[Key, int])
        answers = personas | "Generate" >> Generate(stage=stage, task=self.task, model=self.model)
        checked = SamplesAndEarlier(answers.results, given.earlier) | "CheckSamples" >> self.check
        unread = answers.dead_letters | "Unread" >> beam.FlatMap(unread_answers, self.task).with_output_types(Batch)
        return RoundResult(
            answered=answers.results,
            accepted=checked.samples,
            rejected=checked.rejected,
            unread=unread,
            dead_letters=(answers.dead_letters, *checked.dead_letters),
            counts=(asked, *count_records(stage, "answered", answers.results), *checked.counts),
        )


def unread_answers(letters: Batch[DeadLetter], task: SynthesizeTask) -> Iterator[Batch[Rejected]]:
    """The rows of answers that could not be read, of a batch of dead letters, with the beginning of each."""
    found = Batch(
        Rejected(
            persona_id=persona_id,
            persona="",
            use_case=name,
            text=letter.excerpt,
            description=task.use_case.description,
            model="",
            prompt_hash=task.use_case.prompt.prompt_hash,
            number=0,
            input_tokens=0,
            output_tokens=0,
            reason=letter.reason,
            detail=letter.detail,
        )
        for letter in letters
        if letter.reason in MALFORMED_REASONS
        for name, persona_id in [task.owner(letter.key)]
    )
    if found:
        yield found
