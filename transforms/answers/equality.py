"""When two values are equal: the rules, type by type. docs/equal_answers.md explains them."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from persona_hub.transforms.answers.formulas.numeric import Numeric, agree_in_many_digits, compared, names_in, value_of
from persona_hub.transforms.answers.formulas.trees import Node
from persona_hub.transforms.answers.notation.characters import plain_case
from persona_hub.transforms.answers.numbers import numbers, quantities
from persona_hub.transforms.answers.values import (
    Assigned,
    Choice,
    Clock,
    Date,
    Equation,
    Group,
    Interval,
    Number,
    Quantity,
    Ratio,
    Truth,
    Value,
    Words,
)
from persona_hub.transforms.answers.verdicts import Verdict, agreed, each

Prove = Callable[[Node, Node], bool]

ARTICLES = re.compile(r"^(?:the|a|an|der|die|das|el|la|los|las|le|les) ")


def readings(ours: tuple[Value, ...], theirs: tuple[Value, ...], prove: Prove) -> Verdict:
    """Of the readings of two texts; types that both have are compared, and must agree."""
    kinds = {_kind(value) for value in ours} & {_kind(value) for value in theirs}
    pairs = [(a, b) for a in ours for b in theirs if not kinds or (_kind(a) in kinds and _kind(a) == _kind(b))]
    return agreed(values(a, b, prove) for a, b in pairs)


def _kind(value: Value) -> str:
    return value.kind if isinstance(value, Group) else type(value).__name__


def values(a: Value, b: Value, prove: Prove) -> Verdict:
    """Whether two values are equal. Values of different types are UNDECIDED."""
    if isinstance(a, Assigned) or isinstance(b, Assigned):
        return _assigned(a, b, prove)
    match a, b:
        case Quantity(), Quantity():
            return _quantities(a, b, prove)
        case Group(), Group():
            return _groups(a, b, prove)
        case Interval(), Interval():
            return _intervals(a, b, prove)
        case Clock(), Clock():
            return _clocks(a, b)
        case Date(), Date():
            return _dates(a, b)
        case Ratio(), Ratio():
            return _ratios(a, b)
        case Choice(), Choice():
            return Verdict.EQUAL if a.letter == b.letter else Verdict.DIFFERENT
        case Truth(), Truth():
            return Verdict.EQUAL if a.value == b.value else Verdict.DIFFERENT
        case Words(), Words():
            return Verdict.EQUAL if plain_words(a.text) == plain_words(b.text) else Verdict.UNDECIDED
        case Equation(), Equation():
            return Verdict.EQUAL if formulas(a.zero, b.zero, prove) == Verdict.EQUAL else Verdict.UNDECIDED
    return Verdict.UNDECIDED


def plain_words(text: str) -> str:
    """A text without articles and final points, its longer words in small letters."""
    text = plain_case(text.strip(" .!\"'"))
    return ARTICLES.sub("", text) if " " in text else text


def formulas(a: Node | Number, b: Node | Number, prove: Prove) -> Verdict:
    """Of formulas: DIFFERENT by their values, EQUAL by their values and a proof."""
    one, other = (Node("num", (side.value,)) if isinstance(side, Number) else side for side in (a, b))
    found = compared(one, other)
    if found is not Numeric.AGREE:
        return Verdict.DIFFERENT if found is Numeric.DIFFER else Verdict.UNDECIDED
    if one == other:
        return Verdict.EQUAL
    return Verdict.EQUAL if agree_in_many_digits(one, other) and prove(one, other) else Verdict.UNDECIDED


def _quantities(a: Quantity, b: Quantity, prove: Prove) -> Verdict:
    def of_numbers(one: Number | Node, other: Number | Node) -> Verdict:
        if isinstance(one, Number) and isinstance(other, Number):
            return numbers(one, other, a.about, b.about)
        rounded = _of_decimal(one, other, a.about or b.about)
        return rounded or formulas(one, other, prove)

    return quantities(a, b, of_numbers)


def _of_decimal(one: Number | Node, other: Number | Node, about: bool) -> Verdict | None:
    """Of a decimal and a formula with a value, such as 1.41 and √2; None where the rules of formulas hold."""
    number, formula = (one, other) if isinstance(one, Number) else (other, one)
    if not isinstance(number, Number) or not isinstance(formula, Node) or not number.decimals or names_in(formula):
        return None
    value = value_of(formula)
    if value is None or value.imag:
        return None
    found = numbers(number, Number(Fraction(str(value.real))), about, about)
    return None if found is Verdict.EQUAL and not number.long and not about else found


def _assigned(a: Value, b: Value, prove: Prove) -> Verdict:
    """X = 5 and 5 are equal; x = 5 and y = 5 may be."""
    ours = a.value if isinstance(a, Assigned) else (a,)
    theirs = b.value if isinstance(b, Assigned) else (b,)
    found = readings(ours, theirs, prove)
    if isinstance(a, Assigned) and isinstance(b, Assigned) and a.name != b.name:
        return Verdict.UNDECIDED
    return found


def _groups(a: Group, b: Group, prove: Prove) -> Verdict:
    kinds = {a.kind, b.kind}
    if "alternatives" in kinds:
        found = _as_sets(a, b, prove)
        return Verdict.UNDECIDED if found is Verdict.EQUAL and len(kinds) > 1 else found
    if kinds in ({"set"}, {"union"}) or (kinds == {"plain"} and _all_choices(a) and _all_choices(b)):
        return _as_sets(a, b, prove)
    if "union" in kinds:
        return Verdict.UNDECIDED
    if "set" in kinds:
        found = _as_sets(a, b, prove)
        return found if found is not Verdict.EQUAL or "plain" in kinds else Verdict.UNDECIDED
    if len(a.items) != len(b.items):
        return Verdict.DIFFERENT if "plain" not in kinds else _as_sets(a, b, prove, equal=Verdict.UNDECIDED)
    found = each(readings(ours, theirs, prove) for ours, theirs in zip(a.items, b.items, strict=True))
    if kinds in ({"tuple", "list"}, {"tuple", "assigned"}, {"list", "assigned"}, {"plain", "assigned"}):
        return Verdict.UNDECIDED if found is Verdict.EQUAL else found
    if found is Verdict.DIFFERENT and "plain" in kinds:  # the order of a list in a sentence may not matter
        return _as_sets(a, b, prove, equal=Verdict.UNDECIDED)
    return found


def _all_choices(group: Group) -> bool:
    """Whether it lists letters of choices, of which the order does not matter."""
    return all(isinstance(value, Choice) for values in group.items for value in values)


def _as_sets(a: Group, b: Group, prove: Prove, equal: Verdict = Verdict.EQUAL) -> Verdict:
    """Of items in any order, each counted once."""
    verdicts = [[readings(ours, theirs, prove) for theirs in b.items] for ours in a.items]
    lines = [*verdicts, *([line[n] for line in verdicts] for n in range(len(b.items)))]
    if not verdicts or not b.items:
        return equal if len(a.items) == len(b.items) else Verdict.DIFFERENT
    if any(set(line) == {Verdict.DIFFERENT} for line in lines):
        return Verdict.DIFFERENT
    return equal if all(Verdict.EQUAL in line for line in lines) else Verdict.UNDECIDED


def _intervals(a: Interval, b: Interval, prove: Prove) -> Verdict:
    found = []
    for one, other in ((a.low, b.low), (a.high, b.high)):
        if one is None or other is None:
            found.append(Verdict.EQUAL if one is other else Verdict.DIFFERENT)
        else:
            found.append(_quantities(one, other, prove))
    found.append(Verdict.EQUAL if a.closed == b.closed else Verdict.DIFFERENT)
    verdict = each(found)
    named = a.name and b.name and a.name != b.name
    return Verdict.UNDECIDED if named else verdict


def _clocks(a: Clock, b: Clock) -> Verdict:
    if a.minutes == b.minutes and a.half_day == b.half_day:
        return Verdict.EQUAL
    if (a.half_day or b.half_day) and (a.minutes - b.minutes) % 720 == 0:
        return Verdict.UNDECIDED
    return Verdict.DIFFERENT


def _dates(a: Date, b: Date) -> Verdict:
    said = [(one, other) for one, other in zip((a.year, a.month, a.day), (b.year, b.month, b.day), strict=True)]
    if any(one and other and one != other for one, other in said):
        return Verdict.DIFFERENT
    return Verdict.EQUAL if a == b else Verdict.UNDECIDED


def _ratios(a: Ratio, b: Ratio) -> Verdict:
    if len(a.parts) != len(b.parts):
        return Verdict.DIFFERENT
    same = all(x * b.parts[0] == y * a.parts[0] for x, y in zip(a.parts, b.parts, strict=True))
    if not a.parts[0] or not b.parts[0]:
        same = a.parts == b.parts
    return Verdict.EQUAL if same else Verdict.DIFFERENT
