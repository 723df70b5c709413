"""A bad day of a server: each question ends as one answer or one dead letter, and few calls are wasted."""

from __future__ import annotations

from pathlib import Path

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.store.registry import open_store
from tests.helpers.asking import ask, records
from tests.servers.models.launch import FakeServer

BAD_DAY = {"429": 0.05, "500": 0.03, "reset": 0.01, "hang": 0.01, "malformed": 0.02, "truncated": 0.02}


def model_of(server: FakeServer, folder: Path, in_flight: int) -> ModelConfig:
    return ModelConfig(
        name="openai:m", base_url=server.url, store=f"sqlite:{folder}/r.sqlite", max_in_flight=in_flight, timeout=5
    )


def test_a_bad_day(server: FakeServer, tmp_path: Path) -> None:
    server.tell(faults=BAD_DAY, retry_after=0.2, median_ms=20, p99_ms=200)
    model = model_of(server, tmp_path, 64)
    asked = records(1500)
    answers, dead = ask(asked, model, batch=200)
    assert sorted([a.record for a in answers] + [d.key for d in dead]) == sorted(asked)
    assert not dead
    counts = server.counts()
    assert counts["calls"] <= 1.2 * len(asked)
    spent = open_store(model.store).spend()["echo"]
    late = counts.get("late", 0)  # a busy machine: the answer came when the client had given up
    assert spent.calls == counts["paid"] - late  # what nobody could read was paid, too
    assert spent.output_tokens == counts["output_tokens"] - counts.get("late_tokens", 0)


def test_a_server_with_fewer_places_than_we_have_hands(server: FakeServer, tmp_path: Path) -> None:
    server.tell(places=50, retry_after=0.2, median_ms=50, p99_ms=200)
    answers, dead = ask(records(3000), model_of(server, tmp_path, 256), batch=200)
    assert (len(answers), dead) == (3000, [])
    assert server.counts()["calls"] <= 1.4 * 3000


def test_a_server_that_dies_half_way(tmp_path: Path) -> None:
    with FakeServer(median_ms=20) as server:
        model = model_of(server, tmp_path, 8)
        ask(records(20), model)
    answers, dead = ask(records(40), ModelConfig(**{**model.__dict__, "attempts": 2}))
    assert len(answers) == 20  # those that are in the store
    assert {d.reason for d in dead} == {"connection"}
    assert len(dead) == 20
