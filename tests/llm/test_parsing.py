"""Parsing: valid JSON is found in whatever is put around it, and nothing in an answer is trusted."""

from __future__ import annotations

import gzip
import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.llm.parsing import forms_in, parse_json, parse_line, parse_prefixed
from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.llm.reading.objects import objects_in
from persona_hub.transforms.records import EXCERPT_CHARACTERS


def schema_of(**fields: str) -> str:
    return json.dumps(
        {
            "type": "object",
            "properties": {name: {"type": kind} for name, kind in fields.items()},
            "required": list(fields),
            "additionalProperties": False,
        }
    )


PERSONA = schema_of(persona="string")
MATH = schema_of(problem="string", answer="string")
NURSE = {"persona": 'A nurse who says "yes" to C:\\new {things}, in 日本 and\nelsewhere.'}


@pytest.mark.parametrize(
    "wrap",
    [
        "{}",
        "```json\n{}\n```",
        "```\n{}\n```\nI hope this helps!",
        "Here is the JSON:\n\n{}",
        "Persona: {}",
        "\ufeff{}",
        "[{}]",
        'Sure! The answer is {{"persona": [3]}}, or rather {}',
        '{{"result": {{"answer": {}}}}}',
        'Perhaps {{"persona": "A draft."}}? Too coarse. {}',
        'He said "{{" and then {}',
        "{{ {{ {}",
    ],
)
def test_json_is_found_in_what_models_put_around_it(wrap: str) -> None:
    assert parse_json(wrap.format(json.dumps(NURSE)), PERSONA) == NURSE
    assert parse_json(wrap.format(json.dumps(NURSE, indent=2, ensure_ascii=False)), PERSONA) == NURSE


@pytest.mark.parametrize("times", [1, 2, 3])
def test_json_is_found_in_strings_of_json(times: int) -> None:
    text = json.dumps(NURSE, indent=1)
    for _ in range(times):
        text = json.dumps(text)
    assert parse_json(text, PERSONA) == NURSE
    assert parse_json(f"Here you are: {text}.", PERSONA) == NURSE


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("{'persona': 'A nurse who isn\\'t \"late\"'}", 'A nurse who isn\'t "late"'),
        ('{"persona": "A nurse",}', "A nurse"),
        ('{"persona": "A nurse\nat night"}', "A nurse\nat night"),  # a line end within a string
        ('{"persona": "A nurse", "reason": "needless"}', "A nurse"),
        ('{"persona": "First"} {"persona": "Second"}', "Second"),
        ('{"persona": null} {"persona": "Second"}', "Second"),
        ('{"persona": 7}', "7"),
        ('{"persona": "half a pair \\ud83d of surrogates"}', "half a pair \ufffd of surrogates"),
    ],
)
def test_what_can_only_mean_one_thing_is_taken(answer: str, found: str) -> None:
    assert parse_json(answer, PERSONA) == {"persona": found}


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("", "no JSON object"),
        ("I cannot help with that.", "no JSON object"),
        ('{"persona": "A nurse who wor', "no complete JSON object"),
        ('{"persona": "A nurse"', "no complete JSON object"),
        ('{"persona": NaN}', "no complete JSON object"),
        ('<think>{"persona": "A draft."} might', "the answer ends within the thoughts before it"),
        ('{"persona": 1e999}', "no complete JSON object"),
        ('{"persona": ' + "9" * 5000 + "}", "no complete JSON object"),
        ('["A nurse"]', "no JSON object"),
        ("{}", "no field 'persona'"),
        ('{"name": "A nurse"}', "no field 'persona'"),
        ('{"persona": ["A nurse"]}', "'persona' does not fit type: \"string\""),
        ('{"persona": true}', "'persona' does not fit type: \"string\""),
        ('{"persona": ' + "[" * 100_000 + "]" * 100_000 + "}", "no complete JSON object"),
    ],
)
def test_a_complaint_says_what_is_missing(answer: str, complaint: str) -> None:
    with pytest.raises(MalformedAnswer) as error:
        parse_json(answer, PERSONA)
    assert str(error.value) == complaint


def test_a_complaint_never_holds_the_answer() -> None:
    secret = "x" * 10_000
    for schema in (PERSONA, '{"type": "object", "additionalProperties": {"enum": [1]}}'):
        with pytest.raises(MalformedAnswer) as error:
            parse_json(json.dumps({secret: secret, "persona": [secret]}), schema)
        assert len(str(error.value)) < EXCERPT_CHARACTERS
        assert secret[:100] not in str(error.value)


def test_the_form_that_the_prompt_shows_is_no_answer() -> None:
    asked = 'Answer in this form:\n{"persona": "the persona, in a sentence"}'
    with pytest.raises(MalformedAnswer, match="not filled in"):
        parse_json('{"persona": "the persona, in a sentence"}', PERSONA, asked=asked)
    both = 'As {"persona": "the persona, in a sentence"}: {"persona": "A nurse"}'
    assert parse_json(both, PERSONA, asked=asked) == {"persona": "A nurse"}
    assert forms_in(asked) == [{"persona": "the persona, in a sentence"}]


