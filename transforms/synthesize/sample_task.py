"""SynthesizeTask: the questions about a persona, and the sample in an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from persona_hub.transforms.counting.counts import Key
from persona_hub.transforms.llm.forms import repeats_itself, words_of
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Request, Sampling
from persona_hub.transforms.prompts.mentions import names_absent_document, names_persona
from persona_hub.transforms.records import Persona, Sample
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesize.choose_personas import LastPersona
from persona_hub.transforms.wire.batches import Batch

FIRST_CHARACTERS = 1500  # of a sample that are compared with its persona
LOOP_WORDS, LOOP_SHARE = 40, 0.4  # of so many words' triples so few differ where a model is in a loop
SHARE_OF_WORDS = 0.75  # of a sample's words and its persona's, in both
PERSONA_WORDS = 4  # of a persona that a sample may repeat: "a chef" is no sentence of its own


@dataclass(frozen=True)
class Candidate(Persona):
    """A persona, and which of its samples are asked for in a round."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class SynthesizeTask:
    """Persona -> questions; answer -> Sample."""

    use_case: UseCase
    samples_per_persona: int
    sampling: Sampling | None

    def requests(self, persona: Persona) -> list[Request]:
        """One question for each sample wanted."""
        numbers = numbers_of(persona, self.samples_per_persona)
        return [self.use_case.request(persona, number, self.sampling) for number in numbers]

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

    def owner(self, key: str) -> tuple[str, str]:
        """(use case that samples name, id of the persona) of a key."""
        return self.use_case.name, key


def numbers_of(persona: Persona, samples_per_persona: int) -> Sequence[int]:
    """Numbers of the samples wanted of a persona: fewer of the last one of a choice, and in a round those of it."""
    if isinstance(persona, Candidate):
        return persona.numbers
    return range(persona.samples if isinstance(persona, LastPersona) else samples_per_persona)


def count_questions(batch: Batch[Persona], stage: str, samples_per_persona: int) -> Iterator[tuple[Key, int]]:
    """The questions about a batch, as `count_records` counts records."""
    yield (stage, "asked"), sum(len(numbers_of(persona, samples_per_persona)) for persona in batch)


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
