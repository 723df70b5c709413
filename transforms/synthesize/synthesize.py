"""Synthesize: what a model makes with each persona, for one use case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.counting.counts import Equation, Key, Sizes, count_records
from persona_hub.transforms.counting.stages import synthesize_stage
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.llm.forms import repeats_itself, words_of
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Request, Sampling
from persona_hub.transforms.llm.registry import answers_in_process
from persona_hub.transforms.prompts.mentions import names_absent_document, names_persona
from persona_hub.transforms.records import DeadLetter, Persona, Sample
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesize.choose_personas import LastPersona
from persona_hub.transforms.synthesize.unique_samples import UniqueSamples
from persona_hub.transforms.wire.batches import Batch

FIRST_CHARACTERS = 1500  # of a sample that are compared with its persona
LOOP_WORDS, LOOP_SHARE = 40, 0.4  # of so many words' triples so few differ where a model is in a loop
SHARE_OF_WORDS = 0.75  # of a sample's words and its persona's, in both
PERSONA_WORDS = 4  # of a persona that a sample may repeat: "a chef" is no sentence of its own
PARTITION_LIMIT = 10_000
SAMPLE_LIMIT = 1000  # samples of one persona; the draws of a model repeat themselves long before


class Synthesized(NamedTuple):
    """What came of the personas."""

    samples: beam.PCollection[Batch[Sample]]
    dead_letters: beam.PCollection[Batch[DeadLetter]]
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every question is answered or lost, for each use case."""
        return (Equation(synthesize_stage("*"), "asked", ("answered", "lost-*")),)


@dataclass(frozen=True, kw_only=True)
class SynthesizeTask:
    """Persona -> questions; answer -> Sample."""

    use_case: UseCase
    samples_per_persona: int
    sampling: Sampling | None

    def requests(self, persona: Persona) -> list[Request]:
        """One question for each sample wanted."""
        wanted = samples_of(persona, self.samples_per_persona)
        return [self.use_case.request(persona, number, self.sampling) for number in range(wanted)]

    def parse(self, persona: Persona, request: Request, completion: Completion, model: str) -> Sample:
        """The sample in an answer. Raises MalformedAnswer."""
        text, fields = self.use_case.read_with_fields(completion.text)
        if self.use_case.stands_alone:
            require_of_its_own(text, persona.text)
        return Sample(
            persona_id=persona.persona_id,
            persona=persona.text,
            use_case=self.use_case.name,
            text=text,
            description=self.use_case.description,
            model=model,
            prompt_hash=request.prompt_hash,
            number=request.number,
            input_tokens=completion.input_tokens,
            output_tokens=completion.output_tokens,
            fields=fields,
        )

    def key(self, persona: Persona) -> str:
        """Id of the persona."""
        return persona.persona_id


def samples_of(persona: Persona, samples_per_persona: int) -> int:
    """How many samples of a persona are wanted: fewer of the last one of a choice."""
    return persona.samples if isinstance(persona, LastPersona) else samples_per_persona


def count_questions(batch: Batch[Persona], stage: str, samples_per_persona: int) -> Iterator[tuple[Key, int]]:
    """The questions about a batch, as `count_records` counts records."""
    yield (stage, "asked"), sum(samples_of(persona, samples_per_persona) for persona in batch)


def require_of_its_own(text: str, persona: str) -> None:
    """Raises MalformedAnswer for a sample that is not to be read without its persona, or repeats it or itself."""
    if found := names_persona(text, persona):
        raise MalformedAnswer(f"it says {found!r}: nobody who reads it knows of a persona")
    if found := names_absent_document(text):
        raise MalformedAnswer(f"it says {found!r}, which it does not hold")
    words = words_of(text[:FIRST_CHARACTERS])
    if repeats_persona(words, words_of(persona)):
        raise MalformedAnswer("the persona, given back")
    if len(words) >= LOOP_WORDS and repeats_itself(words, LOOP_SHARE):
        raise MalformedAnswer("the same words over and over")


def repeats_persona(words: list[str], persona: list[str]) -> bool:
    """Whether a sample has few other words than its persona, or begins with all of it and has few more."""
    if len(persona) < PERSONA_WORDS or len(words) > 2 * len(persona):
        return False
    ours, theirs = set(words), set(persona)
    return words[: len(persona)] == persona or len(ours & theirs) >= SHARE_OF_WORDS * len(ours | theirs)


@dataclass(kw_only=True)
class Synthesize(beam.PTransform):
    """Batch of personas -> batch of samples of one use case, and dead letters for the other answers.

    Its stage, in counters and dead letters, is "synthesize_" and the name of the use case.
    """

    use_case: UseCase
    model: ModelConfig
    samples_per_persona: int = 1
    sampling: Sampling | None = None  # in place of the use case's own
    blocks: int = 16  # parts of a shuffle

    def __post_init__(self) -> None:
        if not 1 <= self.samples_per_persona <= SAMPLE_LIMIT:
            raise InvalidInputError(f"--samples_per_persona {self.samples_per_persona}: must be in 1..{SAMPLE_LIMIT}")

    def expand(self, personas: beam.PCollection[Batch[Persona]]) -> Synthesized:
        """Asks a model with each persona."""
        task = SynthesizeTask(
            use_case=self.use_case, samples_per_persona=self.samples_per_persona, sampling=self.sampling
        )
        stage = synthesize_stage(self.use_case.name)
        answers = personas | "Generate" >> Generate(stage=stage, task=task, model=self.model)
        samples, dead_letters = answers.results, answers.dead_letters
        if self.use_case.stands_alone and not answers_in_process(self.model):  # rules have few sentences
            partitions = min(PARTITION_LIMIT, self.blocks * self.samples_per_persona)
            unique = samples | "UniqueSamples" >> UniqueSamples(stage=stage, partitions=partitions)
            samples = unique.samples
            dead_letters = (dead_letters, unique.dead_letters) | "DeadLetters" >> beam.Flatten()
        asked = beam.FlatMap(count_questions, stage, self.samples_per_persona).with_output_types(tuple[Key, int])
        counts = (
            personas | "CountAsked" >> asked,
            *count_records(stage, "answered", samples),
        )
        return Synthesized(samples, dead_letters, counts)
