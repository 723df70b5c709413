"""The real engine on a clock that jumps from timer to timer: minutes of calls in half a second, on any machine."""

from __future__ import annotations

import asyncio
import heapq
import random
import selectors
from collections.abc import Sequence
from typing import Any, NamedTuple

from persona_hub.transforms.calls.call import Inbox
from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.protocol import CallKind, ModelConfig, ModelError, Verdict
from persona_hub.transforms.llm.protocol import Completion, Request
from persona_hub.transforms.llm.registry import completion_entries, completion_of_entries

MEDIAN, SIGMA = 0.2, 0.99  # seconds of a call, log-normal: the slowest of a hundred takes 2 s
REFUSAL_SECONDS = 0.005


class Jumping(selectors.DefaultSelector):
    """Where it would sleep until a timer, it moves the clock on."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0 if timeout else timeout)
        if timeout and not ready:
            self.now += timeout
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop in which time passes only while all wait for a timer."""

    def __init__(self) -> None:
        self.clock = Jumping()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


class SimulatedServer:
    """A model with so many places, so many calls a minute and such shares of faults."""

    def __init__(
        self,
        places: int = 10**9,
        a_minute: int = 10**9,
        faults: dict[str, float] | None = None,
        retry_after: float | None = None,
        seed: int = 1,
    ):
        self.places, self.a_minute, self.faults, self.retry_after = places, a_minute, faults or {}, retry_after
        self.random = random.Random(seed)
        self.calls = self.busy = self.minute = self.in_minute = 0
        self.latencies: list[float] = []

    async def complete(self, request: Request) -> Completion:
        self.calls += 1
        now = asyncio.get_running_loop().time()
        if now // 60 != self.minute:
            self.minute, self.in_minute = int(now // 60), 0
        fault = self.fault()
        if self.busy >= self.places or self.in_minute >= self.a_minute or fault == "429":
            await asyncio.sleep(REFUSAL_SECONDS)
            raise ModelError("http-429", verdict=Verdict.WAIT, retry_after=self.retry_after, refused=True)
        self.busy += 1
        self.in_minute += 1
        try:
            self.latencies.append(self.random.lognormvariate(0, SIGMA) * MEDIAN)
            await asyncio.sleep(1000 if fault == "hang" else self.latencies[-1])
        finally:
            self.busy -= 1
        if fault:
            raise ModelError(fault, verdict=Verdict.WAIT)
        return Completion("yes", 10, 1)

    def fault(self) -> str:
        point = self.random.random()
        for name, share in self.faults.items():
            point -= share
            if point < 0:
                return name
        return ""

    async def close(self) -> None:
        pass


class Ran(NamedTuple):
    """What became of a run."""

    answered: int
    calls_an_input: float
    seconds: float  # on the simulated clock
    limit: int  # of calls in flight, at the end
    held_back: float  # seconds


def run(server: SimulatedServer, n: int, **settings: Any) -> Ran:
    """Asks `n` questions at once."""
    random.seed(1)  # of the jitter
    kind = CallKind("simulated", lambda config: server, completion_entries, completion_of_entries, recent_answers=n)
    engine = Engine(ModelConfig(**settings), kind, SimulatedLoop())
    try:
        inbox = Inbox()
        questions = [(i.to_bytes(4), Request("t", "", str(i), "h"), i) for i in range(n)]
        engine.submit("stage", questions, inbox)
        outcomes = [inbox.arrived.get() for _ in range(n)]
        assert sorted(outcome.ticket for outcome in outcomes) == list(range(n)), "one outcome for each question"
        answered = sum(isinstance(outcome.answer, Completion) for outcome in outcomes)
        limit = int(engine.queue.limiter.limit)
        return Ran(answered, server.calls / n, engine.loop.time(), limit, engine.throttle.seconds)
    finally:
        engine.close()


def best_schedule(latencies: Sequence[float], places: int) -> float:
    """Seconds of list scheduling: each call starts when the first of `places` is free."""
    free = [0.0] * places
    for seconds in latencies:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)
