"""A request on its way to a model, and those who wait for it."""

from __future__ import annotations

import asyncio
import queue
import random
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from persona_hub.transforms.calls.protocol import Asked, ModelError
from persona_hub.transforms.store.protocol import Amount, Spend

BACKOFF_SECONDS, BACKOFF_MOST = 0.25, 20.0  # doubled at each attempt
RETRY_AFTER_MOST = 600.0  # a server that asks for more than this is as good as gone
REFUSED_SECONDS = 150.0  # for which refusals do not count as attempts: a quota of a minute is there again after that


class Stopped(RuntimeError):
    """The stop word was said: what was in flight is stored, the rest waits for the next run."""


class Outcome(NamedTuple):
    """What came of one submitted request."""

    ticket: Any  # whatever the submitter gave with it
    answer: Any  # of the kind that was asked for, or an exception
    paid: bool = False  # this very request was sent; else another one like it was
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
    request: Asked
    stage: str
    worst: Amount
    waiting: list[tuple[Inbox, Any]]
    attempts: int = 0
    first: float = 0.0  # when it was first sent
    started: float = 0.0  # of the last attempt
    seconds: float = 0.0
    pace_tokens: float = 0.0
    spend: Spend = field(default_factory=Spend)
    answer: Any = None
    entries: int = 0  # of the store, that its answer takes
    values: list[bytes] = field(default_factory=list)  # of those that stand
    rest: asyncio.TimerHandle | None = None  # until the next attempt

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits."""
        return any(not inbox.cancelled for inbox, _ in self.waiting)

    @property
    def input_tokens(self) -> int:
        """The most that the prompt can have."""
        return self.worst.tokens - self.request.most_output

    def deliver(self, answer: Any, cost: int = 0) -> None:
        """Tells all who wait; the first of them is the one that paid."""
        paid = not isinstance(answer, Exception)
        for inbox, ticket in self.waiting:
            inbox.arrived.put(Outcome(ticket, answer, paid, self.attempts, self.seconds, cost if paid else 0))
            paid = False


def worth_another(error: ModelError, call: Call, attempts: int, now: float) -> bool:
    """Whether a call that failed is to be sent again."""
    if not (error.retry and call.wanted and (error.retry_after or 0.0) <= RETRY_AFTER_MOST):  # NaN is not either
        return False
    return call.attempts < attempts or (error.refused and now - call.first < REFUSED_SECONDS)


def retry_wait(error: ModelError, attempts: int) -> float:
    """Seconds until the next attempt: what the server asked for, or ever longer, with jitter so that a crowd of
    requests that were refused together does not come back together.
    """
    backoff = min(BACKOFF_MOST, BACKOFF_SECONDS * 2 ** (attempts - 1)) * random.uniform(0.5, 1.0)
    return max(error.retry_after or 0.0, backoff) * random.uniform(1.0, 1.1)
