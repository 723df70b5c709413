"""Generated answers: thoughts x notation x escapes x cut places x what stands around them.

Whatever is put together, what is taken is what was meant, whole: no draft, no half sentence, no bent escape. The
examples are the same at each run, so that no test rests on chance.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

from persona_hub.transforms.llm.parsing import parse_json, parse_line, parse_prefixed
from persona_hub.transforms.llm.protocol import MalformedAnswer
from tests.material.notations import ELEMENTS, NOTATIONS

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"problem": {"type": "string"}, "answer": {"type": "string"}},
        "required": ["problem", "answer"],
        "additionalProperties": False,
    }
)
PERSONA = json.dumps({"type": "object", "properties": {"persona": {"type": "string"}}, "required": ["persona"]})
FIXED = settings(derandomize=True, max_examples=400)
NO_THOUGHTS = ("", "")

# Pieces of a text whose backslashes a model may leave single: nobody can read them in two ways.
SURE = [
    *(
        r"\frac{1}{2}",
        r"\times 3",
        r"\beta",
        r"\rho_1",
        r"\theta^2",
        r"\neq 0",
        r"\forall x",
        r"\binom{4}{2}",
        r"\sqrt{2}",
    ),
    *(
        r"\text{cm}",
        r"\right)",
        r"\underline{x}",
        r"\vec{v}",
        r"$2\nu$",
        r"\{1, 2\}",
        r"\( x \)",
        r"\alpha",
        r"90^\circ",
    ),
    *(
        r"C:\temp\notes.txt",
        r"C:\new\files",
        r"D:\raw\beta\x.csv",
        r"\bword\b",
        r"\d+\s*",
        r"[^\n]+",
        r"\tfrac12",
        r"\begin{cases}",
        r"src\tests\new.py",
        r"%APPDATA%\npm",
        r"^\s+\t$",
    ),
]
# Those that nobody can tell from a line end, a tab or half a code, if they are single.
DOUBTFUL = [r"2\nu", r"up\nless", r"\fx", r"\rx", r"\u12 of", r"see C:\ndir now", r"\\server\share\new.txt"]
PLAIN = [
    *(
        "a mill",
        "the river",
        "12 m",
        "Frühling",
        "日本の水車",
        "naïve",
        "😀",
        "100%",
        "it's",
        "under it",
        "new wheels",
        "C",
    ),
    *(
        'said "yes"',
        "{2, 3}",
        "[x]",
        "<b>bold</b>",
        "<think> tags",
        "a/b",
        "x < y",
        "assistantfinal",
        "</think>",
        "```",
        "end.",
        "$5",
        "C:",
        "ndir",
        "`a`",
        "x = 1",
    ),
]
# A command takes up the letters that follow it, and a share begins with two backslashes, where no word goes on.
RUNS_ON = re.compile(r"\\[A-Za-z]+$")
BREAKS = [" ", " ", " ", "", "", "\n", "\n\n", "\t", ".\n- ", ":\n1. ", ",\t"]
BEFORE = [
    "",
    "",
    "\ufeff",
    "\n\n",
    "Sure! Here is the problem:\n\n",
    "```json\n",
    "```\n",
    'As "JSON":\n',
    "Problem 1. ",
    "[",
    "> ",
    '{"a": 1} ',
    "He said: {",
]
AFTER = [
    "",
    "",
    "\n",
    "\n```",
    "\n```\nI hope this helps!",
    "]",
    " Is it good?",
    "<|im_end|>",
    "</s>",
    "<think>Good.</think>",
    "\n\nNote: 2 > 1.",
]
DRAFTS = [
    'Is {"problem": "A DRAFT of it", "answer": "DRAFT"} good? Too easy.',
    "First: {'problem': 'A DRAFT', 'answer': 'DRAFT'}",
    "They want JSON. What of a DRAFT?\nproblem: DRAFT\nanswer: DRAFT",
    'It shall be {"problem": "A DRAFT that',
    '{"problem": "A DRAFT", "answer": "DRAFT"}',
]


@pytest.fixture(autouse=True, scope="module")
def own_constants() -> Iterator[None]:
    """Hypothesis also draws constants out of the modules that happen to be imported: the examples would differ with the
    tests that ran before in a process.
    """
    none = providers.Constants()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "_get_local_constants", lambda: none)
        yield


@dataclass(frozen=True)
class Written:
    """A text, and how a model wrote it within JSON."""

    meant: str
    written: str
    sure: bool  # whether it can be read in one way only, whatever stands beside it


@st.composite
def strings(draw: st.DrawFn) -> Written:
    """A text of pieces and breaks; the backslashes of each piece are doubled, or not."""
    meant, written, sure = "", "", True
    for number, piece in enumerate(
        draw(st.lists(st.sampled_from(SURE + SURE + DOUBTFUL + PLAIN + PLAIN), min_size=1, max_size=6))
    ):
        between = draw(st.sampled_from(BREAKS)) if number else ""
        if (RUNS_ON.search(meant[-20:]) and piece[0].isalpha()) or piece.startswith(r"\\"):
            between = between or " "
        doubled = draw(st.booleans()) or "\\" not in piece
        quoted = json.dumps(piece, ensure_ascii=draw(st.booleans()))[1:-1]
        # What stands directly after another piece, a line's end or a colon may be read in two ways: it is asked again.
        sure = sure and (doubled or piece not in DOUBTFUL) and (not number or between == " ")
        meant += between + piece
        written += json.dumps(between)[1:-1] + (quoted if doubled else piece.replace('"', '\\"'))
    return Written(meant, written, sure)


@st.composite
def thoughts(draw: st.DrawFn) -> tuple[str, str, str]:
    """Begin, middle and end of thoughts."""
    begin, end = draw(st.sampled_from([NO_THOUGHTS, *NOTATIONS.values(), *ELEMENTS.values()]))
    return begin, " ".join(draw(st.lists(st.sampled_from(DRAFTS), min_size=1, max_size=3))) if begin else "", end


objects = st.builds(
    lambda problem, answer, indent: (
        problem,
        answer,
        f'{{{indent}"problem": "{problem.written}",{indent}"answer": "{answer.written}"}}',
    ),
    strings(),
    strings(),
    st.sampled_from(["", " ", "\n  "]),
)


def check(text: str, problem: Written, answer: Written) -> None:
    """What is read is what was meant, or nothing."""
    try:
        fields = parse_json(text, SCHEMA)
    except MalformedAnswer:
        assert not (problem.sure and answer.sure), f"malformed: {text!r}"
    else:
        assert fields == {"problem": problem.meant, "answer": answer.meant}


@FIXED
@given(thoughts(), objects, st.sampled_from(BEFORE), st.sampled_from(AFTER))
def test_what_was_meant_is_read(thought, made, before, after) -> None:
    problem, answer, text = made
    if before == "He said: {" and after == "]":
        after = ""
    check("".join(thought) + before + text + after, problem, answer)


@FIXED
@given(thoughts(), objects, st.sampled_from(BEFORE[:7]), st.data())
def test_what_is_cut_off_is_malformed(thought, made, before, data) -> None:
    whole = "".join(thought) + before + made[2]
    cut = data.draw(st.integers(0, len(whole) - 1), label="cut")
    with pytest.raises(MalformedAnswer):
        parse_json(whole[:cut], SCHEMA)


@FIXED
@given(st.sampled_from(DRAFTS[:2]), objects, st.data())
def test_a_draft_before_half_an_object_is_no_answer(draft, made, data) -> None:
    _, _, text = made
    cut = data.draw(st.integers(1, len(text) - 1), label="cut")
    with pytest.raises(MalformedAnswer):
        parse_json(f"{draft}\nNo, rather: {text[:cut]}", SCHEMA)


@FIXED
@given(st.sampled_from(list(NOTATIONS.values())), st.lists(st.sampled_from(DRAFTS), min_size=1), objects)
def test_drafts_count_nowhere_though_the_beginning_of_the_thoughts_is_lost(marks, drafts, made) -> None:
    problem, answer, text = made
    check(" ".join(drafts) + marks[1] + text, problem, answer)


@FIXED
@given(objects, objects, st.sampled_from(["\n", "\nOr better:\n", ", ", "\n\n```json\n"]))
def test_the_last_object_counts(first, second, between) -> None:
    problem, answer, text = second
    check(first[2] + between + text, problem, answer)


@FIXED
@given(objects, st.integers(1, 3))
@example((Written("x", "x", True), Written("y", "y", True), '{"problem": "x", "answer": "y"}'), 3)
def test_an_object_in_a_string_of_json(made, times) -> None:
    problem, answer, text = made
    for _ in range(times):
        text = json.dumps(text)
    check(text, problem, answer)


@FIXED
@given(thoughts(), st.lists(st.sampled_from(SURE + PLAIN[:12]), min_size=1, max_size=5).map(" ".join))
def test_a_text_after_a_prefix_is_read_as_it_stands(thought, text) -> None:
    begin, _, end = thought
    draft = "Perhaps\nPersona: a DRAFT\nof it." if begin else ""
    answer = f"{begin}{draft}{end}\nPersona: {text}\n"
    assert parse_prefixed(answer, "Persona:") == text
    if "{" not in text:
        assert parse_line(answer, PERSONA, "persona") == text
    if begin:
        with pytest.raises(MalformedAnswer):
            parse_prefixed(begin + draft, "Persona:")
