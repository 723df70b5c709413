"""What the engine knows of a call: what it may cost at most, how it fails, and how its answer is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, Protocol

from persona_hub.transforms.errors import InvalidInputError

BYTES_PER_TOKEN = 2  # at the least, in any script: a bound for what a text may cost before it is known
WRAPPING_TOKENS = 16  # around the messages


class CallRequest(Protocol):
    """A rendered request. The budget is reserved by its upper bounds before the call is sent."""

    @property
    def max_input_tokens(self) -> int:
        """An upper bound of the tokens in the request."""

    @property
    def max_output_tokens(self) -> int:
        """An upper bound of the tokens in the answer."""

    @property
    def texts(self) -> tuple[str, ...]:
        """What a server must not quote where it can be seen."""


class Answer(Protocol):
    """What came back, and the tokens that are paid for."""

    @property
    def input_tokens(self) -> int:
        """Tokens of the request, as the server counted them."""

    @property
    def output_tokens(self) -> int:
        """Tokens of the answer."""

    @property
    def estimated(self) -> bool:
        """Whether the server did not say how many: they are reckoned from the texts."""


class Client(Protocol):
    """A backend: opened once in a process, inside its event loop."""

    async def complete(self, request: Any) -> Any:
        """The answer to one request. Raises ModelError."""

    async def close(self) -> None:
        """Closes connections."""


ACCOUNT_REASON = "account-"  # what the reasons of an account's errors begin with


class Verdict(Enum):
    """What a failed call says about others, and so what becomes of it. The table of docs/models.md is by these."""

    WAIT = "wait"  # it passes with time: the question is asked again
    ACCOUNT = "account"  # nothing is answered until the account is mended: the job ends in order, as a spent budget
    REQUEST = "request"  # every question would be refused alike: the job ends at once, nothing is published
    INPUT = "input"  # this question alone: it becomes a dead letter, and the rest goes on


class ModelError(Exception):
    """A call that gave no answer.

    `reason`: a word to count by, such as "http-400" or "timeout".
    `detail`: the server's own words, without keys and prompt, cut; or ours.
    `verdict`: what becomes of the question, and of all others.
    `if_first`: the verdict instead of it where the server has answered nothing yet, and refuses its first questions
    alike: a key that never worked is a wrong flag, one that stops working half-way is the account's.
    `retry_after`: seconds to wait before the question is asked again, as the server said.
    `refused`: the server was too busy.
    `paid`: the server did answer, but the answer cannot be read.
    `remedy`: what mends it, such as a flag; shown once where the job ends by it.
    `said`: what a server told, a `clients.said.Said`: for a backend that can ask in another way. May quote the prompt.
    """

    def __init__(
        self,
        reason: str,
        detail: str = "",
        verdict: Verdict = Verdict.INPUT,
        retry_after: float | None = None,
        refused: bool = False,
        paid: bool = False,
        if_first: Verdict | None = None,
        remedy: str = "",
        said: Any = None,
    ):
        words = ": ".join(part for part in (reason, detail) if part)
        super().__init__(f"{words} ({remedy})" if remedy else words)  # whole: of an error's fields Beam keeps no other
        self.reason, self.detail, self.verdict, self.if_first = reason, detail, verdict, if_first
        self.retry_after, self.refused, self.paid, self.remedy = retry_after, refused, paid, remedy
        self.said = said

    def judged(self, verdict: Verdict) -> ModelError:
        """The same with another verdict; the reasons of an account's errors begin with "account-"."""
        bare = self.reason.removeprefix(ACCOUNT_REASON)
        return self.with_words(ACCOUNT_REASON + bare if verdict is Verdict.ACCOUNT else bare, self.detail, verdict)

    def with_words(self, reason: str, detail: str, verdict: Verdict) -> ModelError:
        """The same in other words."""
        more = (self.retry_after, self.refused, self.paid, self.if_first, self.remedy, self.said)
        same = ModelError(reason, detail, verdict, *more)
        same.__cause__ = self.__cause__
        return same

    @property
    def retry(self) -> bool:
        """Whether asking again may help."""
        return self.verdict is Verdict.WAIT

    @property
    def fatal(self) -> bool:
        """Whether no question can fare better, so that the job fails at once."""
        return self.verdict is Verdict.REQUEST


class StoreEntry(NamedTuple):
    """One row of the response store."""

    key: bytes
    value: bytes
    subject: bytes = b""  # id of the record that the answer is about, as in a Put


def own_key(key: bytes, _: Any) -> tuple[bytes, ...]:
    """The keys of the answers to a request, where it has one answer."""
    return (key,)