def test_a_check_refuses_what_a_schema_cannot() -> None:
    def even(found: dict) -> None:
        if int(found["answer"]) % 2:
            raise MalformedAnswer("odd")

    answers = '{"problem": "1 + 2", "answer": 3} {"problem": "2 + 2", "answer": 4}'
    assert parse_json(answers, MATH, even)["answer"] == "4"
    with pytest.raises(MalformedAnswer, match="odd"):
        parse_json('{"problem": "1 + 2", "answer": 3}', MATH, even)


@pytest.mark.parametrize(
    "answer",
    [
        "Math problem: What is x?",
        "Sure, here it is.\n\n**Math problem:** What is x?",
        "### math  PROBLEM：What is x?",
        "Math problem:\n\n```text\nWhat is x?\n```",
        '- Math problem: "What is x?"',
        "\ufeffMath problem: What is x?\n",
    ],
)
def test_what_follows_a_prefix_is_the_text(answer: str) -> None:
    assert parse_prefixed(answer, "Math problem:") == "What is x?"


def test_a_text_keeps_its_lines_and_its_inner_quotes() -> None:
    assert parse_prefixed('Title: "A" and "B"\n\nText: one\n\ntwo', "Title:") == '"A" and "B"\n\nText: one\n\ntwo'
    assert parse_prefixed('Title: "A" and "B"', "Title:") == '"A" and "B"'


@pytest.mark.parametrize("answer", ["", "What is x?", "Math problem:", "Math problems: x", "I see no Math problem: x"])
def test_a_text_without_its_prefix_is_malformed(answer: str) -> None:
    with pytest.raises(MalformedAnswer, match="Math problem:"):
        parse_prefixed(answer, "Math problem:")


@pytest.mark.parametrize(
    "answer", ["Persona: A  nurse.", '**Persona:** "A nurse."\n\nReason: night shifts', "persona:\nA nurse."]
)
def test_a_line_may_stand_for_an_object(answer: str) -> None:
    assert parse_line(answer, PERSONA, "persona") == "A nurse."


@pytest.mark.parametrize(
    "answer", ['{"persona": "A nur', 'Persona: {"persona": "A nur', '{\n"persona": "A', "A nurse", '{"persona": " "}']
)
def test_half_an_object_is_no_line(answer: str) -> None:
    with pytest.raises(MalformedAnswer):
        parse_line(answer, PERSONA, "persona")


# What no escape of JSON is read otherwise for: control characters are in no answer, and after line ends and tabs, small
# letters, brackets and quotes may show that LaTeX, a path or a pattern was meant (tests/llm/reading/test_escapes.py).
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t")).map(
    lambda text: re.sub(r"([\n\t])(?=[a-z\n\t\"'`\]])|[\ufdd0-\ufdef]", " ", text)
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
prose = st.text() | st.text("{}[]\":,\\' \nab`")


@given(
    problem=texts,
    answer=texts,
    before=prose,
    after=prose.filter(lambda text: not re.search(r"\{\s*(\\*[\"'][^\"'\s]*)?\Z", text)),  # that would be cut off
    indent=st.none() | st.integers(0, 4),
    ascii_only=st.booleans(),
)
def test_any_object_is_found_in_any_prose(problem, answer, before, after, indent, ascii_only) -> None:
    found = {"problem": problem, "answer": answer}
    text = json.dumps(found, indent=indent, ensure_ascii=ascii_only)
    assert parse_json(f"{before}{text}{after}", MATH) == found
    assert parse_json(f"{before}{json.dumps(text)}{after}", MATH) == found


@given(value=st.dictionaries(texts, values, max_size=4))
def test_any_object_survives(value) -> None:
    assert next(objects_in(f"```json\n{json.dumps(value)}\n```")) == value


@given(problem=st.text(), answer=st.text(min_size=1), data=st.data())
def test_what_is_cut_off_is_malformed(problem, answer, data) -> None:
    text = json.dumps({"problem": problem, "answer": answer})
    with pytest.raises(MalformedAnswer):
        parse_json(text[: data.draw(st.integers(0, len(text) - 1))], MATH)


@settings(max_examples=500)
@given(st.text() | st.text("{}[]\":,\\'anu0 \n\ud800`"))
def test_no_text_raises_anything_but_malformed_answer(text: str) -> None:
    for read in (
        lambda: parse_json(text, MATH),
        lambda: parse_prefixed(text, "Persona:"),
        lambda: parse_line(text, PERSONA, "persona"),
    ):
        with suppress(MalformedAnswer):
            assert read()


def test_most_of_the_released_tools_are_read(data: Path) -> None:
    """They are JSON in a string of JSON, and some of them no tool at all."""
    schema = schema_of(name="string", description="string", function_name="string")
    read = total = 0
    with gzip.open(data / "personas" / "personahub_tool.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["synthesized text"]
            total += 1
            try:
                assert set(parse_json(text, schema)) == {"name", "description", "function_name"}
                read += 1
            except MalformedAnswer:
                continue
    assert read / total > 0.97
