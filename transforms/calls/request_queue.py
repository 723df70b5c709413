"""Requests that wait: for a slot, for their share of rates and budget, or for their next attempt."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any

from persona_hub.transforms.calls.admission import Admission, AdmissionControl
from persona_hub.transforms.calls.call import Call, Inbox, Outcome
from persona_hub.transforms.calls.concurrency import ConcurrencyLimiter, ThrottleMeter
from persona_hub.transforms.calls.protocol import Answer, CallRequest, ModelError

BUDGET_REMEDY = "raise the budget and run the same command again"

KeyedRequests = Sequence[tuple[bytes, CallRequest, Any]]  # (key, request, the submitter's ticket)


class RequestQueue:
    """Starts calls while there is room for them. Lives on the engine's loop thread.

    Equal requests share one call. A call holds its slot from `start` until `free_slot`; one that waits for its next
    attempt holds none.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        admission: AdmissionControl,
        max_in_flight: int,
        recent_answers: int,
        start: Callable[[Call], None],
    ):
        self.loop, self.admission, self.start, self.recent_answers = loop, admission, start, recent_answers
        self.limiter = ConcurrencyLimiter(max_in_flight)
        self.throttle = ThrottleMeter()
        self.calls: dict[bytes, Call] = {}  # all that are not delivered, by key
        self.waiting: deque[Call] = deque()
        self.between_attempts: set[Call] = set()  # until their timer starts them again
        self.recent: OrderedDict[bytes, Answer] = OrderedDict()
        self.in_flight = 0
        self.ended: Exception | None = None  # why no call is started any more
        self.faulty = False  # it ended by a fault of this program: what is counted here may be wrong

    def add(self, stage: str, requests: KeyedRequests, inbox: Inbox) -> None:
        """Queues requests, but for those that are answered or under way."""
        for key, request, ticket in requests:
            if key in self.recent:
                inbox.arrived.put(Outcome(ticket, self.recent[key]))
            elif key in self.calls:
                self.calls[key].waiters.append((inbox, ticket))
            else:
                call = Call(key, request, stage, self.admission.budget.worst_case(request), [(inbox, ticket)])
                self.calls[key] = call
                self.waiting.append(call)
        self.pump()

    def pump(self) -> None:
        """Starts calls while there is room for them."""
        while self.waiting and (self.ended or self.limiter.has_room(self.in_flight, self.loop.time())):
            call = self.waiting.popleft()
            if not call.wanted:
                del self.calls[call.key]
            elif self.ended:
                self.deliver(call, self.ended)
            elif (admission := self.admission.admit(call)) is Admission.WAIT:
                self.waiting.appendleft(call)
                break
            elif admission is Admission.BUDGET_SPENT:
                self.deliver(call, ModelError("budget-exhausted", BUDGET_REMEDY))
            else:
                self.in_flight += 1
                call.attempts += 1
                self.start(call)
        held_back = 1.0 if self.admission.rate_limited else self.limiter.throttled_share
        self.throttle.record(held_back if self.waiting or self.between_attempts else 0.0, self.loop.time())

    def free_slot(self) -> None:
        """A call that was started holds its slot no longer."""
        self.in_flight -= 1

    def retry_later(self, call: Call, delay: float) -> None:
        """Sends a call again in `delay` seconds, before all that wait."""
        call.retry_timer = self.loop.call_later(delay, self._retry, call)
        self.between_attempts.add(call)

    def on_refusal(self, delay: float) -> None:
        """The server refused a call, which is sent again in `delay` seconds."""
        if self.limiter.on_refusal(delay, self.loop.time()):
            self.loop.call_at(self.limiter.paused_until, self.pump)

    def remember(self, call: Call, answer: Answer) -> None:
        """Keeps an answer for requests that were looked up before it was stored, and are submitted after."""
        self.recent[call.key] = answer
        if len(self.recent) > self.recent_answers:
            self.recent.popitem(last=False)

    def deliver(self, call: Call, answer: Answer | Exception, cost: int = 0) -> None:
        """Ends a call: all who wait have its answer."""
        if self.calls.get(call.key) is call:  # else a fault has ended it
            del self.calls[call.key]
            call.deliver(answer, cost)

    def drop_unwanted(self) -> None:
        """Drops the calls that wait for bundles which were cancelled."""
        for call in [call for call in self.between_attempts if not call.wanted]:
            if call.retry_timer:
                call.retry_timer.cancel()
            self.between_attempts.discard(call)
            del self.calls[call.key]
        for call in self.waiting:
            if not call.wanted:
                del self.calls[call.key]
        self.waiting = deque(call for call in self.waiting if call.wanted)
        self.pump()

    def end(self, reason: Exception) -> None:
        """Starts no call any more: at the next `pump` all that wait have `reason` for an answer."""
        self.ended = self.ended or reason
        for call in self.between_attempts:
            if call.retry_timer:
                call.retry_timer.cancel()
            self.waiting.append(call)
        self.between_attempts.clear()

    def fail(self, fault: Exception) -> None:
        """What should never happen has: all who wait hear of it at once, whatever state their calls are in."""
        self.end(fault)
        self.faulty = True
        self.waiting.clear()
        for call in list(self.calls.values()):
            self.deliver(call, fault)

    def _retry(self, call: Call) -> None:
        self.between_attempts.discard(call)
        self.waiting.appendleft(call)
        self.pump()