def as_it_is(answer: Any) -> Any:
    """`answer` itself."""
    return answer


@dataclass(frozen=True)
class CallKind:
    """A kind of call: completions, vectors. Its functions are module-level ones, because engines are found by the
    pickled kind and configuration.
    """

    name: str
    open_client: Callable[[ModelConfig], Client]  # called inside the event loop that will use the client
    to_entries: Callable[[bytes, Any, Any], Sequence[StoreEntry]]  # (key, request, answer) -> entries of the store
    from_entries: Callable[[Sequence[bytes], Any], Any]  # (the values that stand, the answer) -> the answer that stands
    # (where another process has had it, there is no answer but these values)
    recent_answers: int  # kept for requests that were looked up before these were stored, and submitted after
    keys: Callable[[bytes, Any], Sequence[bytes]] = own_key  # (key, request) -> the keys of its entries
    clean: Callable[[Any], Any] = as_it_is  # an answer -> the same as it may be kept: without secrets of the process


@dataclass(frozen=True)
class Budget:
    """Limits of what all runs on one response store may spend; 0: no limit."""

    cost_usd: float = 0.0
    tokens: int = 0  # input and output together
    calls: int = 0
    shares: tuple[tuple[str, float], ...] = ()  # (stage, its share) in the order of the stages, together at most 1

    def __post_init__(self) -> None:
        if min(self.cost_usd, self.tokens, self.calls) < 0:
            raise InvalidInputError(
                f"a budget of {self.cost_usd} USD, {self.tokens} tokens, {self.calls} calls: below 0"
            )
        shares = [share for _, share in self.shares]
        if not all(share > 0 for share in shares) or not sum(shares) <= 1 + 1e-9:  # written so that NaN is refused
            raise InvalidInputError(
                f"the stages' shares of the budget are {self.shares}: each above 0, together at most 1"
            )


@dataclass(frozen=True)
class ModelConfig:
    """How to open a backend and how to ask it; plain values, so that it travels to workers. Never holds a key."""

    name: str = "offline"  # BACKEND or BACKEND:MODEL
    base_url: str = ""
    key_secret: str = ""  # name of the key's secret in Secret Manager; "": the key is in the environment
    max_in_flight: int = 64  # in each process
    flag: str = "--llm"  # the flag that named it, for error messages
    options: Mapping[str, Any] = field(default_factory=dict)  # of the backend: project, location ...
    store: str = ""  # address of the response store; "" or "none": answers are not stored
    durable: bool = False  # each commit of an embedded store waits for the disk
    budget: Budget = Budget()
    input_price: float = 0.0  # US dollars for a million tokens
    output_price: float = 0.0
    requests_per_minute: int = 0  # of the whole job, 0: no limit
    tokens_per_minute: int = 0
    rate_limiter: str = ""  # envoy://HOST:PORT/DOMAIN of a service that keeps the rate, in place of these two
    rate_descriptor: tuple[str, ...] = ()  # KEY=VALUE, by which the service finds the limit
    timeout: float = 120.0  # seconds for one call
    attempts: int = 8  # for one request, where a retry may help
    repairs: int = 1  # how often a malformed answer is asked for again, with a description of the fault

    def __post_init__(self) -> None:
        for name, least in (("max_in_flight", 1), ("attempts", 1), ("repairs", 0)):
            if getattr(self, name) < least:
                raise InvalidInputError(f"{name} {getattr(self, name)}: must be at least {least}")
        for name in ("requests_per_minute", "tokens_per_minute", "input_price", "output_price"):
            if getattr(self, name) < 0:
                raise InvalidInputError(f"{name} {getattr(self, name)}: must not be below 0")
        if self.rate_limiter and (self.requests_per_minute or self.tokens_per_minute):
            raise InvalidInputError(
                "rate_limiter: the service knows the rate; leave requests and tokens per minute out"
            )
        if self.timeout <= 0:
            raise InvalidInputError(f"timeout {self.timeout}: must be above 0 seconds")


def setting_of(flag: str, name: str) -> str:
    """How a setting is given of the model that `flag` names: of a judge, in its file.

    >>> setting_of("--embedder", "base_url"), setting_of("--judge", "base_url")
    ('--embedder_base_url', 'llm_base_url in a file for --judge')
    """
    return f"llm_{name} in a file for {flag}" if flag == "--judge" else f"{flag}_{name}"


def tokens_at_most(*texts: str) -> int:
    """An upper bound of the tokens in all `texts` together."""
    return sum(len(text.encode("utf-8", "replace")) for text in texts) // BYTES_PER_TOKEN + WRAPPING_TOKENS
