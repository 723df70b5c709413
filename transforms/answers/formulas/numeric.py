"""Formulas at a few points, to 60 digits: what differs there is different, and what does not may be equal."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from enum import Enum
from fractions import Fraction
from typing import Any

import mpmath

from persona_hub.transforms.answers.formulas.trees import Node

DIGITS = 60
SAME = 40  # digits in which two values agree that are one
MOST_EXPONENT = 1_000_000  # bits of a value's exponent
# Where formulas are looked at: whole numbers, positive ones, one of both signs. Each variable has values of its own.
WHOLE = (5, 7, 11, 13, 17, 19, 23)
POSITIVE = tuple(map(Fraction, ("10007/7919", "7907/9001", "20011/6133", "3001/8191", "5003/1999")))
SIGNED = tuple(map(Fraction, ("-7001/4003", "-3011/2003", "5009/3001", "-8009/6007", "911/1009")))
MOST_NAMES = 5
_OF_THREAD = threading.local()


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
    names = sorted(ours | theirs)
    if len(names) > MOST_NAMES:
        return Numeric.UNSURE
    places = (WHOLE, POSITIVE, SIGNED) if names else ((),)
    verdicts = {same_for_every_logarithm(one, other, names, points) for points in places}
    if verdicts == {True}:
        return Numeric.AGREE
    first = same_for_every_logarithm(one, other, names, WHOLE)
    renamed = bool(ours) and bool(theirs) and ours != theirs  # a for x is no other answer, but another name
    return Numeric.DIFFER if first is False and not renamed else Numeric.UNSURE


def same_for_every_logarithm(one: Node, other: Node, names: list[str], points: Iterable[Any]) -> bool | None:
    """Whether both have one value at a point, whatever the base of "log" is; None where that is not sure."""
    at = dict(zip(names, points, strict=False))
    found = {same_value(value_of(one, at, ten), value_of(other, at, ten)) for ten in (False, True)}
    return found.pop() if len(found) == 1 else None


def same_value(one: Any, other: Any) -> bool | None:
    """Whether two values agree in 40 digits; None where one of them is nearly zero, or has none."""
    if one is None or other is None:
        return None
    context = _context()
    larger, apart = max(abs(one), abs(other)), abs(one - other)
    if apart <= larger * context.mpf(10) ** -SAME:
        return True
    return None if larger < context.mpf(10) ** -SAME else False


def value_of(node: Node, at: dict[str, Any], log_is_decimal: bool = False) -> Any:
    """The value to 60 digits; None where there is none."""
    try:
        value = _value(node, at, log_is_decimal, _context())
    except (NoValue, ValueError, ZeroDivisionError, OverflowError, ArithmeticError, NotImplementedError):
        return None
    return value if _context().isfinite(value) else None


def _context() -> Any:
    """Mpmath's numbers of this thread: the precision of a context is shared by all who use it."""
    if not hasattr(_OF_THREAD, "context"):
        _OF_THREAD.context = mpmath.MPContext()
        _OF_THREAD.context.dps = DIGITS
    return _OF_THREAD.context


def _value(node: Node, at: dict[str, Any], ten: bool, mp: Any) -> Any:
    def of(part: Node) -> Any:
        return _value(part, at, ten, mp)

    match node.kind:
        case "num":
            return _fraction(node.parts[0], mp)
        case "sym":
            return _fraction(Fraction(at[node.parts[0]]), mp)
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
