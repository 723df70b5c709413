"""ExtractPersona, Text-to-Persona: from a document, who is likely to read, write, like or dislike it."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import apache_beam as beam

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.corpus.language_codes import SAME_LANGUAGE, persona_language
from persona_hub.transforms.counting.counts import Equation, Sizes, count_records
from persona_hub.transforms.counting.stages import EXTRACT_PERSONA
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.extract_persona.copies import copies_document
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.llm.parsing import parse_line
from persona_hub.transforms.llm.protocol import COPIES_DOCUMENT, Completion, MalformedAnswer, Request, Sampling
from persona_hub.transforms.llm.registry import languages_of
from persona_hub.transforms.prompts import Prompt, load_prompt
from persona_hub.transforms.records import DeadLetter, Document, Persona, persona_id
from persona_hub.transforms.wire.batches import Batch

ENGLISH = "en"  # what a model writes that has not the language wanted
ASKS = ("read", "write", "like", "dislike")  # the relations to a text that the paper names
PERSONA_LIMIT = 100  # personas of one document; further answers to the four questions repeat themselves
PERSONA_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"persona": {"type": "string"}},
        "required": ["persona"],
        "additionalProperties": False,
    }
)


class Extracted(NamedTuple):
    """What came of the documents."""

    personas: beam.PCollection[Batch[Persona]]
    dead_letters: beam.PCollection[Batch[DeadLetter]]
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every document that was read is asked about; every question is answered or lost."""
        return (
            Equation("read_corpus", "document", ("extract_persona/documents",)),
            Equation(EXTRACT_PERSONA, "asked", ("answered", "lost-*")),
        )


def ask_of(document_id: str, number: int) -> str:
    """The relation that the `number`th persona of a document has to it: by the id, so that all four occur alike."""
    return ASKS[(int(document_id[-8:], 16) + number) % len(ASKS)]


def extract_prompt(prompt_dir: str = "") -> Prompt:
    """The prompt of this step, packaged or the user's own. Raises PromptError."""
    placeholders = frozenset({"text", "ask", "language", "persona_language", "answer_language"})
    return load_prompt(EXTRACT_PERSONA, placeholders, prompt_dir, required=frozenset({"text", "ask"}))


@dataclass(frozen=True, kw_only=True)
class ExtractTask:
    """Document -> questions; answer -> Persona."""

    prompt: Prompt
    personas_per_document: int
    persona_language: str
    sampling: Sampling
    written: frozenset[str] = frozenset()  # languages that the model writes, where it does not write all

    def requests(self, document: Document) -> list[Request]:
        """One question for each persona wanted."""
        return [self.request(document, number) for number in range(self.personas_per_document)]

    def request(self, document: Document, number: int) -> Request:
        """The question for the `number`th persona of a document."""
        same = self.persona_language == SAME_LANGUAGE
        values = {
            "text": document.text,
            "ask": ask_of(document.document_id, number),
            "language": document.language,
            "persona_language": self.persona_language,
            "answer_language": "the document's own language" if same else f"the language {self.persona_language!r}",
        }
        system, user = self.prompt.render(values)
        return Request(
            task=EXTRACT_PERSONA,
            system=system,
            prompt=user,
            prompt_hash=self.prompt.prompt_hash,
            sampling=self.sampling,
            schema=PERSONA_SCHEMA,
            number=number,
            values=values,
            subject=document.document_id,
        )

    def parse(self, document: Document, request: Request, completion: Completion, model: str) -> Persona:
        """The persona in an answer. Raises MalformedAnswer."""
        text = parse_line(completion.text, PERSONA_SCHEMA, "persona", self.prompt.text)
        if copies_document(text, document.text):
            raise MalformedAnswer("words of the document, and no description of a person", COPIES_DOCUMENT)
        return Persona(
            persona_id=persona_id(text),
            text=text,
            origin="text",
            hop=0,
            parent_id="",
            relation=request.values["ask"],
            document_id=document.document_id,
            source=document.source,
            language=self.language_of(document, model),
            model=model,
            prompt_hash=request.prompt_hash,
        )

    def language_of(self, document: Document, model: str) -> str:
        """The language that a document's personas are in."""
        wanted = document.language if self.persona_language == SAME_LANGUAGE else self.persona_language
        if not self.written or wanted in self.written:
            return wanted
        tell_of_english(model, self.written)
        return ENGLISH

    def key(self, document: Document) -> str:
        """Id of the document."""
        return document.document_id


@cache
def tell_of_english(model: str, written: frozenset[str]) -> None:
    """Says once in a process which languages a model has, and that it writes English in place of all others."""
    logging.getLogger("persona_hub").warning(
        "the model %r writes %s: personas of documents in any other language are in English. "
        "A language model writes them in the documents' own (--llm)",
        model, ", ".join(sorted(written)),
    )  # fmt: skip


@dataclass(kw_only=True)
class ExtractPersona(beam.PTransform):
    """Batch of documents -> batch of their personas, and dead letters for answers that hold none."""

    model: ModelConfig
    prompt: Prompt = field(default_factory=extract_prompt)
    personas_per_document: int = 1
    persona_language: str = SAME_LANGUAGE  # or a code of LANGUAGE_CODES
    sampling: Sampling = field(default_factory=Sampling)

    def __post_init__(self) -> None:
        if not 1 <= self.personas_per_document <= PERSONA_LIMIT:
            raise InvalidInputError(
                f"--personas_per_document {self.personas_per_document}: must be in 1..{PERSONA_LIMIT}"
            )
        self.persona_language = persona_language(self.persona_language)

    def expand(self, documents: beam.PCollection[Batch[Document]]) -> Extracted:
        """Asks a model about each document."""
        task = ExtractTask(
            prompt=self.prompt,
            personas_per_document=self.personas_per_document,
            persona_language=self.persona_language,
            sampling=self.sampling,
            written=languages_of(self.model),
        )
        answers = documents | "Generate" >> Generate(stage=EXTRACT_PERSONA, task=task, model=self.model)
        counts = (
            *count_records(EXTRACT_PERSONA, "documents", documents),
            *count_records(EXTRACT_PERSONA, "asked", documents, times=self.personas_per_document),
            *count_records(EXTRACT_PERSONA, "answered", answers.results),
        )
        return Extracted(answers.results, answers.dead_letters, counts)
