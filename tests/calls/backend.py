"""A backend that answers when the test says so, and how a test asks by it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence

from persona_hub.transforms.calls.call import Inbox, Outcome
from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.llm.protocol import Completion, Request, request_key

MODEL = "test:model"
Script = Callable[[str], Completion]


class Backend:
    """Holds each call until `released`; then does what `script` says to its prompt."""

    def __init__(self, script: Script):
        self.script, self.released = script, threading.Event()
        self.seen: list[str] = []
        self.now = self.most = 0
        self.closed = False

    async def complete(self, request: Request) -> Completion:
        self.seen.append(request.prompt)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            while not self.released.is_set():
                await asyncio.sleep(0.001)
            return self.script(request.prompt)
        finally:
            self.now -= 1

    async def close(self) -> None:
        self.closed = True


Make = Callable[..., tuple[Engine, Backend]]


def key_of(prompt: str) -> bytes:
    return request_key(MODEL, Request("t", "", prompt, "h"))


def submit(engine: Engine, prompts: Sequence[str], inbox: Inbox | None = None, stage: str = "s") -> Inbox:
    inbox = inbox or Inbox()
    engine.submit(stage, [(key_of(prompt), Request("t", "", prompt, "h"), prompt) for prompt in prompts], inbox)
    return inbox


def outcomes(inbox: Inbox, n: int) -> dict[str, Outcome]:
    found = [inbox.arrived.get(timeout=20) for _ in range(n)]
    assert inbox.arrived.empty()
    return {outcome.ticket: outcome for outcome in found}


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


PROMPTS = [f"prompt {i}" for i in range(10)]
