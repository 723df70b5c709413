"""Generate, with a real client and a server of one's own: nothing is lost, nothing is paid twice."""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.engines import _holders
from persona_hub.transforms.calls.protocol import Budget, ModelConfig
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling
from persona_hub.transforms.store.registry import open_store
from tests.helpers.asking import Answer, Echo, ask, records
from tests.helpers.places import ROOT
from tests.servers.models.launch import FakeServer


def test_every_question_has_its_answer(server: FakeServer, model: ModelConfig) -> None:
    answers, dead = ask(records(120), model, Echo(per_record=2))
    assert [(a.record, a.number) for a in answers] == sorted((r, n) for r in records(120) for n in (0, 1))
    assert not dead
    assert server.counts()["calls"] == 240


def test_a_second_run_sends_nothing_and_says_the_same(server: FakeServer, model: ModelConfig) -> None:
    server.tell(changing=True)  # a model that never says the same twice
    first, _ = ask(records(100), model)
    assert ask(records(100), model, batch=7)[0] == first
    assert server.counts()["calls"] == 100


def test_the_same_question_is_paid_once_and_answered_each_time(server: FakeServer, model: ModelConfig) -> None:
    server.tell(changing=True)
    answers, _ = ask(["twin", "twin", "other", "twin"], model)
    assert [a.record for a in answers] == ["other", "twin", "twin", "twin"]
    assert len({a.text for a in answers if a.record == "twin"}) == 1
    assert server.counts()["calls"] == 2


def test_what_a_model_sees_decides_what_is_asked_again(server: FakeServer, model: ModelConfig) -> None:
    for asked, task in (
        (model, Echo()),
        (replace(model, name="openai:other-model"), Echo()),
        (model, Echo(sampling=Sampling(max_tokens=101))),
        (model, Echo(sampling=Sampling(max_tokens=100, temperature=0.5))),
        (model, Echo(schema='{"type": "object"}')),
    ):
        before = server.counts()["calls"]
        ask(["record"], asked, task)
        assert server.counts()["calls"] == before + 1
    ask(["record"], replace(model, max_in_flight=3, timeout=5), Echo())  # what it does not see, does not
    assert server.counts()["calls"] == 5


def test_worker_processes_share_a_store(
    server: FakeServer, model: ModelConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{os.environ.get('PYTHONPATH', '')}")
    answers, dead = ask(records(200), model, batch=20, workers=2)
    assert (len(answers), dead) == (200, [])
    assert ask(records(200), model)[0] == answers
    assert server.counts()["calls"] == 200


def test_a_malformed_answer_is_asked_for_once_more(server: FakeServer, model: ModelConfig) -> None:
    server.tell(answers={"record 1": ["bad", "good"]})
    answers, dead = ask(["record 1"], model)
    assert (answers, dead) == ([Answer("record 1", 0, "good")], [])
    assert "it begins with bad" in json.dumps(server.stats()["last"])
    assert ask(["record 1"], model) == (answers, dead)
    assert server.counts()["calls"] == 2


def test_malformed_twice_is_a_dead_letter_with_an_excerpt(server: FakeServer, model: ModelConfig) -> None:
    server.tell(answers={"record 1": ["bad " * 500]})
    answers, [letter] = ask(["record 0", "record 1"], model)
    assert [a.record for a in answers] == ["record 0"]
    assert (letter.stage, letter.reason, letter.key) == ("echo", "malformed", "record 1")
    assert letter.excerpt.startswith("bad bad")
    assert len(letter.excerpt) < 300
    assert server.counts()["calls"] == 3


def test_more_repairs_go_on_from_the_answers_that_are_there(server: FakeServer, model: ModelConfig) -> None:
    server.tell(answers={"record 1": ["bad", "bad again", "good"]})
    assert [d.reason for d in ask(["record 1"], model)[1]] == ["malformed"]
    assert [a.text for a in ask(["record 1"], replace(model, repairs=2))[0]] == ["good"]
    assert server.counts()["calls"] == 3


def test_a_failed_bundle_stops_sending_and_its_retry_pays_for_nothing_twice(
    server: FakeServer, model: ModelConfig, store: str
) -> None:
    server.tell(median_ms=20)
    slow = replace(model, max_in_flight=8)
    before = set(_holders)  # of tests that this process ran earlier
    with pytest.raises(Exception, match="the next step fails"):
        ask(records(1500), slow, then=fail)
    wait_for(lambda: engines_released(before))  # what was in flight is stored
    counts = server.counts()
    assert 200 <= counts["calls"] < 400  # one batch of answers came out, and a few more were under way
    assert open_store(store).spend()["echo"].calls == counts["calls"]
    assert len(ask(records(1500), slow)[0]) == 1500
    assert server.counts()["calls"] == 1500


def fail(batch: Any) -> None:
    raise RuntimeError("the next step fails")


def engines_released(before: set[Engine]) -> bool:
    """The failure's traceback holds the step in a cycle, so it is let go when that is collected."""
    gc.collect()
    return set(_holders) <= before


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    assert condition()


def test_an_error_in_a_step_s_own_code_fails_the_job(model: ModelConfig) -> None:
    with pytest.raises(Exception, match="a fault in the step"):
        ask(records(3), model, Faulty())


class Faulty(Echo):
    def parse(self, record: str, request: Request, completion: Completion, model: str) -> Answer:
        raise KeyError("a fault in the step")


def test_without_a_store_answers_still_come(server: FakeServer, model: ModelConfig) -> None:
    assert len(ask(records(80), replace(model, store=""))[0]) == 80


def test_a_budget_without_a_store_is_refused(model: ModelConfig) -> None:
    with pytest.raises(Exception, match="--response_store"):
        ask(records(1), replace(model, store="none", budget=Budget(calls=1)))
