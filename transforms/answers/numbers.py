"""When two numbers are equal, with rounding and units."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from persona_hub.transforms.answers.formulas.trees import Node
from persona_hub.transforms.answers.notation.units import FACTORS, MONEY, Unit
from persona_hub.transforms.answers.values import PERCENT, Number, Quantity
from persona_hub.transforms.answers.verdicts import Verdict

NOISE = Fraction(1, 10**9)  # by which a printed float may be off, of its size
NOISE_OF_STEP = Fraction(1, 1000)  # and of the last decimal of the other: 1234567890 is not 1234567890.1234567
NOTHING_LEFT = Fraction(1, 10**12)  # a printed float below this may be what is left of a zero
ENOUGH_DIGITS = 3  # significant ones of a rounded answer; 2 do where both are decimals: 0.33
PLURAL = re.compile(r"^(\w{2,}[^s])s$")
NEAR = Fraction(1, 10)  # of its size, within which a number may be "about" another

OfNumbers = Callable[[Number | Node, Number | Node], Verdict]


def numbers(a: Number, b: Number, a_about: bool = False, b_about: bool = False) -> Verdict:
    """Of exact values; a decimal is what it says, unless the other is a long float, or it says that it is rounded."""
    if a.value == b.value:
        return Verdict.EQUAL
    apart, larger = abs(a.value - b.value), max(abs(a.value), abs(b.value))
    if a.long or b.long:
        steps = [number.step * NOISE_OF_STEP for number in (a, b) if number.step is not None and not number.long]
        if apart <= min([larger * NOISE, *steps]):
            return Verdict.EQUAL
        if not (a.value and b.value) and larger < NOTHING_LEFT:
            return Verdict.UNDECIDED
    found = [_rounded(a, b, a_about), _rounded(b, a, b_about)]
    for verdict in (Verdict.EQUAL, Verdict.UNDECIDED):
        if verdict in found:
            return verdict
    return Verdict.UNDECIDED if (a_about or b_about) and apart <= larger * NEAR else Verdict.DIFFERENT


def _rounded(short: Number, exact: Number, about: bool) -> Verdict:
    """Whether `short` is `exact` rounded to the decimals of `short`, and may be taken for it."""
    finer = exact.step is None or (short.step is not None and exact.step < short.step)
    if short.step is None or not finer or abs(short.value - exact.value) * 2 > short.step or not short.value:
        return Verdict.DIFFERENT
    if about:
        return Verdict.EQUAL
    if not short.decimals:
        return Verdict.DIFFERENT  # 3 buses are not 3.33
    if short.decimals == 1 and short.value.denominator == 1:
        return Verdict.UNDECIDED  # 10.0 is how a program prints ten
    enough = short.digits >= ENOUGH_DIGITS or (short.digits == ENOUGH_DIGITS - 1 and short.decimals > 1)
    return Verdict.EQUAL if exact.long and not short.long and enough else Verdict.UNDECIDED


def quantities(a: Quantity, b: Quantity, of_numbers: OfNumbers) -> Verdict:
    """Of numbers with units: see the table in docs/equal_answers.md."""
    if a.unit is None and b.unit is None:
        return of_numbers(a.number, b.number)
    if a.unit is None or b.unit is None:
        return (
            _with_one_unit(a, b, of_numbers) if b.unit is None else _with_one_unit(b, a, lambda x, y: of_numbers(y, x))
        )
    if a.unit.dimension != b.unit.dimension:
        return Verdict.UNDECIDED
    if not a.unit.dimension:
        same = _same_label(a.unit.name, b.unit.name)
        return of_numbers(a.number, b.number) if same else Verdict.UNDECIDED
    if a.unit.dimension == MONEY:
        currency = same_currency(a.unit.name, b.unit.name)
        if currency is not True:
            return Verdict.DIFFERENT if currency is False else Verdict.UNDECIDED
    if a.unit.factor == b.unit.factor:
        return of_numbers(a.number, b.number)
    return of_numbers(_in_base(a.number, a.unit), _in_base(b.number, b.unit))


def _in_base(number: Number | Node, unit: Unit) -> Number | Node:
    if isinstance(number, Number):
        return number.times(unit.factor)
    return Node("mul", ((False, number), (False, Node("num", (unit.factor,)))))


def _with_one_unit(a: Quantity, b: Quantity, of_numbers: OfNumbers) -> Verdict:
    """`a` has a unit and `b` none: the number counts, unless it may have been meant in another unit."""
    assert a.unit is not None
    found = of_numbers(a.number, b.number)
    if a.unit.dimension == PERCENT:  # a percent is a hundredth, and nothing else
        exact = of_numbers(_in_base(a.number, a.unit), b.number)
        return exact if exact is not Verdict.DIFFERENT or found is Verdict.DIFFERENT else Verdict.UNDECIDED
    if found is Verdict.EQUAL:
        return Verdict.UNDECIDED if a.doubtful else found
    if found is Verdict.DIFFERENT and isinstance(a.number, Number) and isinstance(b.number, Number):
        factors = _factors(a.unit)
        in_others = {a.number.value * a.unit.factor / factor for factor in factors}
        close = any(abs(b.number.value - value) <= abs(value) / 1000 for value in in_others)
        return Verdict.UNDECIDED if close else found
    return found


def _factors(unit: Unit) -> set[Fraction]:
    """Of the units that the number may have been meant in."""
    if unit.dimension == MONEY:
        return {Fraction(1), Fraction(1, 100)}
    return {Fraction(factor) for factor in FACTORS.get(unit.dimension, {}).values()} - {unit.factor}


def same_currency(one: str, other: str) -> bool | None:
    """Whether two are one; "$" is some dollar, "" a currency that is not known."""
    if one == other:
        return True
    if "" in (one, other):
        return None
    if "$" in (one, other):
        named = other if one == "$" else one
        return True if named == "USD" else None if named in ("CAD", "AUD", "MXN", "BRL") else False
    if "¥" in (one, other):
        return None if {"JPY", "CNY"} & {one, other} else False
    return False


def _same_label(one: str, other: str) -> bool:
    """Apples and apple are one."""
    return one == other or _stem(one) == _stem(other)


def _stem(label: str) -> str:
    return " ".join(PLURAL.sub(r"\1", word) for word in label.split(" "))
