"""Generate within a budget and a pace, and the word that stops it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from persona_hub.transforms.calls.protocol import Budget, ModelConfig
from persona_hub.transforms.store.registry import open_store
from tests.helpers.asking import ask, records
from tests.servers.models.launch import FakeServer


def test_a_budget_ends_in_dead_letters_and_goes_on_when_raised(server: FakeServer, model: ModelConfig) -> None:
    half = replace(model, budget=Budget(calls=100), max_in_flight=16)
    answers, dead = ask(records(200), half)
    assert (len(answers), len(dead)) == (100, 100)
    assert {d.reason for d in dead} == {"budget-exhausted"}
    assert ask(records(200), half)[0] == answers
    assert server.counts()["calls"] == 100
    assert len(ask(records(200), replace(model, budget=Budget(calls=200)))[0]) == 200
    assert server.counts()["calls"] == 200


def test_a_budget_of_money_is_settled_by_real_cost(server: FakeServer, model: ModelConfig, store: str) -> None:
    server.tell(usage=[10, 5])
    priced = replace(model, input_price=1.0, output_price=2.0)  # 20 millionths of a dollar a call
    answers, dead = ask(records(300), replace(priced, budget=Budget(cost_usd=0.002), max_in_flight=8))
    spent = open_store(store).spend()["echo"]
    assert (spent.calls, spent.input_tokens, spent.output_tokens) == (len(answers), 10 * len(answers), 5 * len(answers))
    assert spent.cost == 20_000 * len(answers) <= 2_000_000
    assert len(answers) >= 88  # the last call's worst case of 234 millionths must fit
    assert len(answers) + len(dead) == 300


def test_shares_keep_a_stage_from_eating_the_others(server: FakeServer, model: ModelConfig) -> None:
    shared = replace(model, budget=Budget(calls=100, shares=(("extract", 0.3), ("expand", 0.7))))
    assert len(ask(records(80), shared, stage="extract")[0]) == 30
    assert len(ask(records(80), replace(shared, name="openai:b"), stage="expand")[0]) == 70


def test_the_stop_flag_ends_the_job_and_loses_nothing(server: FakeServer, model: ModelConfig, store: str) -> None:
    open_store(store).set_stop_flag()
    with pytest.raises(Exception, match="the same command goes on"):
        ask(records(50), model)
    assert server.counts()["calls"] == 0
    open_store(store).set_stop_flag(False)
    assert len(ask(records(50), model)[0]) == 50


def test_requests_a_minute_are_kept_over_stages_and_runs(server: FakeServer, model: ModelConfig) -> None:
    begin = time.monotonic()
    for i in range(2):
        ask(records(15), replace(model, requests_per_minute=600, name=f"openai:model-{i}"))
    assert time.monotonic() - begin >= 2.4  # 10 a second, the first quarter of a second's worth at once


def test_tokens_a_minute_are_kept(server: FakeServer, model: ModelConfig) -> None:
    server.tell(usage=[50, 50])
    begin = time.monotonic()
    ask(records(30), replace(model, tokens_per_minute=60_000))
    assert time.monotonic() - begin >= 2.0  # 3,000 tokens at 1,000 a second, less what was booked too much at first
