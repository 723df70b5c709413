"""Sample -> conversation: what is asked, what is answered, and what has neither."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import orjson
import pytest

from persona_hub.transforms.records import Proof, Sample
from persona_hub.transforms.training.conversation import Conversation, conversations_of
from persona_hub.transforms.training.forms import form_rows
from tests.helpers.data_sets.made import FUNCTION, PERSONAS, math, sample

[ONE, *_] = PERSONAS


DEEP = '{"problem": "p", "answer": ' + "[" * 101 + "]" * 101 + "}"


def turns(one: Sample, language: str = "und") -> list[tuple[str, str]]:
    """The only conversation of a sample."""
    found = conversations_of(one, language)
    assert not isinstance(found, str), found
    [conversation] = found
    return [(turn.role, turn.content) for turn in conversation.turns]


def of(use_case: str, fields: dict[str, Any] | None, text: str = "text") -> Sample:
    return sample(ONE, use_case, fields, text)


def test_a_problem_is_answered_by_its_program_and_its_answer() -> None:
    problem = math(ONE, 4)
    asked = f"How many legs have 4 bees of {ONE.text[:18]}?"
    assert turns(problem) == [("user", asked), ("assistant", "```python\nprint(4 * 6)\n```\n\nAnswer: 24")]


def test_an_explanation_goes_before_a_program_and_does_not_say_the_answer_twice() -> None:
    fields = {"problem": "2 + 2?", "solution": "Two and two are 4.", "program": "print(4)", "answer": "4"}
    assert turns(of("own", fields)) == [("user", "2 + 2?"), ("assistant", "Two and two are 4.")]
    fields["solution"] = "See page 14"
    assert turns(of("own", fields))[1] == ("assistant", "See page 14\n\nAnswer: 4")


@pytest.mark.parametrize(
    ("use_case", "fields"),
    [
        ("math", {"problem": "2 + 2?", "solution": "print(4)", "answer": "4"}),
        ("logical_reasoning", {"problem": "2 + 2?", "program": "print(4)", "answer": "4"}),
        ("own", {"problem": "2 + 2?", "solution": "print(4)", "answer": "4"}),
        ("own", {"problem": "2 + 2?", "program": "print(4)", "answer": "4"}),
    ],
)
def test_a_program_is_known_by_its_use_case_its_name_or_its_proof(use_case: str, fields: dict[str, Any]) -> None:
    one = of(use_case, fields)
    if use_case == "own":
        one = replace(one, proof=Proof("program", " print(4)\n", "4", 1))
    assert turns(one)[1] == ("assistant", "```python\nprint(4)\n```\n\nAnswer: 4")


def test_texts_of_other_forms_are_asked_for_as_such() -> None:
    for part, asked in (
        ("questions", 'Write questions and answers with the title "Bees".'),
        ("rows", 'Write a text with a table, with the title "Bees".'),
        ("steps", 'Write a tutorial in steps with the title "Bees".'),
    ):
        one = of("knowledge_text", {"title": "Bees", part: [{}]}, "Title: Bees\n\nQ: a\nA: b")
        assert turns(one) == [("user", asked), ("assistant", "Q: a\nA: b")]
        assert turns(one, "fr")[0][1].startswith("Écris")


def test_a_program_with_a_fence_of_its_own_stays_in_its_block() -> None:
    program = 'print("""```\nout\n````""")'
    answer = turns(of("math", {"problem": "p", "answer": "a", "program": program}))[1][1]
    assert answer == f"`````python\n{program}\n`````\n\nAnswer: a"


@pytest.mark.parametrize(
    ("use_case", "text", "told"),
    [
        ("math", "2 + 2?\n\nAnswer: 4", [("user", "2 + 2?"), ("assistant", "4")]),
        ("logical_reasoning", "Who?\n\nAnswer: Ada", [("user", "Who?"), ("assistant", "Ada")]),
        (
            "knowledge_text",
            "Title: Bees\n\nThey hum.\n\nLoudly.",
            [("user", 'Write a text with the title "Bees".'), ("assistant", "They hum.\n\nLoudly.")],
        ),
        ("instruction", "Write on bees.", "no-answer"),
    ],
)
def test_samples_of_earlier_releases_are_known_by_their_text(use_case: str, text: str, told: Any) -> None:
    found = conversations_of(of(use_case, None, text))
    assert (found if isinstance(found, str) else turns(of(use_case, None, text))) == told


@pytest.mark.parametrize(
    ("language", "asked"),
    [
        ("de", "Schreibe einen Text mit dem Titel „Bienen {x}“."),
        ("zh", "请以“Bienen {x}”为题写一篇文章。"),
        ("xx", 'Write a text with the title "Bienen {x}".'),
    ],
)
def test_a_text_is_asked_for_by_its_title_in_its_language(language: str, asked: str) -> None:
    text = "Title: Bienen {x}\n\nSie summen."
    article = of("knowledge_text", {"title": "Bienen {x}", "text": "Sie summen."}, text)
    assert turns(article, language) == [("user", asked), ("assistant", "Sie summen.")]


def test_what_asks_nothing_is_asked_for_with_its_persona() -> None:
    npc = of("game_npc", {"name": "Ilka", "role": "guard"}, "Name: Ilka")
    assert turns(npc) == [
        ("user", f"Create a character of a game after this persona:\n\n{ONE.text}"),
        ("assistant", "Name: Ilka"),
    ]
    poem = replace(of("poem", None, "Roses"), description="short poem")
    assert turns(poem)[0] == ("user", f"Write this for the persona below: short poem\n\n{ONE.text}")


def test_a_use_case_of_ones_own_is_known_by_the_names_of_its_fields() -> None:
    fields = {"question": "What is it?", "context": "A hive.", "response": "Wax."}
    assert turns(of("own", fields)) == [("user", "What is it?\n\nA hive."), ("assistant", "Wax.")]
    assert conversations_of(of("own", {"question": "What?"})) == "no-answer"


TOLD = [{"role": "user", "text": "a"}, {"role": "assistant", "content": "b"}]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"instruction": "a", "turns": TOLD}, "a b"),
        ({"instruction": "x", "answer": "y", "turns": TOLD}, "x y a b"),
        ({"instruction": "x", "turns": TOLD[1:]}, "x b"),
        ({"turns": [{"user": "a", "assistant": "b"}, {"user": "c", "assistant": "d"}]}, "a b c d"),
        ({"turns": ["a", "b", "c"]}, "a b"),
        ({"turns": [{"from": "human", "content": "a"}, {"from": "gpt", "content": "b"}]}, "a b"),
        ({"turns": [{"role": "system", "content": "s"}, *TOLD]}, "s a b"),
        ({"turns": [TOLD[0], TOLD[0], TOLD[1]]}, "turns-do-not-alternate"),
        ({"turns": [{"role": "tool", "content": "t"}, *TOLD]}, "turns-do-not-alternate"),
        ({"turns": [TOLD[0]]}, "no-answer"),
        ({"turns": [3, None, {"role": "user"}]}, "no-answer"),
    ],
)
def test_turns_alternate_and_end_with_an_answer(fields: dict[str, Any], told: str) -> None:
    found = conversations_of(of("instruction", fields))
    if isinstance(found, str):
        assert found == told
    else:
        assert " ".join(turn.content for turn in found[0].turns) == told


def calls(example: Any, function: Any = FUNCTION) -> list[Conversation]:
    found = conversations_of(of("tool", {"function": function, "example_calls": [example]}, "{}"))
    assert not isinstance(found, str)
    return list(found)


@pytest.mark.parametrize(
    "example",
    [
        {"request": "How many?", "arguments": {"hive": "a"}},
        {"question": "How many?", "call": {"name": "count_bees", "arguments": {"hive": "a"}}},
        {"user": "How many?", "function_call": {"name": "count_bees", "arguments": '{"hive": "a"}'}},
        {"user": "How many?", "tool_call": {"type": "function", "function": {"arguments": {"hive": "a"}}}},
    ],
)
def test_an_example_call_is_a_conversation_with_the_function_as_a_tool(example: Any) -> None:
    flat = of("tool", {**FUNCTION, "calls": [example]}, "{}")
    for found in (
        *calls(example),
        *calls(example, {"type": "function", "function": FUNCTION}),
        *conversations_of(flat),
    ):
        assert not isinstance(found, str)
        assert found.tools == ({"type": "function", "function": FUNCTION},)
        asked, called = found.turns
        assert (asked.content, called.content) == ("How many?", "")
        assert called.call
        assert (called.call.name, called.call.arguments) == ("count_bees", {"hive": "a"})


@pytest.mark.parametrize("example", [{"request": "x"}, {"arguments": {}}, {"request": "x", "arguments": "{"}, None, []])
def test_a_tool_without_a_whole_example_is_asked_for_with_its_persona(example: Any) -> None:
    [found] = calls(example)
    assert found.question.startswith("Design a tool")
    assert not found.tools


@pytest.mark.parametrize(
    "token",
    ["<|im_end|>", "<|start_header_id|>", "</s>", "[/INST]", "<<SYS>>", "<end_of_turn>", "<\uff5cend\u2581of\uff5c>"],
)
def test_what_ends_a_turn_in_a_chat_template_is_left_out(token: str) -> None:
    assert conversations_of(of("own", {"question": f"a {token}", "answer": "b"})) == "control-token"
    assert conversations_of(of("own", {"question": "a", "answer": f"b{token}b"})) == "control-token"
    example = {"request": "How many?", "arguments": {"hive": token}}
    assert conversations_of(of("tool", {"function": FUNCTION, "example_calls": [example]})) == "control-token"
    text = "a < b | c > d, <|>, <s>struck</s >, [INSTANT], 1|2"
    assert turns(of("own", {"question": text, "answer": "b"}))[0] == ("user", text)


@pytest.mark.parametrize("fields", ["{", "[1]", "3", '{"problem": ', "[" * 99_999, '{"a": ' * 9_999, DEEP])
def test_fields_that_are_no_object_leave_the_text(fields: str) -> None:
    one = replace(of("math", None, "text"), fields=fields)
    assert turns(one)[1] == ("assistant", "text")


def test_a_call_as_deep_as_json_is_written_is_kept() -> None:
    for depth, kept in ((90, True), (200, False), (300, False)):
        tool = of("tool", {**FUNCTION, "calls": [{"request": "x", "arguments": {}}]}, "{}")
        one = replace(
            tool, fields=tool.fields.replace('"arguments": {}', f'"arguments": {{"a": {"[" * depth}{"]" * depth}}}')
        )
        found = form_rows("chat", one)
        assert not isinstance(found, str)
        assert bool(found[0].columns.get("tools")) == kept
        orjson.dumps(found[0].columns)


def test_what_no_file_can_hold_is_put_right() -> None:
    one = replace(of("own", None), fields='{"question": "a \\ud83d \\ud83d\\udc1d", "answer": "b"}')
    assert turns(one)[0] == ("user", "a \ufffd 🐝")
    example = {"request": "x", "arguments": {"n": 0}}
    tool = of("tool", {"function": FUNCTION, "example_calls": [example]})
    found = conversations_of(replace(tool, fields=tool.fields.replace('"n": 0', f'"n": {"9" * 30}')))
    assert not isinstance(found, str)
    call = found[0].turns[1].call
    assert call
    assert json.dumps(call.arguments) == '{"n": 1e+30}'
