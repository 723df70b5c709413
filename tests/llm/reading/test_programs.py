"""Programs in a string of JSON: line ends are line ends, and what a quoted string of Python holds stays in it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.llm.parsing import parse_json

SCHEMA = json.dumps({"type": "object", "properties": {"p": {"type": "string"}}, "required": ["p"]})


def read(written: str) -> str:
    """The program in an answer whose JSON is written so."""
    program: str = parse_json(f'Here:\n{{"p": "{written}"}}', SCHEMA, programs=frozenset({"p"}))["p"]
    return program


@pytest.mark.parametrize(
    ("written", "program"),
    [
        (r"v = 1\nu = 2\ne = 3\neq = 4\nprint(u)", "v = 1\nu = 2\ne = 3\neq = 4\nprint(u)"),
        (r"if v:\n\ttotal = 1\n\telse_ = 2", "if v:\n\ttotal = 1\n\telse_ = 2"),
        (r"x = 1\r\nprint(x)", "x = 1\nprint(x)"),
        (r"print(\"a\nb\", '\t'.join(x))\nprint(1)", "print(\"a\\nb\", '\\t'.join(x))\nprint(1)"),
        (r"print(\"a\\nb\")\nprint(2)", 'print("a\\nb")\nprint(2)'),
        (r"re.findall(r'\d+\b', x)\nprint(1)", "re.findall(r'\\d+\\b', x)\nprint(1)"),
        (r"# it's a 'test\nx = 'a'\nprint(x)", "# it's a 'test\nx = 'a'\nprint(x)"),
        (r"s = '''a\nb'''\nprint(s)", "s = '''a\nb'''\nprint(s)"),
        (r"print('it\'s')\nprint(3)", "print('it's')\nprint(3)"),
    ],
)
def test_a_program_has_lines(written: str, program: str) -> None:
    assert read(written) == program


def test_elsewhere_a_backslash_may_begin_a_command_of_latex() -> None:
    answer = '{"p": "x = 1\\nu = 2", "q": "the frequency \\nu of"}'
    schema = SCHEMA.replace('"p": {"type": "string"}', '"p": {"type": "string"}, "q": {"type": "string"}')
    found = parse_json(answer, schema, programs=frozenset({"p"}))
    assert found == {"p": "x = 1\nu = 2", "q": "the frequency \\nu of"}


LINES = st.lists(st.text("abenrtux =()[]+0", min_size=1).filter(str.strip), min_size=1)


@given(LINES)
def test_a_program_that_is_written_right_is_read_as_it_is(lines: list[str]) -> None:
    program = "\n".join(lines)
    assert parse_json(json.dumps({"p": program}), SCHEMA, programs=frozenset({"p"}))["p"] == program
