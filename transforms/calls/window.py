"""What one bundle of a runner has asked of the engine and not heard of yet."""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from persona_hub.transforms.calls.call import Inbox, Outcome, Stopped
from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.protocol import Asked, ModelError
from persona_hub.transforms.store.protocol import StoreError

PATIENCE_SECONDS = 5.0  # between looks at whether the engine still lives


class Window:
    """Submits questions, and hands on their outcomes as they come."""

    def __init__(self, stage: str, engine: Engine):
        self.stage, self.engine = stage, engine
        self.inbox = Inbox()
        self.open = 0
        self.counts: Counter[str] = Counter()
        self.paid: list[Outcome] = []  # for distributions

    def submit(self, items: Sequence[tuple[bytes, Asked, Any]]) -> None:
        """Asks for the answer to each (key, request, ticket)."""
        if items:
            self.open += len(items)
            self.engine.submit(self.stage, items, self.inbox)

    def arrivals(self, take: Callable[[Outcome], None], unanswered: int) -> Iterator[None]:
        """Waits until at most `unanswered` questions are open; `take` gets what is there, and may submit more.

        Yields after each. When the engine has ended (`take` raises what ended it), what is in flight is awaited all the
        same, so that it is stored before the runner hears of it and ends the process.
        """
        fault: Exception | None = None
        while self.open:
            try:
                outcome = self.inbox.arrived.get(self.open > unanswered, PATIENCE_SECONDS)
            except queue.Empty:
                if self.open <= unanswered:
                    break
                self._check_engine()
                continue
            self.open -= 1
            self._note(outcome)
            try:
                take(outcome)
            except (Stopped, StoreError, ModelError) as error:
                fault, unanswered = fault or error, 0
            yield
        if fault:
            raise fault

    def abandon(self) -> None:
        """The bundle failed: nothing more is sent for it."""
        self.engine.cancel(self.inbox)

    def _note(self, outcome: Outcome) -> None:
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
            raise RuntimeError("the thread that calls the model has died; its last words are in the log")
