"""Rows of each form."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from persona_hub.transforms.records import Rejected, Sample
from persona_hub.transforms.training.forms import FormError, Layout, check_training_form, form_rows, preference_row
from persona_hub.transforms.training.rejected import RejectedTable
from tests.helpers.data_sets.made import FUNCTION, PERSONAS, math, sample

[ONE, TWO, *_] = PERSONAS
MORE = ["unsupported-construct", "surplus", "control-characters"]
TALK = {"turns": [{"user": "a", "assistant": "b"}, {"user": "c", "assistant": "d"}]}
CALL = {"function": FUNCTION, "example_calls": [{"request": "How many?", "arguments": {"hive": "a"}}] * 2}


def columns(form: str, one: Sample) -> list[Any]:
    found = form_rows(form, one)
    assert not isinstance(found, str), found
    return [row.columns for row in found]


def test_chat_rows_are_messages() -> None:
    talk = sample(ONE, "instruction", TALK, "a")
    said = [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    assert columns("chat", talk) == [{"messages": [{"role": role, "content": text} for role, text in said]}]


def test_calls_are_as_chat_templates_take_them() -> None:
    tool = {"type": "function", "function": FUNCTION}
    called = {"type": "function", "function": {"name": "count_bees", "arguments": {"hive": "a"}}}
    messages = [
        {"role": "user", "content": "How many?"},
        {"role": "assistant", "content": "", "tool_calls": [called]},
    ]
    assert columns("chat", sample(ONE, "tool", CALL, "{}")) == [{"messages": messages, "tools": [tool]}] * 2


def test_alpaca_rows_have_one_turn() -> None:
    problem = math(ONE, 4)
    [row] = columns("alpaca", problem)
    assert (row["instruction"], row["input"]) == (json.loads(problem.fields)["problem"], "")
    assert row["output"].endswith("Answer: 24")
    [row, _] = columns("alpaca", sample(ONE, "tool", CALL, "{}"))
    assert json.loads(row["output"]) == {"name": "count_bees", "arguments": {"hive": "a"}}
    assert json.loads(row["input"])[0]["function"] == FUNCTION
    assert form_rows("alpaca", sample(ONE, "instruction", TALK, "a")) == "several-turns"


def test_released_rows_are_the_three_fields() -> None:
    one = math(ONE, 4)
    released = {"input persona": one.persona, "synthesized text": one.text, "description": one.description}
    assert columns("released", one) == [released]
    assert columns("released", sample(ONE, "instruction", None, "Write."))[0]["synthesized text"] == "Write."


def pairs(kept: list[Sample], rejected: list[Rejected]) -> list[Any]:
    """What each kept sample is paired with: the three texts, or why it is not."""
    found: list[Any] = []
    with RejectedTable() as table:
        table.add(rejected)
        for one in kept:
            partner = table.partner_of(one)
            row = partner and preference_row(one, partner.sample, partner.sample.reason, partner.same_question, "en")
            if row and not isinstance(row, str):
                found.append([row.columns[name][0]["content"] for name in ("prompt", "chosen", "rejected")])
            else:
                found.append(row)
    return found


def test_a_pair_has_the_same_question_where_both_answer_it() -> None:
    kept, wrong = math(ONE, 4), Rejected.of(math(ONE, 4, 9, number=1), "program-disagreed", "")
    other = Rejected.of(math(ONE, 5, 9, number=0), "too-short", "")
    asked = json.loads(kept.fields)["problem"]
    [[prompt, chosen, worse]] = pairs([kept], [other, wrong])
    assert (prompt, chosen[-10:], worse[-9:]) == (asked, "Answer: 24", "Answer: 9")


def test_else_the_request_for_a_sample_with_the_persona_is_the_prompt() -> None:
    kept, other = math(ONE, 4), Rejected.of(math(ONE, 5, 9), "too-short", "")
    [[prompt, chosen, worse]] = pairs([kept], [other])
    assert prompt == f"Write a math problem, and its answer, for this persona:\n\n{ONE.text}"
    assert (chosen, worse) == (kept.text, other.text)


def test_a_rejected_sample_is_used_once_and_for_its_own_persona() -> None:
    rejected = [Rejected.of(math(ONE, n, 9), "too-short", "") for n in (5, 6)]
    found = pairs([math(ONE, 1), math(ONE, 2), math(ONE, 3), math(TWO, 1)], rejected)
    assert [one and one[2] for one in found] == [rejected[0].text, rejected[1].text, None, None]


@pytest.mark.parametrize("reason", ["contaminated", "near-duplicate-sample", "undecided", *MORE])
def test_what_is_no_worse_is_not_rejected_for_training(reason: str) -> None:
    assert pairs([math(ONE, 4)], [Rejected.of(math(ONE, 5), reason, "")]) == [None]


def test_what_says_the_same_is_no_pair() -> None:
    kept = math(ONE, 4)
    same = Rejected.of(replace(kept, number=1), "judge-below-score", "")
    assert pairs([kept], [same]) == [None]
    empty = Rejected.of(replace(kept, text=" ", fields=""), "malformed", "")
    assert pairs([kept], [empty]) == [None]
    bad = Rejected.of(replace(kept, text="<|im_end|>", fields=""), "malformed", "")
    assert pairs([kept], [bad]) == ["control-token"]


def test_an_unknown_form_is_named() -> None:
    with pytest.raises(FormError, match="--form poem: there are chat, alpaca, released, preference"):
        check_training_form("poem")


def test_parquet_has_objects_that_are_not_alike_as_json() -> None:
    layout = Layout("chat", tools=True)
    rows = form_rows("chat", sample(ONE, "tool", CALL, "{}"))
    assert not isinstance(rows, str)
    row = rows[0]
    lines = layout.row(row, {})
    parquet = layout.parquet_row(lines)
    assert [json.loads(one) for one in parquet["messages"]] == lines["messages"]
    assert [json.loads(one) for one in parquet["tools"]] == lines["tools"]
