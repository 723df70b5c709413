"""The gate that each call passes before it is sent: requests and tokens a minute, and the budget."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from enum import Enum
from typing import Any

from persona_hub.transforms.calls.call import Call
from persona_hub.transforms.calls.governor import Governor
from persona_hub.transforms.calls.limiter import Pace
from persona_hub.transforms.calls.protocol import Answer, ModelConfig, ModelError
from persona_hub.transforms.calls.rate_limiter import RateLimiter, rate_service
from persona_hub.transforms.store.protocol import Amount, Ask, Book, Job, Put, Spend

TYPICAL_WEIGHT = 0.05  # of the latest answer in the running mean of their lengths


class Pass(Enum):
    """What the gate says to a call."""

    GO = "go"  # its share of pace and budget is taken
    WAIT = "wait"  # more has been asked for: `on_room` is called when it comes
    OVER = "over"  # the budget is used up


class Gate:
    """Lives on the engine's loop thread; `submit` sends jobs to the store (None: there is none)."""

    def __init__(
        self,
        config: ModelConfig,
        owner: str,
        loop: asyncio.AbstractEventLoop,
        submit: Callable[[Job, Any], None] | None,
        on_room: Callable[[], None],
        on_fault: Callable[[ModelError], None],
    ):
        self.loop, self.submit, self.on_room, self.on_fault = loop, submit, on_room, on_fault
        self.governor = Governor(config.budget, config.input_price, config.output_price, owner)
        self.requests = pace_of("requests", config, config.requests_per_minute)
        self.tokens = pace_of("tokens", config, config.tokens_per_minute)
        self.typical_output = 0.0

    @property
    def pacing(self) -> bool:
        """Whether calls wait for their minute."""
        return self.requests.booking or self.tokens.booking

    def admit(self, call: Call) -> Pass:
        """Takes what the call needs, or asks for what lacks."""
        call.pace_tokens = call.input_tokens + (self.typical_output or call.request.most_output)
        for pace, n in ((self.requests, 1.0), (self.tokens, call.pace_tokens)):
            if not pace.has(n):
                self._book(pace, n)
                return Pass.WAIT
        if not self.governor.reserve(call.stage, call.worst):
            return self._lease(call)
        self.requests.take(1.0)
        self.tokens.take(call.pace_tokens)
        return Pass.GO

    def answered(self, call: Call, answer: Answer) -> Spend:
        """What an answer cost; the pace gets back what it did not take."""
        tokens = answer.output_tokens
        typical = self.typical_output or float(tokens)
        self.typical_output = typical + TYPICAL_WEIGHT * (tokens - typical)
        self.tokens.credit += call.pace_tokens - answer.input_tokens - tokens
        return self.governor.spent(answer)

    def failed(self, call: Call, error: ModelError) -> None:
        """Counts what a failed call cost, if it did: nobody can read how much, so the prompt at its longest."""
        spend = self.governor.spend(call.input_tokens, 0) if error.paid else Spend()
        if error.paid and self.submit:
            self.submit(Put(b"", b"", call.stage, spend, self.governor.owner), None)
        self.settle(call, spend)

    def settle(self, call: Call, spend: Spend) -> None:
        """A call is over: what it did not use of its reserve is free."""
        self.governor.settle(call.stage, call.worst, spend.amount)

    def done(self, token: Any, result: Any) -> None:
        """The store's result for a job of the gate's own."""
        if isinstance(token, Ask):
            self.governor.leased(token, result if isinstance(result, Amount) else Amount(), self.loop.time())
        else:
            pace, seconds = token
            begin = result if isinstance(result, float) else time.time()
            self.loop.call_later(max(0.0, begin - time.time()), self._booked, pace, seconds)

    def close(self) -> None:
        """Ends the threads."""
        for pace in (self.requests, self.tokens):
            if pace.service:
                pace.service.close()

    def _lease(self, call: Call) -> Pass:
        if self.governor.exhausted(call.stage, call.worst, self.loop.time()):
            # What is in flight may use less than was reserved for it.
            return Pass.WAIT if self.governor.reserved.get(call.stage) else Pass.OVER
        if call.stage not in self.governor.asking and self.submit:
            ask = self.governor.ask(call.stage, call.worst)
            self.submit(ask, ask)
        return Pass.WAIT

    def _book(self, pace: Pace, n: float) -> None:
        if pace.booking:
            return
        pace.booking = True
        if pace.service:
            hits = pace.lacking(n)
            pace.service.ask(hits, lambda fault: self._told(pace, hits, fault))
            return
        seconds = pace.wanted(n)
        if self.submit:
            self.submit(Book(pace.name, seconds), (pace, seconds))
        else:
            self.loop.call_later(seconds, self._booked, pace, seconds)

    def _told(self, pace: Pace, hits: int, fault: ModelError | None) -> None:
        """On the rate limiter's thread: its answer."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits for it any more
            self.loop.call_soon_threadsafe(self._granted, pace, hits, fault)

    def _granted(self, pace: Pace, hits: int, fault: ModelError | None) -> None:
        if fault:
            self.on_fault(fault)
        pace.granted(hits)
        self.on_room()

    def _booked(self, pace: Pace, seconds: float) -> None:
        pace.booked(seconds)
        self.on_room()


def pace_of(unit: str, config: ModelConfig, per_minute: int) -> Pace:
    """What paces the requests or tokens of one model: a rate limit service, or a time line in the store."""
    if not config.rate_limiter:
        return Pace(f"{unit} {config.name}", per_minute)
    return Pace(unit, 0, RateLimiter(rate_service(config.rate_limiter, config.rate_descriptor), unit))
