"""Admission control: a call is sent when it has its share of the rates and of the budget."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from persona_hub.transforms.calls.budget import BudgetTracker
from persona_hub.transforms.calls.call import Call
from persona_hub.transforms.calls.protocol import Answer, ModelConfig, ModelError
from persona_hub.transforms.calls.rate_limiter import RateLimiter, rate_limiter_of
from persona_hub.transforms.store.protocol import Amount, Book, Lease, Put, Spend, StoreJob

TYPICAL_WEIGHT = 0.05  # of the latest answer in the running mean of the answers' lengths


class Admission(Enum):
    """What becomes of a call that asks to be sent."""

    ADMITTED = "admitted"  # its share of rates and budget is taken
    WAIT = "wait"  # more has been asked for: `on_room` is called when it comes
    BUDGET_SPENT = "budget spent"


class Booking(NamedTuple):
    """The token of a Book job: whose time it is."""

    limiter: RateLimiter
    seconds: float


class AdmissionControl:
    """Lives on the engine's loop thread; `submit` sends jobs to the store (None: there is none)."""

    def __init__(
        self,
        config: ModelConfig,
        owner: str,
        loop: asyncio.AbstractEventLoop,
        submit: Callable[[StoreJob, Any], None] | None,
        on_room: Callable[[], None],
        on_fault: Callable[[ModelError], None],
    ):
        self.loop, self.submit, self.on_room, self.on_fault = loop, submit, on_room, on_fault
        self.budget = BudgetTracker(config.budget, config.input_price, config.output_price, owner)
        self.requests = rate_limiter_of("requests", config, config.requests_per_minute)
        self.tokens = rate_limiter_of("tokens", config, config.tokens_per_minute)
        self.typical_output = 0.0  # tokens; 0: no answer has come yet

    @property
    def rate_limited(self) -> bool:
        """Whether calls wait for a rate."""
        return self.requests.pending or self.tokens.pending

    def admit(self, call: Call) -> Admission:
        """Takes what the call needs, or asks for what is missing."""
        call.rate_tokens = call.max_input_tokens + (self.typical_output or call.request.max_output_tokens)
        for limiter, n in ((self.requests, 1.0), (self.tokens, call.rate_tokens)):
            if not limiter.has(n):
                self._ask_for_rate(limiter, n)
                return Admission.WAIT
        if not self.budget.reserve(call.stage, call.worst_case):
            return self._ask_for_lease(call)
        self.requests.take(1.0)
        self.tokens.take(call.rate_tokens)
        return Admission.ADMITTED

    def on_answer(self, call: Call, answer: Answer) -> Spend:
        """What an answer cost; the tokens that it did not use go back to the rate limiter."""
        tokens = answer.output_tokens
        typical = self.typical_output or float(tokens)
        self.typical_output = typical + TYPICAL_WEIGHT * (tokens - typical)
        self.tokens.credit += call.rate_tokens - answer.input_tokens - tokens
        return self.budget.cost_of_answer(answer)

    def on_failure(self, call: Call, error: ModelError) -> None:
        """Counts what a failed call cost, if it did: how much cannot be known, so the prompt at its longest."""
        spend = self.budget.cost(call.max_input_tokens, 0, estimated=True) if error.paid else Spend()
        if error.paid and self.submit:
            self.submit(Put(b"", b"", call.stage, spend, self.budget.owner), None)
        self.settle(call, spend)

    def settle(self, call: Call, spend: Spend) -> None:
        """A call has ended: what it did not use of its reserve is free."""
        self.budget.settle(call.stage, call.worst_case, spend.amount)

    def on_store_result(self, token: Lease | Booking, result: Any) -> None:
        """The store's result for a job that was submitted here; an exception where the store failed."""
        if isinstance(token, Lease):
            self.budget.on_lease(token, result if isinstance(result, Amount) else Amount(), self.loop.time())
        else:
            begin = result if isinstance(result, float) else time.time()
            self.loop.call_later(max(0.0, begin - time.time()), self._on_booked, token)

    def close(self) -> None:
        """Ends the threads."""
        for limiter in (self.requests, self.tokens):
            if limiter.service:
                limiter.service.close()

    def _ask_for_lease(self, call: Call) -> Admission:
        if self.budget.exhausted(call.stage, call.worst_case, self.loop.time()):
            # Calls in flight may use less than was reserved for them.
            return Admission.WAIT if self.budget.in_flight.get(call.stage) else Admission.BUDGET_SPENT
        if call.stage not in self.budget.asking and self.submit:
            lease = self.budget.lease_for(call.stage, call.worst_case)
            self.submit(lease, lease)
        return Admission.WAIT

    def _ask_for_rate(self, limiter: RateLimiter, n: float) -> None:
        if limiter.pending:
            return
        limiter.pending = True
        if limiter.service:
            hits = limiter.missing(n)
            limiter.service.ask(hits, lambda fault: self._on_service_reply(limiter, hits, fault))
            return
        booking = Booking(limiter, limiter.seconds_to_book(n))
        if self.submit:
            self.submit(Book(limiter.name, booking.seconds), booking)
        else:
            self.loop.call_later(booking.seconds, self._on_booked, booking)

    def _on_service_reply(self, limiter: RateLimiter, hits: int, fault: ModelError | None) -> None:
        """On the Envoy client's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits for it any more
            self.loop.call_soon_threadsafe(self._on_hits, limiter, hits, fault)

    def _on_hits(self, limiter: RateLimiter, hits: int, fault: ModelError | None) -> None:
        if fault:
            self.on_fault(fault)
        limiter.add(hits)
        self.on_room()

    def _on_booked(self, booking: Booking) -> None:
        booking.limiter.on_booked(booking.seconds)
        self.on_room()
