"""Exact values of formulas, within a budget: 1/2004! is not 1/2006!, and 9**9**9 costs nothing."""

from __future__ import annotations

import math
from fractions import Fraction

from persona_hub.transforms.answers.formulas.trees import Node

MOST_BITS = 40_000  # of a number on the way: 2006! has 19,000
MOST_WORK = 1_000_000  # bits of all numbers on the way


class NotRational(ValueError):
    """A value that is no rational number, has no value, or is too long to be computed."""


def rational(node: Node) -> Fraction:
    """The value of a formula without variables. Raises NotRational."""
    return _Exact().value(node)


class _Exact:
    def __init__(self) -> None:
        self.work = 0

    def value(self, node: Node) -> Fraction:
        match node.kind:
            case "num":
                return self.kept(node.parts[0])
            case "neg":
                return -self.value(node.parts[0])
            case "add":
                total = Fraction(0)
                for part in node.parts:
                    total = self.kept(total + self.value(part))
                return total
            case "mul":
                total = Fraction(1)
                for divides, part in node.parts:
                    value = self.value(part)
                    if divides and not value:
                        raise NotRational("a division by zero")
                    total = self.kept(total / value if divides else total * value)
                return total
            case "pow":
                return self.power(self.value(node.parts[0]), self.value(node.parts[1]))
            case "factorial":
                return self.factorial(self.value(node.parts[0]))
            case "call" if node.parts[0] == "sqrt":
                return self.power(self.value(node.parts[1]), Fraction(1, 2))
            case "call" if node.parts[0] == "cbrt":
                return self.power(self.value(node.parts[1]), Fraction(1, 3))
            case "call" if node.parts[0] == "abs":
                return abs(self.value(node.parts[1]))
        raise NotRational(node.kind)

    def kept(self, value: Fraction) -> Fraction:
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        self.work += bits
        if bits > MOST_BITS or self.work > MOST_WORK:
            raise NotRational("too long")
        return value

    def power(self, base: Fraction, exponent: Fraction) -> Fraction:
        if exponent.denominator != 1:
            return self.power(root(base, exponent.denominator), Fraction(exponent.numerator))
        if not base and exponent <= 0:
            raise NotRational("zero to the power of nothing")
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if abs(base) != 1 and base and bits * abs(exponent.numerator) > MOST_BITS:
            raise NotRational("too long")
        if abs(base) == 1:
            return base if exponent.numerator % 2 else Fraction(1)
        return self.kept(base**exponent.numerator)

    def factorial(self, value: Fraction) -> Fraction:
        if value.denominator != 1 or not 0 <= value <= 3000:
            raise NotRational("a factorial")
        self.work += 10 * int(value)
        return self.kept(Fraction(math.factorial(int(value))))


def root(value: Fraction, degree: int) -> Fraction:
    """The root where it is rational. Raises NotRational."""
    if value < 0 or degree > 64:
        raise NotRational("a root")
    over, under = (_whole_root(part, degree) for part in (value.numerator, value.denominator))
    return Fraction(over, under)


def _whole_root(value: int, degree: int) -> int:
    if value.bit_length() > 2000:
        raise NotRational("a root")
    if degree == 2:
        found = math.isqrt(value)
    else:
        low, high = 0, 1 << (value.bit_length() // degree + 1)
        while low < high:  # the largest whose power is not above
            middle = (low + high + 1) // 2
            low, high = (middle, high) if middle**degree <= value else (low, middle - 1)
        found = low
    if found**degree != value:
        raise NotRational("a root")
    return found
