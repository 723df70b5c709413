"""Formulas at a few points, to 60 digits: what differs there is different, and what does not may be equal."""

from __future__ import annotations

import threading
import zlib
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath

from persona_hub.transforms.answers.formulas.trees import Node

DIGITS = 60
SAME = 40  # digits in which two values agree that are one
MANY_DIGITS = 400  # of a last look at what was proved: sqrt(10^100 + 1) is not 10^50
MOST_EXPONENT = 1_000_000  # bits of a value's exponent
MOST_NAMES = 8
OFTEN_ALONE = ("x", "n", "a", "t")  # variables that are negative at the place of either sign
MOST_KEPT = 4096  # values, for each thread
_OF_THREAD = threading.local()


class Position(Enum):
    """Where formulas are looked at: each variable has a value of its own there, which is known by its name."""

    WHOLE = "whole"
    POSITIVE = "positive"
    SIGNED = "signed"

    def of(self, name: str) -> Fraction:
        """The variable's value: a small whole number, a positive fraction, or one of either sign."""
        number = zlib.crc32(name.encode())
        if self is Position.WHOLE:
            return Fraction(3 + number % 97)
        fraction = Fraction(1009 + number % 19_997, 7919)
        negative = self is Position.SIGNED and (name in OFTEN_ALONE or number % 2)
        return -fraction if negative else fraction


class Numeric(Enum):
    """What values say: AGREE at all points; DIFFER where variables are whole and positive; else UNSURE."""

    AGREE = "agree"
    DIFFER = "differ"
    UNSURE = "unsure"


class NoValue(ValueError):
    """A formula without a value at a point, or one whose value is too large to be computed."""


def names_in(node: Any) -> set[str]:
    """The variables of a formula."""
    if not isinstance(node, Node):
        return set().union(*map(names_in, node)) if isinstance(node, tuple) else set()
    return {node.parts[0]} if node.kind == "sym" else set().union(*map(names_in, node.parts))


def compared(one: Node, other: Node) -> Numeric:
    """Whether two formulas have the same values."""
    ours, theirs = names_in(one), names_in(other)
    if len(ours | theirs) > MOST_NAMES:
        return Numeric.UNSURE
    places = tuple(Position) if ours or theirs else (Position.WHOLE,)
    first = _same_at(one, other, Position.WHOLE)
    if first and all(_same_at(one, other, place) for place in places[1:]):
        return Numeric.AGREE
    renamed = bool(ours) and bool(theirs) and ours != theirs  # a for x is no other answer, but another name
    return Numeric.DIFFER if first is False and not renamed else Numeric.UNSURE


def agree_in_many_digits(one: Node, other: Node) -> bool:
    """Whether two formulas that agree in 40 digits agree in nearly 400."""
    values = [value_of(node, Position.WHOLE, ten, MANY_DIGITS) for node in (one, other) for ten in (False, True)]
    return bool(same_value(values[0], values[2], MANY_DIGITS) and same_value(values[1], values[3], MANY_DIGITS))


def _same_at(one: Node, other: Node, place: Position) -> bool | None:
    """Whether both have one value there, whatever the base of "log" is; None where that is not sure."""
    found = {same_value(value_of(one, place, ten), value_of(other, place, ten)) for ten in (False, True)}
    return found.pop() if len(found) == 1 else None


def same_value(one: Any, other: Any, digits: int = DIGITS) -> bool | None:
    """Whether two values agree in all but the last 20 digits; None where both are nearly zero, or one has no value."""
    if one is None or other is None:
        return None
    tiny = _context(digits).mpf(10) ** -(digits - DIGITS + SAME)
    larger, apart = max(abs(one), abs(other)), abs(one - other)
    if apart <= larger * tiny:
        return True
    return None if larger < tiny else False


def value_of(node: Node, place: Position = Position.WHOLE, log_is_decimal: bool = False, digits: int = DIGITS) -> Any:
    """The value of a formula, an mpmath number of this thread; None where there is none."""
    if not hasattr(_OF_THREAD, "values"):
        _OF_THREAD.values = lru_cache(maxsize=MOST_KEPT)(_value_or_none)
    return _OF_THREAD.values(node, place, log_is_decimal, digits)


def _value_or_none(node: Node, place: Position, log_is_decimal: bool, digits: int) -> Any:
    context = _context(digits)
    try:
        value = _value(node, place, log_is_decimal, context)
    except (NoValue, ValueError, ArithmeticError, NotImplementedError):
        return None
    return value if context.isfinite(value) else None


def _context(digits: int) -> Any:
    """Mpmath's numbers of this thread: the precision of a context is shared by all who use it."""
    contexts = _OF_THREAD.__dict__.setdefault("contexts", {})
    if digits not in contexts:
        contexts[digits] = mpmath.MPContext()
        contexts[digits].dps = digits
    return contexts[digits]


def _value(node: Node, place: Position, ten: bool, mp: Any) -> Any:
    def of(part: Node) -> Any:
        return _value(part, place, ten, mp)

    match node.kind:
        case "num":
            return _fraction(node.parts[0], mp)
        case "sym":
            return _fraction(place.of(node.parts[0]), mp)
        case "const":
            return {"pi": +mp.pi, "e": +mp.e, "i": mp.mpc(0, 1)}[node.parts[0]]
        case "neg":
            return -of(node.parts[0])
        case "add":
            return _within_bounds(sum((of(part) for part in node.parts), mp.mpf(0)), mp)
        case "mul":
            value = mp.mpf(1)
            for divides, part in node.parts:
                value = _within_bounds(value / of(part) if divides else value * of(part), mp)
            return value
        case "pow":
            return _power(of(node.parts[0]), of(node.parts[1]), mp)
        case "factorial":
            value = of(node.parts[0])
            if not abs(value) < 10_000:
                raise NoValue("a factorial")
            return _within_bounds(mp.factorial(value), mp)
        case "degree":
            return of(node.parts[0]) * mp.pi / 180
    return _value_of_call(node.parts[0], [of(part) for part in node.parts[1:]], ten, mp)


def _value_of_call(name: str, values: list[Any], ten: bool, mp: Any) -> Any:
    value = values[0]
    if len(values) == 2:
        return mp.log(value) / mp.log(values[1])
    if name in ("exp", "sinh", "cosh", "tanh", "sin", "cos", "tan", "cot", "sec", "csc") and not abs(value) < 100_000:
        raise NoValue("an argument")
    if name in ("log10", "log2", "cbrt") or (name == "log" and ten):
        if name == "cbrt":
            return mp.cbrt(value)
        return mp.log(value) / mp.log(2 if name == "log2" else 10)
    return getattr(mp, {"abs": "fabs"}.get(name, name))(value)


def _power(base: Any, exponent: Any, mp: Any) -> Any:
    if not base:
        if mp.re(exponent) > 0:
            return mp.mpf(0)
        raise NoValue("zero to the power of nothing")
    if abs(exponent) * (1 + abs(mp.log(base))) > MOST_EXPONENT:
        raise NoValue("a power")
    return _within_bounds(base**exponent, mp)


def _within_bounds(value: Any, mp: Any) -> Any:
    if value and abs(mp.mag(value)) > 4 * MOST_EXPONENT:
        raise NoValue("too large")
    return value


def _fraction(value: Fraction, mp: Any) -> Any:
    return mp.mpf(value.numerator) / value.denominator
