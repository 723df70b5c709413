"""What a step asks of a language model, what it gets, and what a backend must be able to do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import orjson

from persona_hub.transforms.calls.protocol import tokens_at_most

KEY_FORMAT = 1  # of `request_key`: a new number makes all stored answers unknown
KEY_BYTES = 16

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)


@dataclass(frozen=True)
class Sampling:
    """How a model draws its answer. None leaves a value to the model's default."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int = 512
    seed: int | None = None
    earlier: tuple[int, ...] = ()  # limits of earlier runs of the job, whose whole answers are taken: no part of a key


@dataclass(frozen=True)
class Request:
    """One question to a model, fully rendered.

    `task` and `values` are what was rendered: only the rule-based `offline` model reads them (it cannot read a
    prompt), so they are no part of what identifies a request; nor is its subject.
    """

    task: str  # name of the prompt: "extract_persona", "math" ...
    system: str
    prompt: str
    prompt_hash: str
    sampling: Sampling = Sampling()
    schema: str = ""  # JSON schema of the answer, "" for free text
    number: int = 0  # of the answers wanted for the same messages, from 0
    values: Mapping[str, str] = field(default_factory=dict, compare=False)
    subject: str = field(default="", compare=False)  # id of the document or persona that it is about

    @property
    def max_input_tokens(self) -> int:
        """The most tokens that it can have."""
        return tokens_at_most(self.system, self.prompt, self.schema)

    @property
    def max_output_tokens(self) -> int:
        """The most tokens that its answer can have."""
        return self.sampling.max_tokens

    @property
    def texts(self) -> tuple[str, ...]:
        """What a server must not quote where it can be seen."""
        return (self.prompt, self.system)


@dataclass(frozen=True)
class Completion:
    """A model's answer and what it cost."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    finish: str = ""  # why the text ends, where it is no end of the model's own: "length", "content-filter" ...
    thought_tokens: int = 0  # of the output tokens, those of thoughts that are no part of the text
    estimated: bool = False  # the server did not say how many tokens: they are reckoned from the texts


MALFORMED, COPIES_DOCUMENT = "malformed", "copies-document"
MALFORMED_REASONS = frozenset({MALFORMED, COPIES_DOCUMENT})


class MalformedAnswer(ValueError):
    """An answer that does not hold what was asked for; the message says what was missing.

    `reason`: what it is counted by if the question, asked again, has no better answer; one of `MALFORMED_REASONS`.
    `told`: what the model is told of the fault; the message, where that is not for the user alone.
    """

    def __init__(self, message: str, reason: str = MALFORMED, told: str = ""):
        super().__init__(message)
        self.reason, self.told = reason, told or message


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


def request_key(model: str, request: Request, extra_body: str = "") -> bytes:
    """What an answer is kept under: a hash of all that a model sees, and of which answer is wanted.

    Not of the dialect in which a server is asked: that is found out, and the question is the same.
    """
    drawn = request.sampling
    seen: list[Any] = [
        KEY_FORMAT, model, request.system, request.prompt, request.schema, request.number,
        drawn.temperature, drawn.top_p, drawn.max_tokens, drawn.seed,
    ]  # fmt: skip
    if extra_body:
        seen.append(extra_body)
    return hashlib.blake2b(_key_json(seen), digest_size=KEY_BYTES).digest()


def pack_completion(completion: Completion) -> bytes:
    """A completion as the response store keeps it: its first three fields, and more only where they say something."""
    row: list[Any] = [completion.text, completion.input_tokens, completion.output_tokens]
    more = [completion.finish, completion.thought_tokens, completion.estimated]
    return _json(row + more if any(more) else row)


def unpack_completion(value: bytes) -> Completion:
    """The completion that `pack_completion` was given."""
    return Completion(*orjson.loads(value))


def well_formed(text: str) -> str:
    """`text` with U+FFFD for each half of a surrogate pair: neither UTF-8 nor any file can hold one."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _json(value: list[Any]) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate, which JSON's UTF-8 cannot hold
        return orjson.dumps([well_formed(v) if isinstance(v, str) else v for v in value])


def _key_json(value: list[Any]) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # "?" for a lone surrogate, as ever: another sign would make stored answers unknown
        return orjson.dumps([v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for v in value])
