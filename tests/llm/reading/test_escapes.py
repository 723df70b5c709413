r"""Backslashes that were not doubled: read as they were meant where that is sure, else the answer is malformed."""

from __future__ import annotations

import json

import pytest

from persona_hub.transforms.llm.parsing import parse_json, parse_line, parse_prefixed
from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.llm.reading.escapes import is_bent

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"problem": {"type": "string"}, "answer": {"type": "string"}},
        "required": ["problem", "answer"],
        "additionalProperties": False,
    }
)


def read(written: str, answer: str = "2") -> str:
    """What becomes of a string as it is written in an answer's JSON."""
    return parse_json(f'{{"problem": "{written}", "answer": "{answer}"}}', SCHEMA)["problem"]


MEANT = [  # the string in the JSON is the text that was meant: no backslash was doubled
    r"The pump lifts \frac{2}{5} of 30 litres.",
    r"Fill \frac12 of the vat, \tfrac{1}{3} of the rest and \dfrac{1}{4} of that.",
    r"A field of 12 \times 30 metres.",
    r"Let \beta be the slope and \rho the weight; \alpha and \gamma are given.",
    r"The frequency \nu of the string is 440 Hz, and \nu = c/\lambda.",
    r"Find the positive \nu with \nu^2 = 81.",
    r"Is $2\nu$ more than $\nu$?",
    r"The \text{mean} of \theta = 30^\circ and \tau_1.",
    r"\forall x \in R, x \neq 0 and a \ne b",
    r"What is \binom{6}{2}, \bar{x}, \boxed{7}, \begin{cases}1\end{cases}?",
    r"\left( \frac{1}{2} \right) \rightarrow \infty, \lfloor x \rfloor, \langle a \rangle",
    r"\lim_{x \to 0} x\to\infty",
    r"The gradient $\nabla f$ and \vec{v}, \varphi, \varepsilon",
    r"\underline{all}, \upsilon, \underbrace{a+b}, \uparrow",
    r"\sqrt{16}, \sin \pi, \[ x \], \( y \), \{1, 2\}, 5\% of \$20 \& more",
    r"It is in C:\new\temp.",
    r"Open C:\temp\notes.txt, then D:\raw\beta and C:\Users\ann\reports.",
    r"C:\Program Files\node\bin and %APPDATA%\npm\new.log",
    r"See src\new\utils and .\run\test.py",
    r"Match \bword\b, \d+, \s*, \w{2,} and [^\n]+ or [\r\n]+.",
    r"\b\d{3}\b",
    r"Split it at '\n' and at '\t'.",
    r"Match ^\s+\t$ or (\t|\s) or ^\d+\t+",
    r"See src\tests\new.",
    r"C:\temp\notes.txt $2\nu$",
    r"As $\frac{1}{2}\nu$ is, so is $\nabla f$.",
]


@pytest.mark.parametrize("text", MEANT)
def test_what_was_meant_is_read(text: str) -> None:
    assert read(text) == text


@pytest.mark.parametrize("text", MEANT)
def test_so_it_is_where_backslashes_are_doubled(text: str) -> None:
    answer = json.dumps({"problem": text, "answer": "2"})
    for written in (answer, json.dumps(answer), json.dumps(json.dumps(answer))):
        assert parse_json(written, SCHEMA)["problem"] == text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"\\frac{1}{2} and \frac{3}{4} and \\beta \times \rho", r"\frac{1}{2} and \frac{3}{4} and \beta \times \rho"),
        (r"One.\nUnder it \\(\nu\\)", "One.\nUnder it \\(\\nu\\)"),
        (r"\\frac{1}{2}\nFind x.", "\\frac{1}{2}\nFind x."),
        (r"\u000crac{1}{2}, \u0008eta, \u0009imes", r"\frac{1}{2}, \beta, \times"),  # what a server decoded and encoded
        ("\x0crac{1}{2}, \x08eta, \x07lpha, \theta", r"\frac{1}{2}, \beta, \alpha, \theta"),
        (r"C:\\new\temp", r"C:\new\temp"),
        (r"C:\\temp\\notes.txt\nend of it", "C:\\temp\\notes.txt\nend of it"),
        (r"see C:\\ndir now\tup\\nless", "see C:\\ndir now\tup\\nless"),
        (r"\\d+\\s*,\t$2\nu$", "\\d+\\s*,\t$2\\nu$"),
        (r"\\d+\\s*\nnext", "\\d+\\s*\nnext"),
        (r"\begin{pmatrix}1 & 2 \\ 3 & 4\end{pmatrix}", r"\begin{pmatrix}1 & 2 \\ 3 & 4\end{pmatrix}"),
    ],
)
def test_some_are_doubled_and_some_are_not(written: str, meant: str) -> None:
    assert read(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"One.\nTwo.\n\nThree.", "One.\nTwo.\n\nThree."),
        (r"first line\nunder it\nnumbers\nnew ones", "first line\nunder it\nnumbers\nnew ones"),
        (r"- a\n- b\n  - c\n1. d", "- a\n- b\n  - c\n1. d"),
        (r"Name:\tAnn\nAge:\t40", "Name:\tAnn\nAge:\t40"),
        (r"a\tb\n1\t2", "a\tb\n1\t2"),
        (r"if x:\n\treturn y\nelse:\n\treturn z", "if x:\n\treturn y\nelse:\n\treturn z"),
        (r"one\r\ntwo\r\n", "one\ntwo"),
        (r"Option C:\nThe mill.\nOption D:\n5", "Option C:\nThe mill.\nOption D:\n5"),
        (r"La pioggia.\ne poi il sole", "La pioggia.\ne poi il sole"),
        (r"It costs $5\nnot counting the 7 $.", "It costs $5\nnot counting the 7 $."),
        (r"x = hypot(y)\nless = 2\ni = 0\nne = 1", "x = hypot(y)\nless = 2\ni = 0\nne = 1"),
        (r"Option C:\n5\n6", "Option C:\n5\n6"),
        (r"Isn\'t it \/ \"so\"?", 'Isn\'t it / "so"?'),
        (r"caf\u00e9 \ud83d\ude00", "café 😀"),
        (r"half \ud83d of it", "half \ufffd of it"),
        (r"it\u0092s", "it’s"),
        ("raw\nline", "raw\nline"),
    ],
)
def test_line_ends_tabs_and_codes_stay(written: str, meant: str) -> None:
    assert read(written).rstrip() == meant


