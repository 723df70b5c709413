"""What a step asks of a language model, what it gets, and what a backend must be able to do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import orjson

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
    """A call that gave no answer. `reason` is a word to count by, such as "http-400" or "timeout".

    `retry`: asking again may help; `retry_after`: seconds to wait first, as the server said; `refused`: it was too
    much for the server just now; `paid`: the server did answer, only nobody can read it; `fatal`: no other request
    can fare better (a wrong key, a model that is not there), so the job fails at once.
    """

    def __init__(
        self,
        reason: str,
        detail: str = "",
        retry: bool = False,
        retry_after: float | None = None,
        refused: bool = False,
        paid: bool = False,
        fatal: bool = False,
    ):
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail, self.retry, self.retry_after = reason, detail, retry, retry_after
        self.refused, self.paid, self.fatal = refused, paid, fatal


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
class Budget:
    """The most that all runs on one response store may spend; 0: no limit."""

    cost_usd: float = 0.0
    tokens: int = 0  # in and out
    calls: int = 0
    shares: tuple[tuple[str, float], ...] = ()  # (stage, its part) in the order of the stages, together at most 1

    def __post_init__(self) -> None:
        if min(self.cost_usd, self.tokens, self.calls) < 0:
            raise ValueError(f"a budget of {self.cost_usd} USD, {self.tokens} tokens, {self.calls} calls: below 0")
        if any(share <= 0 for _, share in self.shares) or sum(share for _, share in self.shares) > 1 + 1e-9:
            raise ValueError(f"the stages' shares of the budget are {self.shares}: each above 0, together at most 1")


@dataclass(frozen=True)
class ModelConfig:
    """How to open a backend and how to ask it; plain values, so that it travels to workers. Never holds a key."""

    name: str = "offline"  # BACKEND or BACKEND:MODEL
    base_url: str = ""
    max_in_flight: int = 64  # in each process
    options: Mapping[str, Any] = field(default_factory=dict)  # of the backend: project, location ...
    store: str = ""  # address of the response store; "" or "none": answers are not kept
    durable: bool = False  # each commit of an embedded store waits for the disk
    budget: Budget = Budget()
    input_price: float = 0.0  # US dollars for a million tokens
    output_price: float = 0.0
    requests_per_minute: int = 0  # of the whole job, 0: no limit
    tokens_per_minute: int = 0
    timeout: float = 120.0  # seconds for one call
    attempts: int = 8  # of one request, when calls fail in a way that a retry can cure
    repairs: int = 1  # times that a malformed answer is asked for again, with a word on what was wrong

    def __post_init__(self) -> None:
        for name, least in (("max_in_flight", 1), ("attempts", 1), ("repairs", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} {getattr(self, name)}: must be at least {least}")
        for name in ("requests_per_minute", "tokens_per_minute", "input_price", "output_price"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} {getattr(self, name)}: must not be below 0")
        if self.timeout <= 0:
            raise ValueError(f"timeout {self.timeout}: must be above 0 seconds")


def request_key(model: str, request: Request) -> bytes:
    """What an answer is kept under: a hash of all that a model sees, and of which answer is wanted."""
    drawn = request.sampling
    seen = [
        KEY_FORMAT, model, request.system, request.prompt, request.schema, request.number,
        drawn.temperature, drawn.top_p, drawn.max_tokens, drawn.seed,
    ]  # fmt: skip
    return hashlib.blake2b(_json(seen), digest_size=KEY_BYTES).digest()


def pack_completion(completion: Completion) -> bytes:
    """A completion as the response store keeps it."""
    return _json([completion.text, completion.input_tokens, completion.output_tokens])


def unpack_completion(value: bytes) -> Completion:
    """The completion that `pack_completion` was given."""
    return Completion(*orjson.loads(value))


def _json(value: list[Any]) -> bytes:
    try:
        return orjson.dumps(value)
    except (
        TypeError
    ):  # a lone surrogate, which JSON's UTF-8 cannot hold: as "?", which loses nothing that anyone can read
        return orjson.dumps([v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for v in value])
