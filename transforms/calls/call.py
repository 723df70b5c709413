"""A request on its way to a model, and the bundles which wait for its answer."""

from __future__ import annotations

import asyncio
import queue
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from persona_hub.transforms.calls.protocol import CallRequest, ModelError, Verdict
from persona_hub.transforms.reasons import surely_of_input
from persona_hub.transforms.store.protocol import Amount, Spend

FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.25, 20.0  # doubled at each attempt
LONGEST_RETRY_AFTER = 600.0  # seconds; a server that asks for more than this is as good as gone
FIRST_ALIKE = 8  # refusals with which a server that has answered nothing yet has shown that it refuses all
ALIKE_IN_A_ROW = 40  # after answers, with none in between
NO_SUCH_PLACE = ("http-404", "http-405", "http-410")
TOO_LARGE, TOO_LARGE_ATTEMPTS = "answer-too-large", 2  # each of them is paid for, whole
REFUSALS_FREE_SECONDS = 150.0  # in which refusals use up no attempts: a quota of a minute is there again after that


class Stopped(RuntimeError):
    """The job was asked to stop: calls that were in flight are stored, the rest waits for the next run."""


class Outcome(NamedTuple):
    """What came of one submitted request."""

    ticket: Any  # whatever the submitter gave with it
    answer: Any  # of the kind that was asked for, or an exception
    paid: bool = False  # this request was sent; False: an equal one was, or it failed
    attempts: int = 0
    seconds: float = 0.0  # of the last attempt
    cost: int = 0  # billionths of a US dollar


@dataclass
class Inbox:
    """Where a bundle finds its outcomes; once cancelled, its queued requests are dropped."""

    arrived: queue.SimpleQueue[Outcome] = field(default_factory=queue.SimpleQueue)
    cancelled: bool = False


@dataclass(eq=False)
class Call:
    """A request under way, and all who wait for its answer."""

    key: bytes
    request: CallRequest
    stage: str
    worst_case: Amount  # reserved from the budget while the call is in flight
    waiters: list[tuple[Inbox, Any]]  # with their tickets
    attempts: int = 0
    first_sent: float = 0.0  # times are those of the event loop, in seconds
    last_sent: float = 0.0
    seconds: float = 0.0  # that the last attempt took
    rate_tokens: float = 0.0  # taken from the rate limiter for the last attempt
    retry_timer: asyncio.TimerHandle | None = None  # between two attempts
    spend: Spend = field(default_factory=Spend)
    answer: Any = None
    entries: int = 0  # of the store, that the answer is written to
    stored: list[bytes] = field(default_factory=list)  # the values of those that are durable

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits."""
        return any(not inbox.cancelled for inbox, _ in self.waiters)

    @property
    def max_input_tokens(self) -> int:
        """An upper bound of the tokens in the request."""
        return self.worst_case.tokens - self.request.max_output_tokens

    def deliver(self, answer: Any, cost: int = 0) -> None:
        """Puts an outcome into the inbox of all who wait; the first of them is the one that paid."""
        paid = not isinstance(answer, Exception)
        for inbox, ticket in self.waiters:
            inbox.arrived.put(Outcome(ticket, answer, paid, self.attempts, self.seconds, cost if paid else 0))
            paid = False


class Judge:
    """Says what a refusal means for all other questions. Lives on the engine's loop thread.

    While a server has answered nothing, refusals of one kind say that it takes no such request: at once for a wrong key
    or address, after FIRST_ALIKE for what one input alone might have brought about, or where all of fewer are refused.
    Where answers of the same model, prompts and settings are in the store, it does take them: what is asked again may
    be no more than what it refuses each time. After answers, ALIKE_IN_A_ROW refusals say that the server has changed.

    `answered_elsewhere(stage)`: whether another process of the job has had answers meanwhile. `others_wait()`: whether
    any question but the one that was refused waits or is under way.
    """

    def __init__(self, answered_elsewhere: Callable[[str], bool], others_wait: Callable[[], bool]):
        self.answered_elsewhere, self.others_wait = answered_elsewhere, others_wait
        self.answered = False  # something, in this engine
        self.known = False  # answers to such requests are in the store
        self.refusals: Counter[str] = Counter()  # by reason, since the last answer

    def on_answer(self) -> None:
        """The server has answered a call."""
        self.answered = True
        if self.refusals:
            self.refusals.clear()

    def judged(self, error: ModelError, stage: str) -> ModelError:
        """The error as it stands for all."""
        if error.if_first is None:
            return error
        self.refusals[error.reason] += 1
        if error.verdict is Verdict.ACCOUNT:
            return error if self._has_answered(stage) else error.judged(error.if_first)
        of_input, nowhere = surely_of_input(error.reason), error.reason in NO_SUCH_PLACE
        alike = self.refusals[error.reason]
        all_of_few = alike >= 2 and len(self.refusals) == 1 and not self.others_wait()
        if self.answered or (self.known and not nowhere):
            changed = alike >= ALIKE_IN_A_ROW and not of_input
            return error.judged(Verdict.ACCOUNT) if changed else error
        if alike >= FIRST_ALIKE or (not self.known and (nowhere or all_of_few)):
            return error if self._has_answered(stage) else error.judged(error.if_first)
        return error

    def _has_answered(self, stage: str) -> bool:
        return self.answered or self.answered_elsewhere(stage)


def should_retry(error: ModelError, call: Call, attempts: int, now: float) -> bool:
    """Whether a call that failed is to be sent again, where `attempts` are allowed."""
    if not (error.retry and call.wanted and (error.retry_after or 0.0) <= LONGEST_RETRY_AFTER):  # False for NaN, too
        return False
    attempts = min(attempts, TOO_LARGE_ATTEMPTS) if error.reason == TOO_LARGE else attempts
    return call.attempts < attempts or (error.refused and now - call.first_sent < REFUSALS_FREE_SECONDS)


def retry_delay(error: ModelError, attempts: int) -> float:
    """Seconds until the next attempt: what the server asked for, or exponential backoff. Both with jitter, so that
    requests which were refused together do not come back together.
    """
    backoff = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (attempts - 1)) * random.uniform(0.5, 1.0)
    return max(error.retry_after or 0.0, backoff) * random.uniform(1.0, 1.1)
