"""The form of a prompt is known again in an answer, however it is bent; what only shares words with it is not."""

from __future__ import annotations

import csv
import gzip
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.llm.forms import FIRST_CHARACTERS, Form, is_description, words_of
from persona_hub.transforms.llm.parsing import form_of, parse_json, parse_line, parse_prefixed
from persona_hub.transforms.llm.protocol import MalformedAnswer

MATH = """\
You write problems.
- A problem is challenging: several steps of reasoning, no mere arithmetic dressed up.
- "A cook" is too coarse; "A pastry cook who weighs every egg before she separates it" is right.

$persona
Answer in this form:
{"problem": "the whole problem", "answer": "the final result alone, with its unit"}"""
MATH_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"problem": {"type": "string"}, "answer": {"type": "string"}},
        "required": ["problem", "answer"],
    }
)
GOOD = {"problem": "A mason lays 40 bricks in an hour. How many does she lay in 7 hours?", "answer": "280 bricks"}


def refused(**fields: object) -> bool:
    """Whether the good answer with these fields in place of its own is malformed."""
    try:
        parse_json(json.dumps(GOOD | fields), MATH_SCHEMA, asked=MATH)
    except MalformedAnswer:
        return True
    return False


def test_an_answer_that_is_filled_in_is_taken() -> None:
    assert not refused()


@pytest.mark.parametrize(
    "problem",
    [
        "the whole problem",
        "The whole problem.",
        "THE WHOLE PROBLEM",
        '"The whole problem"',
        "the  whole\nproblem…",
        "The whole problem\n\nThe whole problem",
        "whole problem",
        "The whole problem: a mason lays 40 bricks in an hour.",
        "The whole problem, with its unit",
        "the final result alone, with its unit",  # that of another field
        "The final result alone",
        "The whole problem has a final result with its unit",
        "Final result, with the unit",
        "Challenging: several steps of reasoning, no mere arithmetic dressed up.",
        "A pastry cook who weighs every egg before she separates it",
    ],
)
def test_the_form_is_no_answer_however_it_is_written(problem: str) -> None:
    assert refused(problem=problem)


@pytest.mark.parametrize(
    "problem",
    [
        "The whole wall has 40 bricks. How many has half of it?",
        "The whole problem of a mason is time: 40 bricks take an hour. How long do 100 take?",
        "What is the result?",
        "A cook weighs every egg before she separates it. Six eggs weigh 330 g. What does one weigh?",
        "",
        "?",
    ],
)
def test_words_of_the_form_within_an_answer_are_not_the_form(problem: str) -> None:
    assert not refused(problem=problem)


@pytest.mark.parametrize("answer", ["1", "one", "alone", "12 units", "The unit is 7 m"])
def test_a_short_answer_may_have_a_word_of_the_form(answer: str) -> None:
    assert not refused(answer=answer)


def test_one_field_left_as_it_was_is_enough() -> None:
    assert refused(answer="The final result alone, with its unit.")


def test_the_fault_is_what_a_model_is_told() -> None:
    with pytest.raises(MalformedAnswer, match=r"not filled in: 'The whole problem\.'"):
        parse_json(json.dumps(GOOD | {"problem": "The whole problem."}), MATH_SCHEMA, asked=MATH)


def test_without_a_prompt_nothing_is_refused() -> None:
    assert parse_json(json.dumps(GOOD | {"problem": "the whole problem"}), MATH_SCHEMA)["answer"] == "280 bricks"


def test_lists_and_objects_within_are_looked_at() -> None:
    asked = '{"turns": [{"who": "patient", "says": "what they say"}], "notes": ["first note", "..."]}'
    form = form_of(asked)
    form.require_filled_in({"turns": [{"who": "patient", "says": "It hurts."}], "notes": ["a long story"]})
    for bad in (
        {"turns": [{"who": "doctor", "says": "Where?"}, {"who": "patient", "says": "What they say."}], "notes": []},
        {"turns": [], "notes": ["first note"]},
        {"turns": [], "notes": ["It is late.", "..."]},
    ):
        with pytest.raises(MalformedAnswer):
            form.require_filled_in(bad)


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("the question", True),
        ("verb_and_object", True),
        ("one sentence of 20 words at most", True),
        ("完整的问题", True),
        ("текст задачи", True),
        ("apprentice", False),
        ("string", False),
        ("e-mail", False),
        ("30 minutes", False),
        ("数学", False),
        ("", False),
    ],
)
def test_what_of_a_form_is_a_description(value: str, is_one: bool) -> None:
    assert is_description(value) is is_one


