"""What becomes of questions whose answers are cut off, withheld, refused, without a count, or thoughts alone."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from persona_hub.transforms.calls.protocol import Budget, ModelConfig
from persona_hub.transforms.llm.dialects.endings import FIRST_ANSWERS
from persona_hub.transforms.store.registry import open_store
from tests.helpers.asking import Echo, ask, records
from tests.servers.models.launch import FakeServer

NO_WORD: dict[str, Any] = {
    "text": "",
    "message": {"content": None, "reasoning_content": "Let me think about who reads this. " * 20},
    "finish": "length",
    "usage": {"prompt_tokens": 9, "completion_tokens": 100, "completion_tokens_details": {"reasoning_tokens": 100}},
}


def test_an_answer_that_was_cut_off_is_asked_for_once_more_and_shorter(server: FakeServer, model: ModelConfig) -> None:
    server.tell(
        script=[{"word": "be shorter", "text": "whole"}, {"word": "record 1", "text": "cut", "finish": "length"}]
    )
    answers, dead = ask(records(3), model)
    assert (len(answers), dead) == (3, [])
    assert [a.text for a in answers if a.record == "record 1"] == ["whole"]
    assert server.counts()["calls"] == 4


def test_what_is_cut_off_again_is_malformed_however_well_it_reads(server: FakeServer, model: ModelConfig) -> None:
    server.tell(script=[{"word": "record 1", "text": "It reads well", "finish": "MAX_TOKENS"}])
    for calls in (4, 0):  # the second run finds it in the store
        before = server.counts()["calls"]
        answers, dead = ask(records(3), model)
        assert len(answers) == 2
        assert [(d.reason, d.key, d.excerpt) for d in dead] == [("malformed", "record 1", "It reads well")]
        assert "cut off" in dead[0].detail
        assert server.counts()["calls"] - before == calls


@pytest.mark.parametrize(("cut", "told"), [(range(4), 1), (range(1), 0)])
def test_first_answers_that_are_all_cut_off_are_told_once_with_the_flag_that_mends_it(
    server: FakeServer, model: ModelConfig, caplog: pytest.LogCaptureFixture, cut: range, told: int
) -> None:
    server.tell(script=[{"word": f"record {n}", "text": "It begins", "finish": "length"} for n in cut])
    with caplog.at_level(logging.WARNING, "persona_hub"):
        ask(records(4), replace(model, max_in_flight=1))
    assert len([message for message in caplog.messages if "raise --max_tokens" in message]) == told


@pytest.mark.parametrize(
    ("rule", "reason", "calls"),
    [
        ({"finish": "content_filter", "text": ""}, "content-filter", 3),
        ({"finish": "SAFETY", "text": "It begins"}, "content-filter", 3),
        ({"text": "", "message": {"content": None, "refusal": "I will not."}}, "refused", 3),
        ({"text": "", "finish": "tool_calls", "message": {"content": None, "tool_calls": [{"type": "function"}]}},
         "malformed", 4),
    ],
)  # fmt: skip
def test_what_the_provider_or_the_model_withholds_is_of_this_input_alone(
    server: FakeServer, model: ModelConfig, rule: dict[str, Any], reason: str, calls: int
) -> None:
    server.tell(script=[{"word": "record 1", **rule}])
    for paid in (calls, 0):
        before = server.counts()["calls"]
        answers, dead = ask(records(3), model)
        assert (len(answers), [(d.reason, d.key) for d in dead]) == (2, [(reason, "record 1")])
        assert server.counts()["calls"] - before == paid


def test_thoughts_that_used_up_the_tokens_are_asked_for_once_more_where_others_end(
    server: FakeServer, model: ModelConfig, caplog: pytest.LogCaptureFixture
) -> None:
    server.tell(script=[{"word": "record 1", **NO_WORD}, {"word": "record 2", **NO_WORD}])
    with caplog.at_level(logging.WARNING, "persona_hub"):
        answers, dead = ask(records(4), model)
    assert len(answers) == 2
    assert [(d.reason, d.key) for d in dead] == [("malformed", "record 1"), ("malformed", "record 2")]
    assert all("--max_tokens" in d.detail and "thoughts" in d.detail for d in dead)
    assert server.counts()["calls"] == 6
    again = [body["messages"][-1]["content"] for body in server.bodies() if "think less" in str(body)]
    assert len(again) == 2
    assert not any("--max_tokens" in prompt for prompt in again)
    assert len([message for message in caplog.messages if "--max_tokens" in message]) == 1


def test_a_job_whose_first_answers_are_all_thoughts_ends_with_the_flag_that_mends_it(
    server: FakeServer, model: ModelConfig
) -> None:
    server.tell(script=[NO_WORD])
    for _ in range(2):
        before = server.counts()["calls"]
        with pytest.raises(Exception, match=r"raise --max_tokens"):
            ask(records(200), replace(model, max_in_flight=4))
        assert server.counts()["calls"] - before <= FIRST_ANSWERS + 2 * 4
    server.say([])
    answers, dead = ask(records(200)[100:], replace(model, max_in_flight=4))
    assert (len(answers), dead) == (100, [])


def test_thoughts_without_an_end_in_the_text_are_no_answer_either(server: FakeServer, model: ModelConfig) -> None:
    server.tell(script=[{"word": "record 1", "text": "<think>Who would read this? A nurse", "finish": "length"}])
    answers, dead = ask(records(3), model)
    assert (len(answers), [d.reason for d in dead]) == (2, ["malformed"])
    assert "thoughts used up" in dead[0].detail
    assert server.counts()["calls"] == 4


@pytest.mark.parametrize("usage", ["none", {}, {"prompt_tokens": 0, "completion_tokens": 0}, {"prompt_tokens": -9}])
def test_calls_without_a_count_use_up_a_budget_all_the_same(
    server: FakeServer, model: ModelConfig, store: str, usage: Any
) -> None:
    server.tell(script=[{"usage": usage}])
    answers, dead = ask(records(100), replace(model, budget=Budget(tokens=1500), max_in_flight=4))
    assert 5 < len(answers) < 60
    assert {d.reason for d in dead} == {"budget-exhausted"}
    with closing(open_store(store)) as opened:
        spend = opened.spend()["echo"]
    assert spend.estimated == spend.calls == len(answers)
    counts = server.counts()
    said = counts["input_tokens"] + counts["output_tokens"]
    assert 0.5 < (spend.input_tokens + spend.output_tokens) / said < 2


def test_a_body_with_half_a_surrogate_pair_is_an_answer(server: FakeServer, model: ModelConfig) -> None:
    body = r'{"choices": [{"message": {"content": "an eel \ud83d"}, "finish_reason": "stop"}]}'
    server.tell(script=[{"word": "record 1", "body": body}])
    answers, dead = ask(records(2), model)
    assert ([a.text for a in answers if a.record == "record 1"], dead) == (["an eel \ufffd"], [])
    assert server.counts()["calls"] == 2


def test_an_answer_that_the_server_broke_off_is_asked_again(server: FakeServer, model: ModelConfig) -> None:
    server.tell(script=[{"word": "record 1", "last": 2, "text": "It begins", "finish": "error"}])
    answers, dead = ask(records(3), model)
    assert (len(answers), dead) == (3, [])
    assert server.counts()["calls"] == 5


@pytest.mark.parametrize("status", [400, 200])
def test_a_schema_that_is_refused_half_way_costs_no_question(
    server: FakeServer, model: ModelConfig, status: int
) -> None:
    words = {
        "error": {"message": "This type of response_format is unavailable", "code": 400 if status == 200 else None}
    }
    rule = {"holds": "response_format.type=json_schema", "first": 101, "status": status, "json": words, "paid": False}
    server.tell(script=[{**rule, "name": "refused"}])
    schema = '{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}'
    answers, dead = ask(records(200), replace(model, max_in_flight=8), Echo(schema=schema))
    assert (len(answers), dead) == (200, [])
    outcomes = server.outcomes()
    assert outcomes["answered"] == 200
    assert 1 <= outcomes["refused"] <= 2 * 8
    assert ask(records(200), replace(model, max_in_flight=8), Echo(schema=schema)) == (answers, [])
    assert server.outcomes() == outcomes, "the answers are kept under the question as it was asked"
