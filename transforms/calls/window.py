"""The calls that one bundle of a runner has submitted to the engine, and that are not answered yet."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

from persona_hub.transforms.calls.call import Inbox, Outcome, Stopped
from persona_hub.transforms.calls.engine import Engine, EngineFault
from persona_hub.transforms.calls.protocol import ModelError
from persona_hub.transforms.calls.request_queue import KeyedRequests
from persona_hub.transforms.counting.board import LiveCounts
from persona_hub.transforms.store.protocol import StoreError

ALIVE_CHECK_SECONDS = 5.0  # between two looks at whether the engine's thread still lives


class CallWindow:
    """Submits requests, and hands on their outcomes as they come."""

    def __init__(self, stage: str, engine: Engine):
        self.stage, self.engine = stage, engine
        self.inbox = Inbox()
        self.open = 0
        self.counts = LiveCounts(stage)
        self.paid: list[Outcome] = []  # since the last report of metrics

    def submit(self, requests: KeyedRequests) -> None:
        """Asks for the answer to each (key, request, ticket)."""
        if requests:
            self.open += len(requests)
            self.engine.submit(self.stage, requests, self.inbox)

    def arrivals(self, take: Callable[[Outcome], None], unanswered: int) -> Iterator[None]:
        """Waits until at most `unanswered` requests are open; `take` gets each outcome, and may submit more.

        Yields after each. When the engine has ended (`take` raises what ended it), what is in flight is awaited all the
        same, so that it is stored before the runner learns of it and ends the process.
        """
        fault: Exception | None = None
        while self.open:
            try:
                outcome = self.inbox.arrived.get(self.open > unanswered, ALIVE_CHECK_SECONDS)
            except queue.Empty:
                if self.open <= unanswered:
                    break
                self._check_engine()
                continue
            self.open -= 1
            self._count(outcome)
            try:
                take(outcome)
            except (Stopped, StoreError, ModelError, EngineFault) as error:
                fault, unanswered = fault or error, 0
            yield
        if fault:
            raise fault

    def abandon(self) -> None:
        """The bundle failed: nothing more is sent for it."""
        self.engine.cancel(self.inbox)

    def _count(self, outcome: Outcome) -> None:
        if isinstance(outcome.answer, Exception):
            return
        if not outcome.paid:
            self.counts["joined"] += 1
            return
        self.counts["retries"] += max(0, outcome.attempts - 1)
        self.counts["calls"] += 1
        self.counts["input_tokens"] += outcome.answer.input_tokens
        self.counts["output_tokens"] += outcome.answer.output_tokens
        self.counts["cost_nano_usd"] += outcome.cost
        self.paid.append(outcome)

    def _check_engine(self) -> None:
        if not self.engine.thread.is_alive():
            raise RuntimeError("the thread that calls the model has died; its traceback is in the log")
        if self.engine.writer and not self.engine.writer.thread.is_alive():
            raise RuntimeError("the thread that writes to the response store has died; its traceback is in the log")
        if isinstance(self.engine.ended, EngineFault):  # in the very step that took these requests
            raise self.engine.ended