def test_values_that_the_schema_lists_are_examples() -> None:
    asked = '{"mood": "very happy", "why": "the reason in one sentence"}'
    schema = json.dumps(
        {
            "type": "object",
            "properties": {"mood": {"enum": ["very happy", "sad"]}, "why": {"type": "string"}},
            "required": ["mood", "why"],
        }
    )
    assert parse_json('{"mood": "very happy", "why": "It rains."}', schema, asked=asked)["mood"] == "very happy"
    with pytest.raises(MalformedAnswer):
        parse_json('{"mood": "sad", "why": "The reason, in one sentence"}', schema, asked=asked)


def test_descriptions_of_the_schema_are_part_of_the_form() -> None:
    field = {"type": "string", "description": "What the guard shouts when the train is about to leave"}
    schema = json.dumps({"type": "object", "properties": {"call": field}, "required": ["call"]})
    assert parse_json('{"call": "Mind the doors!"}', schema, asked="Answer in JSON.") == {"call": "Mind the doors!"}
    with pytest.raises(MalformedAnswer):
        parse_json('{"call": "what the guard shouts when the train leaves"}', schema, asked="Answer in JSON.")


@pytest.mark.parametrize(
    ("value", "bad"),
    [
        ("<question>", "<question>"),
        ("...", "..."),
        ("完整的问题", "完整的问题。"),
        ("текст задачи целиком", "Текст задачи, целиком"),
        ("पूरा सवाल एक वाक्य में", "पूरा सवाल, एक वाक्य में।"),
        ("السؤال كله في جملة واحدة", "السؤال كله، في جملة واحدة."),
    ],
)
def test_forms_of_any_script_and_of_signs(value: str, bad: str) -> None:
    schema = '{"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}'
    asked = json.dumps({"q": value}, ensure_ascii=False)
    with pytest.raises(MalformedAnswer):
        parse_json(json.dumps({"q": bad}), schema, asked=asked)


def test_few_shot_examples_are_no_form() -> None:
    schema = '{"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}'
    example = '<example>\n{"q": "the name of the city, in letters of any kind"}\n</example>'
    asked = f'{example}\n{example}\nAnswer in this form: {{"q": "what is asked for"}}'
    answer = '{"q": "The name of the city, in letters of any script"}'
    assert parse_json(answer, schema, asked=asked)["q"].startswith("The name")
    for bad in ('{"q": "What is asked for."}', '{"q": "the name of the city, in letters of any kind"}'):
        with pytest.raises(MalformedAnswer, match="not filled in"):
            parse_json(bad, schema, asked=asked)


def test_a_text_after_a_prefix_is_looked_at_too() -> None:
    asked = "Ask this person something. Answer in this form:\nQuestion: the question, in one sentence"
    assert parse_prefixed("Question: Why eels?", "Question:", asked) == "Why eels?"
    for bad in (
        "Question: The question, in one sentence.",
        "Question: Ask this person something. Answer in this form:",
    ):
        with pytest.raises(MalformedAnswer):
            parse_prefixed(bad, "Question:", asked)


def test_a_line_after_the_fields_name_is_looked_at_too() -> None:
    schema = '{"type": "object", "properties": {"persona": {"type": "string"}}, "required": ["persona"]}'
    asked = '{"persona": "the persona, in one or two sentences"}'
    assert parse_line("Persona: A cook", schema, "persona", asked) == "A cook"
    with pytest.raises(MalformedAnswer, match="not filled in"):
        parse_line("Persona: The persona, in one or two sentences,", schema, "persona", asked)


@given(st.text(max_size=200))
def test_any_text_has_words_and_none_makes_the_check_fail(text: str) -> None:
    assert all(words_of(text))
    for form, answer in ((Form.of(text, [{"a": text}]), "A mason who lays bricks"), (form_of(MATH, MATH_SCHEMA), text)):
        with suppress(MalformedAnswer):
            form.require_filled_in({"a": answer})


def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    assert not refused(problem="A mason. " + "x " * FIRST_CHARACTERS + "the whole problem")


def test_no_real_persona_or_problem_is_the_form(data: Path) -> None:
    with gzip.open(data / "personas" / "personahub_tool.jsonl.gz", "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["input persona"] for line in file]
    with (data / "math" / "gsm8k_test.jsonl").open(encoding="utf-8") as file:
        texts += [json.loads(line)["question"] for line in file]
    with (data / "reference" / "onet_occupation_data.csv").open(encoding="utf-8") as file:
        texts += [value for row in csv.DictReader(file) for value in row.values() if value]
    form = form_of(MATH, MATH_SCHEMA)
    form.require_filled_in(texts[:100])
    for text in texts:
        form.require_filled_in(text)
    assert len(texts) > 6000
