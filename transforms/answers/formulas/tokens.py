"""The tokens of formulas, in LaTeX, in Python's notation or as people type them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

MOST_POWER_OF_TEN = 1000  # in scientific notation
CALLED_ALIKE = (
    "sin",
    "cos",
    "tan",
    "cot",
    "sec",
    "csc",
    "sinh",
    "cosh",
    "tanh",
    "ln",
    "log",
    "exp",
    "asin",
    "acos",
    "atan",
)
FUNCTIONS = {
    **{name: name for name in (*CALLED_ALIKE, "abs", "sqrt", "cbrt", "log2", "log10", "factorial")},
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan", "lg": "log10"},
}
CONSTANTS = {"pi": "pi", "π": "pi", "e": "e", "i": "i"}
GREEK_LOWER = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi omega"
GREEK = frozenset(GREEK_LOWER.split(" "))
PRODUCT_OF_LETTERS = re.compile(r"[abckmnpqrtuvwxyz]{2,3}")  # "xy" is x times y; "cm" and "min" were units before
NUMBER = r"\d+(?:\.\d+)?(?:[eE][+-]?\d+(?![\w.]))?|\.\d+"
TOKEN_OF_FORMULA = re.compile(
    rf"\s*(?:({NUMBER})|\\([A-Za-z]+)|(log10|log2|[A-Za-z]+|[α-ωπ])|(\*\*|[-+*/^!(){{}}|_,×√°\[\]]))"
)
LAYOUT_COMMANDS = re.compile(
    r"\\(?:left|right|displaystyle|limits|mathrm|mathit|operatorname|big|Big|bigl|bigr)(?![A-Za-z])|\\[,;:! ]"
)
PREFIX = re.compile(r"\b(?:math|np|numpy|sympy|sp)\.(?=[a-z])")
LEADING_ZERO = re.compile(r"[+-]?0\d")
SHORT_FRACTION = re.compile(r"\\[dt]?frac\s*(?:(\d|[a-z])\s*(\d|[a-z])|(\d|[a-z])\s*(\{)|(\{[^{}]*\})\s*(\d|[a-z]))")


class Unreadable(ValueError):
    """What is no formula, or has two readings."""


@dataclass(frozen=True)
class Token:
    """A token: kind num, name, sign or command, its text, and whether blanks stand before it."""

    kind: str
    text: str
    after_blank: bool = False


def number_of(numeral: str) -> Fraction:
    """The value of a numeral as Python writes it.

    Raises Unreadable for a power of ten that would fill the memory, and for 007, which is no number.
    """
    mantissa, power, exponent = numeral.lower().partition("e")
    if LEADING_ZERO.match(mantissa):
        raise Unreadable("a code")
    if power and abs(int(exponent)) > MOST_POWER_OF_TEN:
        raise Unreadable("a power of ten")
    return Fraction(numeral)


def formula_tokens(text: str) -> list[Token]:
    """The tokens of a formula. Raises Unreadable at a sign that formulas do not have."""
    text = LAYOUT_COMMANDS.sub(" ", PREFIX.sub("", text))
    for _ in range(3):  # within one another
        text = SHORT_FRACTION.sub(_full_fraction, text)
    found, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN_OF_FORMULA.match(text, at)
        if match is None:
            raise Unreadable(text[at : at + 10])
        number, command, name, sign = match.groups()
        blank = match[0][:1].isspace()
        if number:
            found.append(Token("num", number, blank))
        elif command:
            found.append(_command(command, blank))
        elif name:
            found += _name_tokens(name, blank)
        else:
            found.append(Token("sign", {"**": "^", "×": "*"}.get(sign, sign), blank))
        at = match.end()
    return found


def _full_fraction(match: re.Match[str]) -> str:
    r"""\frac{1}{2} of \frac12, \frac1{2} and \frac{1}2."""
    a, b, c, brace, d, e = match.groups()
    return rf"\frac{{{a}}}{{{b}}}" if a else rf"\frac{{{c}}}{brace}" if c else rf"\frac{d}{{{e}}}"


def _command(command: str, blank: bool) -> Token:
    """A command of LaTeX."""
    if command in ("frac", "dfrac", "tfrac", "sqrt"):
        return Token("command", command.lstrip("dt"), blank)
    if command in ("cdot", "times", "ast"):
        return Token("sign", "*", blank)
    if command in ("div",):
        return Token("sign", "/", blank)
    if command in ("circ", "degree"):
        return Token("sign", "°", blank)
    if command in ("lbrace", "lvert", "rvert", "vert"):
        return Token("sign", "|", blank)
    if command in FUNCTIONS or command == "pi" or command in GREEK:
        return Token("name", command, blank)
    raise Unreadable(command)


def _name_tokens(name: str, blank: bool) -> list[Token]:
    """One name, or letters that are multiplied."""
    if len(name) == 1 or name in FUNCTIONS or name in CONSTANTS or name in GREEK:
        return [Token("name", name, blank)]
    if PRODUCT_OF_LETTERS.fullmatch(name):
        return [Token("name", letter, blank and not n) for n, letter in enumerate(name)]
    raise Unreadable(name)
