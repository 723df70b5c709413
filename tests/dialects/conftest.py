"""A model on the fake server, and a response store of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_hub.transforms.calls.protocol import ModelConfig
from tests.servers.models.launch import FakeServer


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path}/responses.sqlite"


@pytest.fixture
def model(server: FakeServer, store: str) -> ModelConfig:
    return ModelConfig(name="openai:some-model", base_url=server.url, store=store, timeout=20)
