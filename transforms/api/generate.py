"""Generate: asks a language model about records of any type, by a prompt and a parser of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Template
from typing import Any, NamedTuple

import apache_beam as beam

from persona_hub.transforms.api.batching import BatchRecords, UnbatchRecords
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.llm import generate
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Request, Sampling
from persona_hub.transforms.llm.registry import LOCAL_BACKENDS, SERVED_BACKENDS
from persona_hub.transforms.prompts import Prompt, PromptError
from persona_hub.transforms.records import DeadLetter, content_id


class Answers(NamedTuple):
    """What came of the records: each is in one of the two."""

    results: beam.PCollection[Any]  # what `parse` has made of the answers
    dead_letters: beam.PCollection[DeadLetter]  # records without an answer that could be used, and why


@dataclass(frozen=True, kw_only=True)
class PromptTask:
    """Record -> one question; answer -> what `read` makes of it."""

    prompt: Prompt
    values: Callable[[Any], Mapping[str, str]]
    read: Callable[[Any, str], Any]
    schema: str
    sampling: Sampling

    def requests(self, record: Any) -> Sequence[Request]:
        """The prompt with the record's values. Raises PromptError for a placeholder without a value."""
        values = self.values(record)
        system, user = self.prompt.render(values)
        return [
            Request(
                task=self.prompt.name,
                system=system,
                prompt=user,
                prompt_hash=self.prompt.prompt_hash,
                sampling=self.sampling,
                schema=self.schema,
                values=values,
                subject=self.key(record),
            )
        ]

    def parse(self, record: Any, request: Request, completion: Completion, model: str) -> Any:
        """The result in an answer. Raises MalformedAnswer where `read` raises ValueError or LookupError."""
        try:
            return self.read(record, completion.text)
        except (ValueError, LookupError) as error:
            raise MalformedAnswer(f"{type(error).__name__}: {error}") from error

    def key(self, record: Any) -> str:
        """Id of the record: 32 hex digits, a hash of its values."""
        return content_id(json.dumps(dict(self.values(record)), sort_keys=True))


@dataclass(kw_only=True)
class Generate(beam.PTransform):
    """Records -> what `parse` makes of a model's answers, and dead letters for the rest; one question to a record.

    `prompt` and `system` are texts with placeholders such as `$text`, which `values` gives for a record: `{"text":
    record.text}`. `parse` takes the record and the text of the answer; where it raises ValueError or LookupError, the
    question is asked again (`model.repairs` times) with the fault named, then the record is a dead letter. `schema` is
    a JSON schema that the answer must follow, for servers that have structured output. `model` names a server's model,
    since `offline` answers only this project's own prompts; it has the store, in which answers are kept so that none is
    paid twice, the budget, and the window of calls under way. `name` stands in counters, in dead letters and in what
    `persona-hub status` prints for the store. For bounded input in the global window. Raises PromptError for a `$` in
    the prompt that begins no placeholder, InvalidInputError for a model without a server; both are ValueErrors.
    """

    prompt: str
    values: Callable[[Any], Mapping[str, str]]
    parse: Callable[[Any, str], Any]
    model: ModelConfig
    system: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    sampling: Sampling = field(default_factory=Sampling)
    name: str = "generate"

    def __post_init__(self) -> None:
        super().__init__()
        check_served(self.model.name)
        for part in (self.system, self.prompt):
            if not Template(part).is_valid():
                raise PromptError(f"prompt {self.name}: a '$' that begins no placeholder; write '$$' for the sign")

    def expand(self, records: beam.PCollection[Any]) -> Answers:
        """Asks about every record."""
        task = PromptTask(
            prompt=Prompt(self.name, self.system, self.prompt),
            values=self.values,
            read=self.parse,
            schema=json.dumps(self.schema) if self.schema else "",
            sampling=self.sampling,
        )
        asked = (
            records
            | "Batches" >> BatchRecords()
            | "Ask" >> generate.Generate(stage=self.name, task=task, model=self.model)
        )
        return Answers(
            results=asked.results | "Results" >> UnbatchRecords(),
            dead_letters=asked.dead_letters | "DeadLetters" >> UnbatchRecords(),
        )


def check_served(name: str) -> None:
    """Raises InvalidInputError unless the model is a server's."""
    backend = name.partition(":")[0]
    if backend in LOCAL_BACKENDS:
        raise InvalidInputError(
            f"model {name}: it answers only this project's own prompts; for yours name a server's model, such as "
            'ModelConfig(name="openai:MODEL", base_url="http://HOST:PORT/v1") for any server of the OpenAI protocol'
        )
    if backend not in SERVED_BACKENDS:
        raise InvalidInputError(f"model {name}: no backend {backend!r}; there are {', '.join(SERVED_BACKENDS)}")
