"""What goes wrong on the way to a model: what a retry cures, what ends as a dead letter, and who may read of it."""

from __future__ import annotations

import logging
from dataclasses import replace

import apache_beam as beam
import pytest

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.generate import Generate
from persona_hub.transforms.wire.batches import Batch
from tests.helpers.asking import Echo, ask, records
from tests.servers.models.launch import FakeServer


@pytest.mark.parametrize("fault", ["429", "500", "503", "reset", "malformed", "truncated"])
def test_what_a_retry_can_cure_is_cured(server: FakeServer, model: ModelConfig, fault: str) -> None:
    server.tell(faults={fault: 0.3})
    answers, dead = ask(records(60), model)
    assert (len(answers), dead) == (60, [])
    counts = server.counts()
    assert counts["good"] == 60
    assert counts["calls"] == 60 + counts[fault]


def test_a_server_that_hangs_is_given_up_and_asked_again(server: FakeServer, model: ModelConfig) -> None:
    server.tell(faults={"hang": 0.2})
    answers, dead = ask(records(40), replace(model, timeout=0.5))
    assert (len(answers), dead) == (40, [])


def test_retry_after_is_honoured(server: FakeServer, model: ModelConfig) -> None:
    server.tell(places=1, retry_after=1.0, median_ms=50)
    answers, dead = ask(records(2), model, batch=2)
    assert (len(answers), dead) == (2, [])
    assert server.counts()["calls"] == 3  # refused once, and not tried before its time


def test_what_no_retry_cures_is_a_dead_letter_at_once(server: FakeServer, model: ModelConfig) -> None:
    refused = [f"record {i}" for i in (17, 18, 19)]
    server.tell(script=[{"word": word, "status": 400, "json": {"error": {"message": "no"}}} for word in refused])
    answers, dead = ask(records(20), model)
    assert len(answers) == 17
    assert [(d.reason, d.key, d.detail) for d in dead] == [("http-400", word, "no") for word in refused]
    assert server.counts()["calls"] == 20


def test_attempts_have_an_end(server: FakeServer, model: ModelConfig) -> None:
    server.tell(faults={"500": 1.0})
    _, dead = ask(records(2), replace(model, attempts=3))
    assert [d.reason for d in dead] == ["http-500"] * 2
    assert server.counts()["calls"] == 6


def test_a_wrong_key_fails_the_job_and_is_not_shown(
    server: FakeServer, model: ModelConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server.tell(key="the-right-key")
    monkeypatch.setenv("OPENAI_API_KEY", "planted-secret-key")
    with caplog.at_level(logging.INFO), pytest.raises(Exception, match="OPENAI_API_KEY") as caught:
        ask(records(500), model)
    assert "planted-secret-key" not in str(caught.value) + caplog.text
    assert server.counts()["calls"] <= model.max_in_flight
    monkeypatch.setenv("OPENAI_API_KEY", "the-right-key")
    assert len(ask(records(5), model)[0]) == 5


def test_prompts_and_keys_are_in_no_log_and_no_job(
    server: FakeServer, model: ModelConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key")
    server.tell(faults={"500": 0.2, "malformed": 0.2, "400": 0.2, "reset": 0.1})
    with caplog.at_level(logging.DEBUG, "persona_hub"), caplog.at_level(logging.INFO):
        _, dead = ask(["planted-prompt " + record for record in records(40)], replace(model, attempts=2))
    assert dead
    assert "planted" not in caplog.text + "".join(d.detail + d.excerpt for d in dead)
    pipeline = beam.Pipeline()
    pipeline | beam.Create([Batch()]) | Generate(stage="echo", task=Echo(), model=model)
    assert b"planted-key" not in pipeline.to_runner_api().SerializeToString()
