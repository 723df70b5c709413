"""Problems whose answers are computed: numbers and order drawn here, sentences from the phrase tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

from persona_hub.transforms.offline_model.draw import Draw

NAMES = ("Mirela", "Tobin", "Asha", "Caddoc", "Yorva", "Nimue", "Oskan", "Leontes", "Sable", "Ruvin", "Ilka", "Dorrin")
Drawn = tuple[dict[str, int], str]


def sessions(draw: Draw) -> Drawn:
    """N sessions of a minutes and b minutes in reserve: how many minutes."""
    n, a, b = 3 + draw.whole("n", 27), 5 * (4 + draw.whole("a", 15)), 10 + draw.whole("b", 80)
    return {"n": n, "a": a, "b": b}, str(n * a + b)


def boxes(draw: Draw) -> Drawn:
    """Total leaflets in boxes of a, shared among n places: boxes for each."""
    n, a, each = 2 + draw.whole("n", 9), 12 + draw.whole("a", 60), 2 + draw.whole("each", 12)
    return {"n": n, "a": a, "total": n * a * each}, str(each)


def spending(draw: Draw) -> Drawn:
    """A a week for n weeks, then b a week for m weeks: how much in all."""
    n, m, a, b = 2 + draw.whole("n", 12), 2 + draw.whole("m", 8), 15 + draw.whole("a", 70), 5 + draw.whole("b", 60)
    return {"n": n, "m": m, "a": a, "b": b}, str(n * a + m * b)


def percent(draw: Draw) -> Drawn:
    """Of total people a percent had never heard of it: how many had."""
    total, a = 100 * (2 + draw.whole("total", 19)), 3 + draw.whole("a", 90)
    return {"total": total, "a": a}, str(total - total * a // 100)


def growth(draw: Draw) -> Drawn:
    """A in the first month, b more each month: the sum of n months."""
    n, a, b = 4 + draw.whole("n", 9), 6 + draw.whole("a", 40), 2 + draw.whole("b", 9)
    return {"n": n, "a": a, "b": b}, str(n * a + b * n * (n - 1) // 2)


def speed(draw: Draw) -> Drawn:
    """Total kilometres in n hours, then a hours at the same speed: how far."""
    n, a, v = 2 + draw.whole("n", 6), 3 + draw.whole("a", 9), 12 + draw.whole("v", 70)
    return {"n": n, "a": a, "total": n * v}, str(a * v)


MATH: Mapping[str, Callable[[Draw], Drawn]] = {
    "sessions": sessions,
    "boxes": boxes,
    "spending": spending,
    "percent": percent,
    "growth": growth,
    "speed": speed,
}


def order(draw: Draw, table: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Four people in a row, clues on neighbours in mixed order, and who came at one of the ends."""
    first = draw.whole("first", len(NAMES))
    names = [NAMES[(first + 5 * i) % len(NAMES)] for i in range(4)]
    row = sorted(names, key=lambda name: draw.whole(name, 10**6))
    clues = [table["clue"].format(a=a, b=b) for a, b in pairwise(row)]
    clues.sort(key=lambda clue: draw.whole(clue, 10**6))
    end = draw.pick("end", ("first", "last"))
    answer = row[0] if end == "first" else row[-1]
    return {
        "clues": table.get("space", " ").join(clues),
        "question": table[end],
        "names": ", ".join(sorted(row)),
    }, answer
