"""A use case: what is asked of a model with a persona, how its answer is read, and what a sample's text looks like."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from string import Template
from typing import Any, cast

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.llm.parsing import Check, parse_json, parse_prefixed
from persona_hub.transforms.llm.protocol import MalformedAnswer, Request, Sampling
from persona_hub.transforms.prompts import Prompt, language_told
from persona_hub.transforms.records import Persona, Sample
from persona_hub.transforms.sandbox.sandbox import Limits
from persona_hub.transforms.synthesis.rejection import SampleCheck
from persona_hub.transforms.synthesis.sample_fields import as_json, text_of

USE_CASE_PLACEHOLDERS = frozenset({"persona", "language", "examples", "modules"})
REQUIRED_PLACEHOLDERS = frozenset({"persona"})


class UseCaseError(InvalidInputError):
    """A use case or an examples file that cannot be used; the message names the file, the key and the remedy."""


def check_not_empty(fields: Mapping[str, Any]) -> None:
    """Raises MalformedAnswer for a field that is empty text."""
    empty = [name for name, value in fields.items() if isinstance(value, str) and not value.strip()]
    if empty:
        raise MalformedAnswer(f"{empty[0]!r} is empty")


def with_limits(check: SampleCheck, limits: Limits) -> SampleCheck:
    """`check` with these limits, if it runs a program."""
    if is_dataclass(check) and not isinstance(check, type) and hasattr(check, "limits"):
        return cast(SampleCheck, replace(check, limits=limits))
    return check


def as_it_is(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of an answer, unchanged."""
    return fields


Normal = Callable[[dict[str, Any]], dict[str, Any]]  # fields as they are kept; raises MalformedAnswer
Compose = Callable[[Mapping[str, Any]], str]  # a sample's text of them


@dataclass(frozen=True, kw_only=True)
class UseCase:
    """One kind of synthetic data. `schema` or `output_prefix` says how answers are written; exactly one of them."""

    name: str  # also the name of the output folder: lower-case letters, digits and underscores
    description: str  # the released dataset's `description`
    prompt: Prompt  # with the examples in it, so that its hash covers them
    schema: str = ""  # JSON schema of an object
    output_prefix: str = ""  # "Math problem:"
    text: str = ""  # a sample's text, with $fields of the object; "" for the only field, or the object as JSON
    check: Check = check_not_empty  # what it refuses is malformed: the model is told, and asked again
    checks: tuple[SampleCheck, ...] = ()  # of a sample that was read, in this order; what they refuse is rejected
    proofs: tuple[SampleCheck, ...] = ()  # of `checks`, those that prove the stated answer: left out by `unproved`
    question: str = ""  # the field of an answer that holds a question, and the one that holds its answer, if any:
    answer: str = ""  # what another model can be asked to solve
    checked_by: str = ""  # a hash of the checks that a user's own file lists, "" where it lists none
    programs: frozenset[str] = frozenset()  # fields of an answer that hold programs
    reading_schema: str = ""  # by which an answer is read, where that is laxer than `schema`
    normal: Normal = as_it_is
    composer: Compose | None = None  # in place of `text`
    sampling: Sampling = field(default_factory=Sampling)
    examples: str = ""
    stands_alone: bool = True  # a sample does not speak of "the persona", and no two have one text

    def request(self, persona: Persona, number: int = 0, sampling: Sampling | None = None) -> Request:
        """The question for the `number`th sample of a persona."""
        values = {
            "persona": persona.text,
            "language": language_told(persona.language),
            "examples": self.examples,
            "output_prefix": self.output_prefix,
        }
        system, user = self.prompt.render(values)
        return Request(
            task=self.name,
            system=system,
            prompt=user,
            prompt_hash=self.prompt.prompt_hash,
            sampling=sampling or self.sampling,
            schema=self.schema,
            number=number,
            values=values,
            subject=persona.persona_id,
        )

    def read(self, answer: str) -> str:
        """The sample's text in an answer. Raises MalformedAnswer."""
        return self.read_with_fields(answer)[0]

    def read_with_fields(self, answer: str) -> tuple[str, str]:
        """The sample's text in an answer, and its fields as JSON, "" for free text. Raises MalformedAnswer."""
        if not self.schema:
            return parse_prefixed(answer, self.output_prefix, self.prompt.text), ""
        schema = self.reading_schema or self.schema
        fields = self.normal(parse_json(answer, schema, self.check, self.prompt.text, self.programs))
        return self.compose(fields), as_json(fields)

    def question_of(self, sample: Sample) -> str:
        """The question in a sample, "" where its use case has none."""
        return text_of(sample, self.question)

    def answer_of(self, sample: Sample) -> str:
        """The answer that a sample states, "" where its use case has none."""
        return text_of(sample, self.answer)

    @property
    def unproved(self) -> UseCase:
        """The same without the checks that prove a stated answer: another way of `--verify` takes their place."""
        return replace(self, checks=tuple(check for check in self.checks if check not in self.proofs), proofs=())

    def within(self, limits: Limits) -> UseCase:
        """The same, with these limits for the programs that its checks run."""
        limited = {check: with_limits(check, limits) for check in self.checks}
        proofs = tuple(limited.get(proof, proof) for proof in self.proofs)
        return replace(self, checks=tuple(limited.values()), proofs=proofs)

    def compose(self, fields: Mapping[str, Any]) -> str:
        """A sample's text of the fields of an answer."""
        if self.composer:
            return self.composer(fields)
        texts = {name: value.strip() if isinstance(value, str) else as_json(value) for name, value in fields.items()}
        if self.text:
            return Template(self.text).substitute(texts)
        if len(texts) == 1:
            return next(iter(texts.values()))
        known = [name for name in json.loads(self.schema).get("properties", {}) if name in fields]
        return as_json({name: fields[name] for name in (*known, *sorted(fields.keys() - known))})
