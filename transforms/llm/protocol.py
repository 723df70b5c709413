"""What a step asks of a language model, what it gets, and what a backend must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)


@dataclass(frozen=True)
class Sampling:
    """How a model draws its answer. None leaves a value to the model's default."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int = 512
    seed: int | None = None


@dataclass(frozen=True)
class Request:
    """One question to a model, fully rendered.

    `task` and `values` are what was rendered: only the rule-based `offline` model reads them (it cannot read a
    prompt), so they are no part of what identifies a request.
    """

    task: str  # name of the prompt: "extract_persona", "math" ...
    system: str
    prompt: str
    prompt_hash: str
    sampling: Sampling = Sampling()
    schema: str = ""  # JSON schema of the answer, "" for free text
    number: int = 0  # of the answers wanted for the same messages, from 0
    values: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Completion:
    """A model's answer and what it cost."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0


class ModelError(Exception):
    """A call that gave no answer. `reason` is a word to count by, such as "http-400" or "timeout"."""

    def __init__(self, reason: str, detail: str = "", retry: bool = False, retry_after: float | None = None):
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail, self.retry, self.retry_after = reason, detail, retry, retry_after


class MalformedAnswer(ValueError):
    """An answer that does not hold what was asked for; the message says what was missing."""


class LanguageModel(Protocol):
    """A backend: opened once in a process, inside its event loop."""

    async def complete(self, request: Request) -> Completion:
        """The answer to one request. Raises ModelError."""

    async def close(self) -> None:
        """Frees connections."""


class Task(Protocol[In, Out]):
    """What a step tells `Generate`: the questions that a record raises, and how to read an answer."""

    def requests(self, record: In) -> Sequence[Request]:
        """The questions, rendered; none if the record needs none."""

    def parse(self, record: In, request: Request, completion: Completion, model: str) -> Out:
        """The record that an answer gives. Raises MalformedAnswer."""

    def key(self, record: In) -> str:
        """Id of the record, for dead letters."""


@dataclass(frozen=True)
class ModelConfig:
    """How to open a backend; plain values, so that it travels to workers. Never holds a key."""

    name: str = "offline"  # BACKEND or BACKEND:MODEL
    base_url: str = ""
    max_in_flight: int = 64
    options: Mapping[str, Any] = field(default_factory=dict)
