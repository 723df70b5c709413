"""Hostile answers: reading them takes time in proportion to their length, whatever they are made of."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest

from persona_hub.transforms.filter_persona.not_personas import not_a_persona
from persona_hub.transforms.llm.parsing import parse_json, parse_line, parse_prefixed, unwrapped
from persona_hub.transforms.llm.protocol import MalformedAnswer

SCHEMA = json.dumps({"type": "object", "properties": {"persona": {"type": "string"}}, "required": ["persona"]})
SHORT, TIMES = 5_000, 4  # characters of the shorter text, and how many times longer the other is
GROWTH = 10  # at most, of the time: 4 if it is linear, 16 if it is quadratic, 64 if it is cubic
SECONDS = 0.05  # of CPU; below, growth is noise
ATTEMPTS = 5  # a busy machine is no reason to fail
BEGINNINGS = ["", "```", '{"persona": "', "<think>", "analysis", "Text:", "persona: ", "{'persona': '", "\ufeff"]
PARTS = [
    *(
        "{",
        '{"',
        '{"a":',
        "{}",
        '{"a":1},',
        '"{\\"',
        '"\\',
        "\\'",
        "{'a':'",
        "[",
        '{"persona":"a"}',
        '{"persona":',
        "{\n",
    ),
    *(
        "\n",
        "```\n",
        "\ufeff",
        " ",
        "\t",
        "**",
        "*",
        '"',
        "“",
        "- * _ ",
        "Text",
        "Text:",
        "Text: a\n",
        "persona:\n",
        "a:\n ",
    ),
    *("<think>", "</think>", "<plan></plan>", "</plan>", "<a", "<think", "[THINK]", "◁", "<|", "<|end|>", "<unused1>"),
    *(
        "<|channel|>analysis",
        "<|channel|>",
        "assistantfinal",
        "assistant\n",
        "Thinking...\n",
        "<ponder>",
        "reasoning:",
        "hmm ",
    ),
    *("\\n", "\\nu ", "\\u", "\\x", "\x0c", "\x0ca", "\x0b\x08", "C:\\", "C:\\n", "C:\\new ", "..\\n", "%a%", "\\\\a"),
    *(
        "$",
        "$a",
        "\\( ",
        "[^\\n",
        "'\\n'",
        "[\\n",
        '{"persona":"\\nu"} ',
        "\\begin{",
        "\\d+",
        "\\\\a\\s",
        "%a%\\n",
        "\\\\ ",
        '{"persona":"C:\\new "} ',
    ),
]


def seconds(text: str) -> float:
    """CPU that all ways of reading take for a text."""
    begin = time.thread_time()
    for read in (
        lambda: parse_line(text, SCHEMA, "persona"),
        lambda: parse_json(f'{{"persona": {json.dumps(text)}}}', SCHEMA),
        lambda: parse_json(f'{{"persona": "{text}"}}', SCHEMA),
        lambda: parse_prefixed(text, "Text:"),
        lambda: parse_prefixed(f"Text: {text}", "Text:"),
        lambda: unwrapped(f"```{text}```"),
        lambda: not_a_persona(text),
    ):
        with suppress(MalformedAnswer):
            read()
    return time.thread_time() - begin


@pytest.mark.parametrize("part", PARTS)
def test_time_grows_with_the_length(part: str) -> None:
    for beginning in BEGINNINGS:
        short, long = (beginning + part * (size // len(part)) for size in (SHORT, SHORT * TIMES))
        taken = []
        for _ in range(ATTEMPTS):
            taken.append(growth := seconds(long) / max(seconds(short), SECONDS / TIMES))
            if growth < GROWTH:
                break
        else:
            pytest.fail(f"{beginning!r} and {part!r}: {TIMES} times the length takes {taken} times as long")


def test_long_answers_are_read() -> None:
    for part in ("```\n", "\ufeff", '{"a":', "\\nu", "<think></think>"):
        text = part * (300_000 // len(part))
        for read in (lambda text: parse_line(text, SCHEMA, "persona"), lambda text: parse_prefixed(text, "Text:")):
            with pytest.raises(MalformedAnswer):
                read(text)
