"""Which of an answer's objects counts, and when a block of fields stands for one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from persona_hub.transforms.llm.parsing import parse_json, parse_line
from persona_hub.transforms.llm.protocol import MalformedAnswer

RELATION = json.dumps(
    {
        "type": "object",
        "properties": {"relation": {"type": "string"}, "persona": {"type": "string"}},
        "required": ["relation", "persona"],
        "additionalProperties": False,
    }
)
PERSONA = json.dumps({"type": "object", "properties": {"persona": {"type": "string"}}, "required": ["persona"]})
A = '{"persona": "A"}'


@pytest.mark.parametrize(
    ("answer", "persona"),
    [
        (f"{A} I hope this helps!", "A"),
        (f'{A} {{"persona": "B"}}', "B"),
        (f'[{A}, {{"persona": "B"}}]', "B"),
        (f"{A} or {{'persona': 'B'}}", "B"),
        (f'{A} {{"persona": null}}', "A"),
        (f'{A} {{"note": "none"}}', "A"),
        ('{"persona": "A", "inner": {"persona": "B"}}', "A"),
        ('{"persona": "A {\\"persona\\": \\"B\\"}"}', 'A {"persona": "B"}'),
        ('{"draft": {"persona": "B"}, "answer": {"persona": "A"}}', "A"),
        ('{"answer": {"persona": "A"}, "rejected": [{"persona": "B"}]}', "A"),
        ('{"thoughts": "{\\"persona\\": \\"B\\"}", "answer": "{\\"persona\\": \\"A\\"}"}', "A"),
        (f"{A} Note: the set {{1, 2}} is {{ not }} meant.", "A"),
    ],
)
def test_the_last_that_fits_counts_and_the_outer_one(answer: str, persona: str) -> None:
    assert parse_json(answer, PERSONA)["persona"] == persona


@pytest.mark.parametrize(
    "rest",
    [
        '{"persona": "B',
        '{"pers',
        "{",
        "{'persona': 'B",
        '{"persona": "B" "x"}',
        '"{\\"persona\\": \\"B',
        '```json\n{\n  "',
    ],
)
def test_what_is_before_a_cut_or_broken_object_is_a_draft(rest: str) -> None:
    for answer in (f"{A}\n{rest}", f"No: {A}. Better: {rest}"):
        with pytest.raises(MalformedAnswer, match="cut off"):
            parse_json(answer, PERSONA)


def test_what_is_within_a_cut_object_is_a_part() -> None:
    for answer in ('{"persona": "A", "inner": {"persona": "B"}', '{"persona": "A", "others": [{"persona": "B"}, '):
        with pytest.raises(MalformedAnswer, match="cut off"):
            parse_json(answer, PERSONA)


def test_a_draft_does_not_pass_where_the_last_fails_its_check() -> None:
    def even(found: dict[str, Any]) -> None:
        if len(found["persona"]) % 2:
            raise MalformedAnswer("odd")

    assert parse_json('{"persona": "abc"} {"persona": "ab"}', PERSONA, even) == {"persona": "ab"}
    with pytest.raises(MalformedAnswer, match="odd"):
        parse_json('{"persona": "ab"} {"persona": "abc"}', PERSONA, even)


GIRL = "A girl of sixteen who learns to grind lenses."


@pytest.mark.parametrize(
    "answer",
    [
        f"relation: apprentice\npersona: {GIRL}",
        f"persona: {GIRL}\nrelation: 'apprentice'",
        f"---\nrelation: apprentice\npersona: |\n  {GIRL}\n",
        f'relation: "apprentice"\npersona: "{GIRL}"',
        f"```yaml\nrelation: apprentice\npersona: {GIRL}\n```",
        "relation: apprentice\npersona: >-\n  A girl of sixteen\n  who learns to grind lenses.",
        "relation: apprentice\npersona: A girl of sixteen\n  who learns to grind lenses.",
        f"**relation**: apprentice\n**persona**: {GIRL}",
        f"<think>relation: draft</think>relation: apprentice\npersona: {GIRL}",
    ],
)
def test_a_block_of_fields_is_read(answer: str) -> None:
    assert parse_json(answer, RELATION) == {"relation": "apprentice", "persona": GIRL}


@pytest.mark.parametrize(
    "answer",
    [
        "relation: apprentice",
        "relation: apprentice\npersona: A girl of six",  # cut off, for all that can be seen
        f"relation: apprentice\npersona: {GIRL}\npersona: Another.",
        f"relation: apprentice\npersona: {GIRL}\nage: 16",
        f"Sure!\nrelation: apprentice\npersona: {GIRL}",
        f"relation: apprentice\npersona: {GIRL}\n\nI hope this helps.",
        "relation: apprentice\npersona:",
        'relation: apprentice\npersona: "A girl',
        "relation: apprentice\npersona: [A girl.]",
        f'relation: apprentice\npersona: {GIRL} {{"relation": "x',
        "relation: apprentice\npersona: \x0cemale.",
        f"```\nrelation: apprentice\npersona: {GIRL[:20]}",
    ],
)
def test_a_block_that_may_be_another_is_malformed(answer: str) -> None:
    with pytest.raises(MalformedAnswer):
        parse_json(answer, RELATION)


def test_fields_that_are_no_texts_are_not_read_from_a_block() -> None:
    schema = json.dumps({"type": "object", "properties": {"n": {"type": "array"}}, "required": ["n"]})
    with pytest.raises(MalformedAnswer):
        parse_json("n:\n  - 1", schema)


def test_a_line_of_a_block() -> None:
    assert parse_line(f"persona: |\n  {GIRL}", PERSONA, "persona") == GIRL
    with pytest.raises(MalformedAnswer):
        parse_line("persona: |\n  A girl of six", PERSONA, "persona")
