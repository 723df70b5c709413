"""The counters and distributions of a step that asks a model."""

from __future__ import annotations

from pathlib import Path

from persona_hub.transforms.calls.protocol import ModelConfig
from tests.helpers.asking import counted, records
from tests.servers.models.launch import FakeServer


def heard_of(answers: int) -> dict[str, int]:
    """What an estimate counts of so many answers, bought or not, of ten tokens in and five out."""
    tokens = {"heard_input_tokens": answers * 10, "heard_output_tokens": answers * 5}
    return {"heard": answers, **tokens, "heard_squared_tokens": answers * (10 + 5) ** 2}


def test_calls_retries_latency_tokens_and_cost_are_counted(server: FakeServer, tmp_path: Path) -> None:
    server.tell(usage=[10, 5], faults={"500": 0.3}, median_ms=30, p99_ms=60)
    store = f"sqlite:{tmp_path}/responses.sqlite"
    model = ModelConfig(name="openai:m", base_url=server.url, store=store, input_price=1.0, output_price=2.0)
    counters, distributions = counted([*records(40), *records(10)], model)
    failed = server.counts()["500"]
    assert failed > 0
    assert counters == {
        "asked": 50, "answered": 50, "calls": 40, "joined": 10, "retries": failed,
        "input_tokens": 400, "output_tokens": 200, "cost_nano_usd": 40 * 20_000, **heard_of(50),
    }  # fmt: skip
    assert (distributions["tokens"].count, distributions["tokens"].sum, distributions["tokens"].max) == (40, 600, 15)
    latency = distributions["latency_ms"]
    assert latency.count == 40
    assert 20 <= latency.mean <= 1000
    counters, _ = counted(records(40), model)
    assert counters == {"asked": 40, "answered": 40, "cached": 40, **heard_of(40)}