@pytest.mark.parametrize(
    "written",
    [
        r"Twice 2\nu is 8.",
        r"see C:\ndir for it",
        r"an\fb",
        r"folder\nested\src",
        r"Match ^\s+\n$",
        r"the end\f",
        r"a\rb",
        r"caf\u00e",
        r"\u12",
        r"\x41",
        r"zero\u0000byte",
        r"\u001b[31mred",
        "bell\x07",
        r"$$\nu = 5$$",
        r"it rains\nless and less",
        r"\tan apple",
        r"\d+\s*,\t$2\nu$",
        r"see C:\ndir now end.\nC:\temp\notes.txt",
        r"C:\temp\notes.txt\nend of it",
        r"Option C:\nten\nOption D:\nfive",
        r"C:\new\files\tsrc\tests\new.py",
        r"\\server\share\new.txt",
        r"v_1 = 2\nu_1 = 3",
        r"$\\nu$ and 3\nu",
        r"name\text\tsize",
        r"Ann\tasks",
        r"[\n\t]",
    ],
)
def test_what_can_be_read_in_two_ways_is_malformed(written: str) -> None:
    with pytest.raises(MalformedAnswer, match="write each backslash"):
        read(written)


def test_a_backslash_that_swallows_the_quote_is_named() -> None:
    with pytest.raises(MalformedAnswer, match="each backslash is doubled"):
        read("C:\\temp\\")


def test_what_is_bent_in_a_draft_does_not_matter() -> None:
    assert (
        parse_json(r'{"problem": "2\nu", "answer": "4"} {"problem": "2\\nu", "answer": "4"}', SCHEMA)["problem"]
        == r"2\nu"
    )
    with pytest.raises(MalformedAnswer):
        parse_json(r'{"problem": "2\\nu", "answer": "4"} {"problem": "2\nu", "answer": "4"}', SCHEMA)


def test_other_notations_of_an_object() -> None:
    assert parse_json(r"""{'problem': 'The \frac{1}{2} isn\'t \theta', 'answer': '2',}""", SCHEMA) == {
        "problem": r"The \frac{1}{2} isn't \theta",
        "answer": "2",
    }
    inner = r'{"problem": "\frac{1}{2}\n\\beta", "answer": "2"}'
    assert parse_json(json.dumps(inner), SCHEMA)["problem"] == "\\frac{1}{2}\n\\beta"
    schema = json.dumps({"type": "object", "properties": {"list": {"type": "array", "items": {"type": "string"}}}})
    assert parse_json(r'{"list": ["a\nb", "\frac{1}{2}"]}', schema) == {"list": ["a\nb", r"\frac{1}{2}"]}
    with pytest.raises(MalformedAnswer):
        parse_json(r'{"list": ["a", ["b\f"]]}', json.dumps({"type": "object"}))


def test_control_characters_are_in_no_text_after_a_prefix() -> None:
    assert parse_prefixed("Problem: \x0crac{1}{2}\r\nis it?", "Problem:") == "\\frac{1}{2}\nis it?"
    for bent in ("\x0c", "\x0cfoo", "a\x00b", "a\x1bb"):
        with pytest.raises(MalformedAnswer):
            parse_prefixed(f"Problem: {bent}", "Problem:")


def test_a_persona_keeps_its_backslashes() -> None:
    schema = json.dumps({"type": "object", "properties": {"persona": {"type": "string"}}, "required": ["persona"]})
    assert parse_line(r'{"persona": "A tutor of \frac{a}{b}"}', schema, "persona") == r"A tutor of \frac{a}{b}"


def test_what_is_bent() -> None:
    assert not is_bent("a line\nand\ttab, é, 日, 😀")
    for number in (*range(9), *range(11, 32), *range(127, 160)):
        assert is_bent(f"a{chr(number)}b")
