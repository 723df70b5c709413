"""The offline model's samples: the form of each use case, correct answers, and any schema of a user's own."""

from __future__ import annotations

import json
import re
from itertools import permutations
from typing import Any

import pytest

from persona_hub.transforms.offline_model import answer
from persona_hub.transforms.offline_model.phrasebook import LANGUAGES, SLOT, phrasebook
from persona_hub.transforms.offline_model.samples import identifier

NURSE = "A paediatric ward nurse who looks after children with asthma"
FORMS = {
    "math": {"problem", "solution", "answer"},
    "logical_reasoning": {"problem", "program", "answer"},
    "instruction": {"instruction"},
    "knowledge_text": {"title", "text"},
    "game_npc": {"name", "role", "background", "look", "dialogue", "quest_hook"},
    "tool": {"name", "description", "parameters"},
}


def sample(task: str, persona: str = NURSE, number: int = 0, schema: str = "") -> Any:
    return json.loads(answer(task, {"persona": persona, "language": "en"}, schema, number))


@pytest.mark.parametrize("task", sorted(FORMS))
def test_each_use_case_has_its_form_and_varies(task: str) -> None:
    some = [sample(task, number=number) for number in range(4)]
    assert all(set(one) == FORMS[task] for one in some)
    assert len({json.dumps(one) for one in some}) == 4
    assert sample(task) == some[0]
    assert sample(task, "A wine merchant in a small town") != some[0]


def test_the_numbers_of_a_problem_give_its_answer() -> None:
    checked = 0
    for number in range(200):
        got = sample("math", number=number)
        told, n = got["problem"], [int(x) for x in re.findall(r"\d+", got["problem"])]
        if "sessions" in told:
            want = n[0] * n[1] + n[2]
        elif "leaflets" in told:
            want = n[0] // n[1] // n[2]
        elif "percent" in told:
            want = n[0] * (100 - n[1]) // 100
        elif "kilometres" in told:
            want = n[0] // n[1] * n[2]
        elif "log of" in told:
            want = sum(n[0] + n[1] * month for month in range(n[2]))
        else:
            want = n[0] * n[1] + n[2] * n[3]
        assert got["answer"] == str(want), told
        checked += 1
    assert checked == 200


def test_the_puzzle_has_exactly_one_solution() -> None:
    for number in range(30):
        got = sample("logical_reasoning", number=number)
        told = got["problem"]
        before = re.findall(r"(\w+) spoke directly before (\w+)", told)
        before += re.findall(r"The report by (\w+) lies directly on top of the one by (\w+)", told)
        before += [(b, a) for a, b in re.findall(r"(\w+) stands right behind (\w+)", told)]
        names = sorted({name for pair in before for name in pair})
        rows = [row for row in permutations(names) if all(row.index(a) + 1 == row.index(b) for a, b in before)]
        assert len(names) == 4
        assert len(rows) == 1
        assert got["answer"] == rows[0][-1 if re.search("spoke last|bottom|end of the queue", told) else 0]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_sentence_of_every_language_can_be_filled(language: str) -> None:
    book = phrasebook(language)
    roles = [role for field in book.fields.values() for role in (field.pros[0], field.lay[0])]
    for persona in [f"{role[:1].upper()}{role[1:]}" for role in roles][::7]:
        for task in (*FORMS, "my_own"):
            for number in range(6):
                text = answer(task, {"persona": persona, "language": language}, number=number)
                assert not SLOT.search(text)
                if task == "tool":
                    tool = json.loads(text)
                    assert tool["name"].isidentifier()
                    assert all(name.isidentifier() for name in tool["parameters"]["properties"])


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_tables_are_whole(language: str) -> None:
    book = phrasebook(language)
    english = phrasebook("en")
    assert set(book.fields) <= set(english.fields)
    assert {relation.field for relation in book.relations} <= {"same", "any", *book.fields}
    assert set(book.table["samples"]["math"]) <= set(english.table["samples"]["math"])
    assert set(book.ask) == {"read", "write", "like", "dislike"}
    for field in book.fields.values():
        assert min(len(field.pros), len(field.lay), len(field.aims), len(field.topics)) >= 1, field.name
        assert len(field.topics) >= 2, field.name


@pytest.mark.parametrize(("language", "mark"), [("en", "?"), ("ja", "？"), ("zh", "？"), ("ar", "؟"), ("hi", "?")])
def test_a_question_of_ones_own_schema_ends_with_its_mark(language: str, mark: str) -> None:
    schema = json.dumps(
        {"type": "object", "properties": {"question": {"type": "string"}, "reason": {"type": "string"}}}
    )
    got = [json.loads(answer("my_own", {"persona": NURSE, "language": language}, schema, n)) for n in range(6)]
    assert all(one["question"][-1] == mark and one["question"][-2] not in ".。।" for one in got)
    assert not any(one["reason"].endswith(mark) for one in got)


def test_without_a_schema_it_is_a_text() -> None:
    text = answer("my_own", {"persona": NURSE, "language": "en"})
    assert "ward nurse" in text


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("the flow of small rivers", "flow_of_small_rivers"),
        ("nappe phréatique", "nappe_phreatique"),
        ("海狸水坝", ""),
        ("one two three four five", "two_three_four_five"),
    ],
)
def test_a_phrase_as_part_of_an_identifier(phrase: str, name: str) -> None:
    assert identifier(phrase) == name
