"""A puzzle is proved if the search through its worlds leaves one answer, the one stated; a program cannot fake that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from persona_hub.transforms.sandbox.puzzles import PuzzleProof, prove_puzzle, same_text
from persona_hub.transforms.sandbox.sandbox import Limits


def order(statements: str, answer: str = "world[0]", before: str = "") -> str:
    """Who is first of three."""
    return f"""{before}
from itertools import permutations

def worlds():
    return permutations(["Ann", "Bob", "Cid"])

def holds(world):
    return {statements}

def answer(world):
    return {answer}
"""


def program(worlds: str, statements: str, answer: str) -> str:
    """A program of three expressions."""
    return f"def worlds(): return {worlds}\ndef holds(world): return {statements}\ndef answer(world): return {answer}\n"


SECOND_IS_ANN = order('world.index("Ann") == 1 and world.index("Bob") < world.index("Cid")')
FORGET_SEARCH = (
    "def forget():\n    global _search\n    _search = lambda: [6, 1, ['Bob'], True, True]\n    return True\n"
)
ALWAYS_EQUAL = """
class Text:
    def __eq__(self, other): return True
    def __str__(self): return "Bob"
"""
CATCH_ALL = """
def all_worlds():
    try:
        while True: pass
    except: return [1, 2]
"""
# Programs that would have "Bob" proved.
FAKES = {
    "prints": order("True", before="print(\"[6, 1, ['Bob'], True, True]\")"),
    "has one world": program("['Bob']", "True", "world"),
    "has no statement": program("['Bob', 'Bob']", "True", "world"),
    "has an answer of its own": order('world[0] != "Ann"', answer='"Bob"'),
    "excludes no other answer": program("[1, 2]", "world == 1", "'Bob'"),
    "replaces the search": order("forget()", before=FORGET_SEARCH),
    "replaces names": order("True", before="len = list = str = any = print = Exception = range = lambda *_: 1"),
    "counts how often it is asked": order("not n.append(0) and len(n) == 4", before="n = [0]"),
    "catches the end of its time": program("all_worlds()", "world == 1", "world or 'Bob'") + CATCH_ALL,
    "answers what equals all": order('world[1] == "Bob"', answer="Text()", before=ALWAYS_EQUAL),
}


def test_a_puzzle_with_one_answer_is_proved() -> None:
    assert prove_puzzle(SECOND_IS_ANN, "bob.") == PuzzleProof("Bob", worlds=6, left=1)


def test_one_answer_in_several_worlds_is_one_answer() -> None:
    assert prove_puzzle(order('world[0] == "Bob"'), "Bob") == PuzzleProof("Bob", worlds=6, left=2)


@pytest.mark.parametrize(
    ("statements", "fault", "detail"),
    [
        ("False", "no-solution", "the statements hold in none of 6 worlds"),
        ("world[1] == 'Ann'", "several-solutions", '"Bob" or "Cid" in 2 of 6 worlds'),
        ("True", "several-solutions", '"Ann" or "Bob" or "Cid" in 6 of 6 worlds'),
        ("world[0] == 'Ann'", "disagreed", 'stated "Bob", found "Ann"'),
        ("statement(world)", "raised", "line 8: NameError: name 'statement' is not defined"),
    ],
)
def test_a_puzzle_that_is_not_proved_says_why(statements: str, fault: str, detail: str) -> None:
    proof = prove_puzzle(order(statements), "Bob")
    assert (proof.fault, proof.detail) == (fault, detail)


@pytest.mark.parametrize("name", ["worlds", "holds", "answer"])
def test_a_missing_function_is_named(name: str) -> None:
    proof = prove_puzzle(SECOND_IS_ANN.replace(f"def {name}(", "def other("), "Bob")
    assert (proof.fault, proof.detail) == ("raised", f"the program does not define {name}")


@pytest.mark.parametrize("name", FAKES)
def test_a_program_cannot_fake_its_proof(name: str) -> None:
    proof = prove_puzzle(FAKES[name], "Bob", Limits(seconds=0.3))
    assert proof.fault in {"several-solutions", "nothing-excluded", "undecided", "over-time"}, proof


def test_a_search_without_an_end_is_over_time() -> None:
    endless = "from itertools import count\n" + program("count()", "False", "world")
    assert prove_puzzle(endless, "Bob", Limits(seconds=0.2)).fault in {"over-time", "over-memory"}


def test_answers_are_compared_as_the_caller_says() -> None:
    both = order('world[1] == "Ann"')
    assert prove_puzzle(both, "Bob", same=lambda stated, other: True).fault == ""
    assert prove_puzzle(both, "Bob", same=lambda stated, other: None).fault == "undecided"
    sure = order('world[0] == "Ann"')
    assert prove_puzzle(sure, "Bob", same=lambda stated, other: None).fault == "undecided"


def test_too_many_answers_are_several() -> None:
    many = program("range(100)", "world != 3", "world")
    assert prove_puzzle(many, "3", same=lambda stated, other: True).fault == "several-solutions"


def test_what_a_program_answers_is_bounded_and_printable_where_it_is_shown() -> None:
    long = order('world[0] == "Ann"', answer='"\\x1b[2J" + world[0] * 100_000')
    proof = prove_puzzle(long, "\x1b[31mBob" * 1000)
    assert proof.fault == "disagreed"
    assert len(proof.answer) <= 1000
    assert len(proof.detail) <= 240
    assert proof.detail.isprintable()


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("Ann, Bob; Cid.", "ann bob cid", True),
        ("“Yes!”", "yes", True),
        ("truth-teller", "truth teller", True),
        ("ＡＮＮ", "Ann", True),
        ("3", "3.", True),
        ("-5", "5", False),
        ("1.5", "15", False),
        ("5%", "5", False),
        ("[1, 2)", "(1, 2)", False),
        ("Ann Bob", "Bob Ann", False),
        ("...", "?", None),
        ("", "Bob", None),
    ],
)
def test_answers_are_the_same_but_for_case_space_and_punctuation(one: str, two: str, same: bool | None) -> None:
    assert same_text(one, two) is same
    assert same_text(two, one) is same


STORIES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("puzzles.yaml").read_text("utf-8"))
SIXTY = [(number, solutions) for number in range(len(STORIES)) for solutions in ("none", "one", "two")]


def puzzle(story: dict[str, Any], solutions: str) -> str:
    """The program of a story with those of its statements that leave so many answers."""
    statements = " and ".join(f"({story['statements'][letter][1]})" for letter in story[solutions])
    return f"{story['before']}\n{program(story['worlds'], statements, story['answer'])}"


def test_there_are_sixty_puzzles_of_six_families() -> None:
    assert len(SIXTY) == 60
    families = {"ordering", "truth and lies", "deduction", "spatial", "sequence", "constraint"}
    assert {story["family"] for story in STORIES} == families


@pytest.mark.parametrize(("number", "solutions"), SIXTY)
def test_sixty_puzzles_are_sorted_without_an_error(number: int, solutions: str) -> None:
    story = STORIES[number]
    text = puzzle(story, solutions)
    proof = prove_puzzle(text, story["right"])
    assert proof.fault == {"none": "no-solution", "one": "", "two": "several-solutions"}[solutions], proof
    if solutions == "one":
        assert same_text(proof.answer, story["right"])
        assert prove_puzzle(text, story["wrong"]).fault == "disagreed"
    space: dict[str, Any] = {}
    exec(text, space)  # what CPython finds, and the sandbox has to find, too
    left = [space["answer"](world) for world in space["worlds"]() if space["holds"](world)]
    assert len({str(answer) for answer in left}) == {"none": 0, "one": 1, "two": 2}[solutions]
    assert proof.left == len(left)
    assert proof.worlds == len(list(space["worlds"]()))
