"""Problems whose answers are computed, each with the program that does: numbers and order drawn here, sentences from
the phrase tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from persona_hub.transforms.offline_model.draw import Draw

NAMES = ("Mirela", "Tobin", "Asha", "Caddoc", "Yorva", "Nimue", "Oskan", "Leontes", "Sable", "Ruvin", "Ilka", "Dorrin")
ORDER_PROGRAM = """\
from itertools import permutations

names = {names}
directly_before = {pairs}


def worlds():
    return permutations(names)


def holds(world):
    return all(world.index(a) + 1 == world.index(b) for a, b in directly_before)


def answer(world):
    return world[{place}]
"""


class Problem(NamedTuple):
    """A word problem in numbers."""

    numbers: dict[str, int]  # by the slots of its sentence in the tables
    formula: str  # of the answer, in these names
    answer: int

    @property
    def program(self) -> str:
        """A program that prints the answer."""
        given = "".join(f"{name} = {value}\n" for name, value in self.numbers.items())
        return f"{given}print({self.formula})\n"


def word_problem(kind: str, draw: Draw) -> Problem:
    """A problem of that kind."""
    whole = draw.whole
    match kind:
        case "sessions":  # n sessions of a minutes and b minutes in reserve: how many minutes?
            n, a, b = 3 + whole("n", 27), 5 * (4 + whole("a", 15)), 10 + whole("b", 80)
            return Problem({"n": n, "a": a, "b": b}, "n * a + b", n * a + b)
        case "boxes":  # total leaflets in boxes of a, shared among n places: how many boxes for each?
            n, a, each = 2 + whole("n", 9), 12 + whole("a", 60), 2 + whole("each", 12)
            return Problem({"n": n, "a": a, "total": n * a * each}, "total // a // n", each)
        case "spending":  # a a week for n weeks, then b a week for m weeks: how much in all?
            n, m, a, b = 2 + whole("n", 12), 2 + whole("m", 8), 15 + whole("a", 70), 5 + whole("b", 60)
            return Problem({"n": n, "m": m, "a": a, "b": b}, "n * a + m * b", n * a + m * b)
        case "percent":  # of total people a percent had never heard of it: how many had?
            total, a = 100 * (2 + whole("total", 19)), 3 + whole("a", 90)
            return Problem({"total": total, "a": a}, "total - total * a // 100", total - total * a // 100)
        case "growth":  # a in the first month, b more each month: what is the sum of n months?
            n, a, b = 4 + whole("n", 9), 6 + whole("a", 40), 2 + whole("b", 9)
            in_all = n * a + b * n * (n - 1) // 2
            return Problem({"n": n, "a": a, "b": b}, "sum(a + b * month for month in range(n))", in_all)
        case _:  # "speed": total kilometres in n hours, then a hours at the same speed: how far?
            n, a, v = 2 + whole("n", 6), 3 + whole("a", 9), 12 + whole("v", 70)
            return Problem({"n": n, "a": a, "total": n * v}, "total // n * a", a * v)


def order_puzzle(draw: Draw, table: Mapping[str, str]) -> tuple[dict[str, str], str, str]:
    """Four people in a row, clues on neighbours in mixed order: the slots of its sentence, the program that searches
    for who came at one of the ends, and who did.
    """
    first = draw.whole("first", len(NAMES))
    names = [NAMES[(first + 5 * i) % len(NAMES)] for i in range(4)]
    row = sorted(names, key=lambda name: draw.whole(name, 10**6))
    pairs = list(pairwise(row))
    clues = [table["clue"].format(a=a, b=b) for a, b in pairs]
    clues.sort(key=lambda clue: draw.whole(clue, 10**6))
    end = draw.pick("end", ("first", "last"))
    slots = {"clues": table.get("space", " ").join(clues), "question": table[end], "names": ", ".join(sorted(row))}
    program = ORDER_PROGRAM.format(names=sorted(row), pairs=sorted(pairs), place=0 if end == "first" else -1)
    return slots, program, row[0] if end == "first" else row[-1]
