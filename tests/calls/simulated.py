"""Admission control of several processes on one store, in simulated time: a loop that jumps from timer to timer."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from persona_hub.transforms.calls.admission import Admission, AdmissionControl
from persona_hub.transforms.calls.call import Call
from persona_hub.transforms.calls.protocol import ModelConfig, ModelError
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling
from persona_hub.transforms.store.protocol import Amount, Put, ResponseStore, Spend

ROUND_TRIP = 0.002  # seconds to the store and back


class Clock:
    """As much of an event loop as admission control uses."""

    def __init__(self, now: float) -> None:
        self.now, self.timers, self.number = now, list[Any](), itertools.count()

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, action: Callable[..., Any], *arguments: Any) -> None:
        heapq.heappush(self.timers, (self.now + seconds, next(self.number), action, arguments))

    def run(self, seconds: float) -> None:
        """Lets time go on, until nothing is left to happen at most."""
        until = self.now + seconds
        while self.timers and self.timers[0][0] <= until:
            self.now, _, action, arguments = heapq.heappop(self.timers)
            action(*arguments)
        self.now = until


@dataclass
class Process:
    """One process that asks as fast as it is admitted."""

    clock: Clock
    store: ResponseStore | None
    config: ModelConfig
    owner: str
    calls: deque[Call]
    end: Callable[[Call], Completion | ModelError]  # what becomes of a call
    in_flight: int = 0
    sent: list[float] = field(default_factory=list)
    tokens: list[tuple[float, int]] = field(default_factory=list)
    over: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        submit = self.submit if self.store else None
        self.admission = AdmissionControl(self.config, self.owner, self.clock, submit, self.pump, self.fail)  # type: ignore[arg-type]

    def submit(self, job: Any, token: Any) -> None:
        assert self.store
        [result] = self.store.commit([job])
        if token is not None:
            self.clock.call_later(ROUND_TRIP, self.told, token, result)

    def told(self, token: Any, result: Any) -> None:
        self.admission.on_store_result(token, result)
        self.pump()

    def pump(self) -> None:
        while self.calls and self.in_flight < self.config.max_in_flight:
            call = self.calls[0]
            answer = self.admission.admit(call)
            if answer is Admission.WAIT:
                return
            self.calls.popleft()
            if answer is Admission.BUDGET_SPENT:
                self.over[call.stage] += 1
                continue
            self.in_flight += 1
            self.sent.append(self.clock.now)
            self.clock.call_later(0.5, self.finish, call)

    def fail(self, error: ModelError) -> None:
        raise error

    def finish(self, call: Call) -> None:
        self.in_flight -= 1
        answer = self.end(call)
        if isinstance(answer, ModelError):
            self.admission.on_failure(call, answer)
        else:
            spend: Spend = self.admission.on_answer(call, answer)
            self.tokens.append((self.clock.now, spend.input_tokens + spend.output_tokens))
            if self.store:
                self.store.commit([Put(call.key, b"", call.stage, spend, self.owner)])
            self.admission.settle(call, spend)
            self.done[call.stage] += 1
        self.pump()


def call_of(number: int, stage: str = "extract", words: int = 50, longest: int = 100) -> Call:
    """A call whose prompt has at most 4 x `words` bytes."""
    request = Request("task", "", "word" * words, "hash", Sampling(max_tokens=longest))
    worst = Amount(1, request.max_input_tokens + longest, 0)
    return Call(number.to_bytes(16, "big"), request, stage, worst, [])
