"""Generate, with a real client and a server of one's own: nothing is lost, nothing is paid twice."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.asking import Answer, Echo, ask, records
from tests.fake_server.launch import FakeServer
from transforms.calls.engines import _holders
from transforms.calls.http import retry_after
from transforms.calls.protocol import Budget, ModelConfig
from transforms.llm import registry
from transforms.llm.generate import Generate
from transforms.llm.protocol import Completion, Request, Sampling, pack_completion, request_key, unpack_completion
from transforms.records import Batch
from transforms.store.registry import open_store


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path}/responses.sqlite"


@pytest.fixture
def model(server: FakeServer, store: str) -> ModelConfig:
    return ModelConfig(name="openai:some-model", base_url=server.url, store=store, timeout=20)


def changed(model: ModelConfig, **fields: Any) -> ModelConfig:
    return ModelConfig(**{**model.__dict__, **fields})


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
        (changed(model, name="openai:other-model"), Echo()),
        (model, Echo(sampling=Sampling(max_tokens=101))),
        (model, Echo(sampling=Sampling(max_tokens=100, temperature=0.5))),
        (model, Echo(schema='{"type": "object"}')),
    ):
        before = server.counts()["calls"]
        ask(["record"], asked, task)
        assert server.counts()["calls"] == before + 1
    ask(["record"], changed(model, max_in_flight=3, timeout=5), Echo())  # what it does not see, does not
    assert server.counts()["calls"] == 5


def test_worker_processes_share_a_store(
    server: FakeServer, model: ModelConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parents[1]}:{os.environ.get('PYTHONPATH', '')}")
    answers, dead = ask(records(200), model, batch=20, workers=2)
    assert (len(answers), dead) == (200, [])
    assert ask(records(200), model)[0] == answers
    assert server.counts()["calls"] == 200


# ---- answers that cannot be read


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
    assert [a.text for a in ask(["record 1"], changed(model, repairs=2))[0]] == ["good"]
    assert server.counts()["calls"] == 3


# ---- faults


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
    answers, dead = ask(records(40), changed(model, timeout=0.5))
    assert (len(answers), dead) == (40, [])


def test_retry_after_is_honoured(server: FakeServer, model: ModelConfig) -> None:
    server.tell(places=1, retry_after=1.0, median_ms=50)
    answers, dead = ask(records(2), model, batch=2)
    assert (len(answers), dead) == (2, [])
    assert server.counts()["calls"] == 3  # refused once, and not tried before its time


def test_what_no_retry_cures_is_a_dead_letter_at_once(server: FakeServer, model: ModelConfig) -> None:
    server.tell(faults={"400": 1.0})
    answers, dead = ask(records(3), model)
    assert answers == []
    assert [(d.reason, d.key) for d in dead] == [("http-400", f"record {i}") for i in range(3)]
    assert server.counts()["calls"] == 3


def test_attempts_have_an_end(server: FakeServer, model: ModelConfig) -> None:
    server.tell(faults={"500": 1.0})
    _, dead = ask(records(2), changed(model, attempts=3))
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


# ---- budget, stop


def test_a_budget_ends_in_dead_letters_and_goes_on_when_raised(server: FakeServer, model: ModelConfig) -> None:
    half = changed(model, budget=Budget(calls=100), max_in_flight=16)
    answers, dead = ask(records(200), half)
    assert (len(answers), len(dead)) == (100, 100)
    assert {d.reason for d in dead} == {"budget-exhausted"}
    assert ask(records(200), half)[0] == answers
    assert server.counts()["calls"] == 100
    assert len(ask(records(200), changed(model, budget=Budget(calls=200)))[0]) == 200
    assert server.counts()["calls"] == 200


def test_a_budget_of_money_is_settled_by_real_cost(server: FakeServer, model: ModelConfig, store: str) -> None:
    server.tell(usage=[10, 5])
    priced = changed(model, input_price=1.0, output_price=2.0)  # 20 millionths of a dollar a call
    answers, dead = ask(records(300), changed(priced, budget=Budget(cost_usd=0.002), max_in_flight=8))
    spent = open_store(store).spend()["echo"]
    assert (spent.calls, spent.input_tokens, spent.output_tokens) == (len(answers), 10 * len(answers), 5 * len(answers))
    assert spent.cost == 20_000 * len(answers) <= 2_000_000
    assert len(answers) >= 88  # the last call's worst case of 234 millionths must fit
    assert len(answers) + len(dead) == 300


def test_shares_keep_a_stage_from_eating_the_others(server: FakeServer, model: ModelConfig) -> None:
    shared = changed(model, budget=Budget(calls=100, shares=(("extract", 0.3), ("expand", 0.7))))
    assert len(ask(records(80), shared, stage="extract")[0]) == 30
    assert len(ask(records(80), changed(shared, name="openai:b"), stage="expand")[0]) == 70


def test_the_stop_word_ends_the_job_and_loses_nothing(server: FakeServer, model: ModelConfig, store: str) -> None:
    open_store(store).say_stop()
    with pytest.raises(Exception, match="the same command goes on"):
        ask(records(50), model)
    assert server.counts()["calls"] == 0
    open_store(store).say_stop(False)
    assert len(ask(records(50), model)[0]) == 50


# ---- bundles that fail


def test_a_failed_bundle_stops_sending_and_its_retry_pays_for_nothing_twice(
    server: FakeServer, model: ModelConfig, store: str
) -> None:
    server.tell(median_ms=20)
    slow = changed(model, max_in_flight=8)
    with pytest.raises(Exception, match="the next step fails"):
        ask(records(1500), slow, then=fail)
    wait_for(lambda: not _holders)  # the runner has let the engine go: what was in flight is stored
    counts = server.counts()
    assert 200 <= counts["calls"] < 400  # one batch of answers came out, and a few more were under way
    assert open_store(store).spend()["echo"].calls == counts["calls"]
    assert len(ask(records(1500), slow)[0]) == 1500
    assert server.counts()["calls"] == 1500


def fail(batch: Any) -> None:
    raise RuntimeError("the next step fails")


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
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
    assert len(ask(records(80), changed(model, store=""))[0]) == 80


def test_a_budget_without_a_store_is_refused(model: ModelConfig) -> None:
    with pytest.raises(Exception, match="--response_store"):
        ask(records(1), changed(model, store="none", budget=Budget(calls=1)))


# ---- pace


def test_requests_a_minute_are_kept_over_stages_and_runs(server: FakeServer, model: ModelConfig) -> None:
    begin = time.monotonic()
    for i in range(2):
        ask(records(15), changed(model, requests_per_minute=600, name=f"openai:model-{i}"))
    assert time.monotonic() - begin >= 2.4  # 10 a second, the first quarter of a second's worth at once


def test_tokens_a_minute_are_kept(server: FakeServer, model: ModelConfig) -> None:
    server.tell(usage=[50, 50])
    begin = time.monotonic()
    ask(records(30), changed(model, tokens_per_minute=60_000))
    assert time.monotonic() - begin >= 2.0  # 3,000 tokens at 1,000 a second, less what was booked too much at first


# ---- no prompt, no key where others read


def test_prompts_and_keys_are_in_no_log_and_no_job(
    server: FakeServer, model: ModelConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key")
    server.tell(faults={"500": 0.2, "malformed": 0.2, "400": 0.2, "reset": 0.1})
    with caplog.at_level(logging.DEBUG, "transforms"), caplog.at_level(logging.INFO):
        _, dead = ask(["planted-prompt " + record for record in records(40)], changed(model, attempts=2))
    assert dead
    assert "planted" not in caplog.text + "".join(d.detail + d.excerpt for d in dead)
    pipeline = beam.Pipeline()
    pipeline | beam.Create([Batch()]) | Generate(stage="echo", task=Echo(), model=model)
    assert b"planted-key" not in pipeline.to_runner_api().SerializeToString()


# ---- the parts


def test_the_embedded_model_needs_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.BACKENDS, "offline", f"{__name__}:Parrot")
    answers, dead = ask(records(1000), ModelConfig(name="offline"))
    assert [a.text for a in answers] == sorted(f"Say {record}" for record in records(1000))
    assert (dead, _holders) == ([], {})


class Parrot:
    def __init__(self, config: ModelConfig):
        pass

    async def complete(self, request: Request) -> Completion:
        return Completion(request.prompt)

    async def close(self) -> None:
        pass


@given(st.text(), st.text())
def test_different_prompts_have_different_keys(one: str, two: str) -> None:
    keys = {request_key("m", Request("t", "", text, "h")) for text in (one, two)}
    assert len(keys) == len({one, two})
    assert request_key("m", Request("t", one, two, "h")) == request_key(
        "m", Request("u", one, two, "g", values={"a": "b"})
    )


@given(st.text(), st.integers(0, 10**6))
def test_a_completion_comes_back_as_it_was(text: str, tokens: int) -> None:
    completion = Completion(text, tokens, 2)
    assert unpack_completion(pack_completion(completion)) == completion


def test_a_lone_surrogate_has_a_key_too() -> None:
    assert len(request_key("m", Request("t", "", "half a \ud83d", "h"))) == 16


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"max_in_flight": 0}, "max_in_flight 0"), ({"repairs": -1}, "repairs -1"), ({"timeout": 0}, "timeout 0"),
     ({"requests_per_minute": -1}, "requests_per_minute -1")],
)  # fmt: skip
def test_a_setting_out_of_range_is_named(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ModelConfig(**fields)


def test_retry_after_may_be_a_number_or_a_date() -> None:
    assert retry_after({"retry-after": "1.5"}) == 1.5
    assert retry_after({"retry-after-ms": "250"}) == 0.25
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after({"retry-after": later}) == pytest.approx(30, abs=2)
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None
