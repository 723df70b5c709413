"""Engines on a backend of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.protocol import CallKind, ModelConfig
from persona_hub.transforms.llm.protocol import Completion
from persona_hub.transforms.llm.registry import completion_entries, completion_of_entries
from tests.calls.backend import MODEL, Backend, Make, Script


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path}/responses.sqlite"


@pytest.fixture
def make(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """`make(script, hold=False, recent=9, **config)`: an engine and its backend."""
    monkeypatch.setattr("persona_hub.transforms.calls.call.FIRST_BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr("persona_hub.transforms.calls.engine.HEARTBEAT_SECONDS", 0.01)
    made: list[tuple[Engine, Backend]] = []

    def one(script: Script = Completion, hold: bool = False, recent: int = 9, **config: Any) -> tuple[Engine, Backend]:
        backend = Backend(script)
        if not hold:
            backend.released.set()
        settings: dict[str, Any] = {"name": MODEL, "store": address, "timeout": 10.0}
        kind = CallKind("test", lambda _: backend, completion_entries, completion_of_entries, recent)
        made.append((Engine(ModelConfig(**(settings | config)), kind), backend))
        return made[-1]

    yield one
    for engine, backend in made:
        backend.released.set()
        engine.close()
