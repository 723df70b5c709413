"""Thoughts in every notation that servers leak: what comes after them counts, and no draft is ever taken."""

from __future__ import annotations

import json

import pytest

from persona_hub.transforms.llm.parsing import parse_json, parse_line, parse_prefixed
from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.llm.reading.thoughts import without_thoughts
from tests.material.notations import ELEMENTS, NOTATIONS

PERSONA = json.dumps(
    {
        "type": "object",
        "properties": {"persona": {"type": "string"}},
        "required": ["persona"],
        "additionalProperties": False,
    }
)
ANSWER = "A lock keeper who reads the river by its colour."
OBJECT = json.dumps({"persona": ANSWER})
DRAFT = 'Is {"persona": "A draft of somebody"} right? It is too coarse.'
ALL = [pytest.param(*marks, id=name) for name, marks in (NOTATIONS | ELEMENTS).items()]


@pytest.mark.parametrize(("begin", "end"), ALL)
@pytest.mark.parametrize("before", ["", "\n", "\ufeff"])
def test_the_answer_is_what_follows_the_thoughts(begin: str, end: str, before: str) -> None:
    assert parse_json(f"{before}{begin}{DRAFT}{end}{OBJECT}", PERSONA) == {"persona": ANSWER}
    assert parse_json(f"{before}{begin}{end}```json\n{OBJECT}\n```", PERSONA) == {"persona": ANSWER}
    assert parse_line(f"{before}{begin}Persona: a draft{end}\nPersona: {ANSWER}", PERSONA, "persona") == ANSWER
    assert parse_prefixed(f"{before}{begin}Text: a draft{end}\nText: {ANSWER}", "Text:") == ANSWER


@pytest.mark.parametrize(("begin", "end"), ALL)
def test_thoughts_without_an_answer_hold_none(begin: str, end: str) -> None:
    for answer in (
        f"{begin}{DRAFT}",
        f"{begin}{OBJECT}",
        f"{begin}{DRAFT}{end}",
        f"{begin}{DRAFT}{end}I cannot tell.",
        f"{begin}{DRAFT}{end}{OBJECT[:-1]}",
    ):
        with pytest.raises(MalformedAnswer):
            parse_json(answer, PERSONA)
    for answer in (f"{begin}Text: a draft", f"{begin}Text: a draft{end}"):
        with pytest.raises(MalformedAnswer):
            parse_prefixed(answer, "Text:")


@pytest.mark.parametrize(("begin", "end"), [pytest.param(*marks, id=name) for name, marks in NOTATIONS.items()])
def test_the_chat_template_may_swallow_the_beginning(begin: str, end: str) -> None:
    assert parse_json(f"{DRAFT}{end}{OBJECT}", PERSONA) == {"persona": ANSWER}
    assert parse_json(f'{{"persona": "A draft"}} Hm.{end}{OBJECT}', PERSONA) == {"persona": ANSWER}
    assert parse_prefixed(f"Text: a draft\n{end}\nText: {ANSWER}", "Text:") == ANSWER
    with pytest.raises(MalformedAnswer):
        parse_json(f"{DRAFT}{end}", PERSONA)


@pytest.mark.parametrize(
    "answer",
    [
        f"<think>I shall end with </think> or so. {DRAFT}</think>{OBJECT}",
        f"<think>In <think> tags? {DRAFT}</think>{OBJECT}",
        f"<think>{DRAFT}</think>Well, <think>{DRAFT}</think>{OBJECT}",
        f"<thinking>{DRAFT}<reflection>{DRAFT}</reflection>{DRAFT}</thinking>{OBJECT}",
        f"{OBJECT}<think>{DRAFT} No, it was right.</think>",
        f"<think>{DRAFT}</think><answer>{OBJECT}</answer>",
        f"<think>{DRAFT}</think>{OBJECT}<|im_end|>",
        f"{OBJECT}<|end|>",
        f"final{OBJECT}",
        f"assistantfinal{OBJECT}",
        f"<|start|>assistant<|channel|>final<|message|>{OBJECT}<|return|>",
        f"<|im_start|>assistant\n{OBJECT}<|im_end|>",
        f"<s>{OBJECT}</s>",
        f"<output>Here it is: {OBJECT}</output>",
        f"<unheard-of>\n```json\n{OBJECT}\n```\n</unheard-of>",
        f"**Reasoning:** {DRAFT}\n\n{OBJECT}",
        f"Okay, so the user wants a persona. {DRAFT}\n```json\n{OBJECT}\n```",
    ],
)
def test_thoughts_in_odd_places(answer: str) -> None:
    assert parse_json(answer, PERSONA) == {"persona": ANSWER}


@pytest.mark.parametrize(
    "answer",
    [
        f"{OBJECT}<think>Or rather",
        f"<think>{DRAFT}</think>{OBJECT}<think>Or rather",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant",
        '<|channel|>commentary to=functions.persona <|constrain|>json<|message|>{"persona": "A draft"}',
        f"<think>{DRAFT}</think><|channel|>analysis<|message|>{DRAFT}",
        f"Reasoning: {DRAFT}",
        f"Thinking Process:\n\n1. {DRAFT}",
        f"Okay, so the user wants a persona. {DRAFT} Let me",
        f"<ponder>{OBJECT} or",
        f"<ponder>Perhaps {OBJECT}?</ponder>",
    ],
)
def test_a_draft_is_no_answer(answer: str) -> None:
    with pytest.raises(MalformedAnswer):
        parse_json(answer, PERSONA)


@pytest.mark.parametrize(
    "text",
    [
        "Somebody who writes about <think> and </think> as others write about <b>.",
        "A teacher who says [THINK] aloud",
        "One who types <|channel|>analysis<|message|> by hand",
        "A clerk whose stamp says assistantfinal",
    ],
)
def test_a_mark_in_a_string_is_text(text: str) -> None:
    for wrap in ("{}", "Here: {}", "```json\n{}\n```", "<think>Perhaps.</think>{}", "{}<think>Good.</think>"):
        assert parse_json(wrap.format(json.dumps({"persona": text})), PERSONA) == {"persona": text}


def test_a_text_with_thoughts_amid_it_is_not_put_together() -> None:
    with pytest.raises(MalformedAnswer):
        parse_prefixed("Text: One half <think>and now?</think> and the other.", "Text:")


@pytest.mark.parametrize(
    "text",
    ["Analysis: one", "analysis: one", "Final: one", "A plan: <plan> is a tag.", "[1] One.", "x < y > z", "<p>One</p>"],
)
def test_what_only_looks_like_thoughts_stays(text: str) -> None:
    assert without_thoughts(text) == text
