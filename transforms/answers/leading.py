"""The number that a text begins with, in digits, and the words of scale behind it: 5 thousand, 2 dozen, 1.5万."""

from __future__ import annotations

import re
from fractions import Fraction

from persona_hub.transforms.answers.formulas.tokens import Unreadable, number_of
from persona_hub.transforms.answers.notation.number_words import LARGE, MIXED_HAN, han_number, spelling_languages
from persona_hub.transforms.answers.notation.words import word_table, words
from persona_hub.transforms.answers.values import Number

LITERAL = re.compile(r"[+-]?\s?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+(?!\w))?")
SCIENTIFIC = re.compile(
    r"([+-]?(?:\d+(?:\.\d+)?))\s*(?:×|\*|\\times|\\cdot|x)\s*10\s*(?:\^|\*\*)\s*"
    r"(?:\{\s*([+-]?\d+)\s*\}|\(\s*([+-]?\d+)\s*\)|([+-]?\d+))"
)
FRACTION = re.compile(r"([+-]?)\s?(?:(\d+) )?(\d+)\s?/\s?(\d+)(?![\d/.])")
THOUSAND = re.compile(r"[kK](?!\w)")
SCALE = re.compile(r"\s?([^\W\d_]+\.?)(?!\w)")
REST_OF_HAN = re.compile(r"\d+")
BILLIONS = frozenset(("billion", "billions", "trillion", "trillions", "billionen", "trillionen", "billón", "billones"))
OF_A_NUMBER = re.compile(r"of |de |d'|von ")


def literal(text: str) -> Number:
    """The number of a numeral as Python writes it. Raises Unreadable."""
    text = text.replace(" ", "")
    mantissa, _, power = text.lower().partition("e")
    whole, _, decimals = mantissa.lstrip("+-").partition(".")
    value = number_of(text)
    places = len(decimals) - (int(power) if power else 0)
    return Number(value, Fraction(10) ** -places, len(decimals), len((whole + decimals).lstrip("0")))


def leading_literal(text: str) -> tuple[Number, str] | None:
    """(the number that the text begins with, in digits; what follows)."""
    try:
        if match := SCIENTIFIC.match(text):
            power = next(part for part in match.groups()[1:] if part)
            return literal(f"{match[1]}e{int(power)}"), text[match.end() :]
        if match := FRACTION.match(text):
            sign, whole, over, under = match.groups()
            if not int(under) or (whole and not 0 < int(over) < int(under)):
                return None
            value = Fraction(int(over), int(under)) + int(whole or 0)
            return Number(-value if sign == "-" else value), text[match.end() :]
        if match := MIXED_HAN.match(text):
            return _with_han(match, text)
        if match := LITERAL.match(text):
            return literal(match[0]), text[match.end() :]
    except Unreadable:
        return None
    return None


def _with_han(match: re.Match[str] | None, text: str) -> tuple[Number, str] | None:
    """3.5万, 1亿2000万: numbers with the characters that stand for powers of ten."""
    total, above, at = Number(Fraction(0)), None, 0
    while match:
        scale = han_number("一" + match[2])
        if scale is None or (above is not None and scale >= above):
            return None
        part = literal(match[1]).times(scale)
        total = part if above is None else Number(total.value + part.value, part.step)
        above, at = scale, match.end()
        match = MIXED_HAN.match(text, at)
    rest = REST_OF_HAN.match(text, at)
    if rest and above is not None:
        if int(rest[0]) >= above:
            return None
        total, at = Number(total.value + int(rest[0]), Fraction(1)), rest.end()
    return total, text[at:]


def scaled(number: Number, rest: str, language: str) -> tuple[Number, str]:
    """The number with the words of scale that follow it, and what follows these."""
    if THOUSAND.match(rest):
        return number.times(Fraction(1000)), rest[1:]
    while match := SCALE.match(rest):
        power = power_of(match[1].lower(), language)
        if power is None:
            break
        number, rest = number.times(power), rest[match.end() :]
        after = OF_A_NUMBER.match(rest.lstrip())
        rest = " " + rest.lstrip()[after.end() :] if after else rest
    return number, rest


def power_of(name: str, language: str) -> Fraction | None:
    """What a word of scale multiplies by; None for other words, and for billions where the language is not known."""
    scales = word_table("scales")
    name = name if name in scales else name.rstrip(".")
    if name in words("dozens"):
        return Fraction(12)
    code = language.replace("_", "-").split("-")[0].lower()
    if name in BILLIONS:
        codes = (code,) if name in LARGE.get(code, {}) else spelling_languages(language)
        powers = {power for one in codes if (power := LARGE.get(one, {}).get(name.removesuffix("s")))}
        powers |= {power for one in codes if (power := LARGE.get(one, {}).get(name))}
        return Fraction(10) ** powers.pop() if len(powers) == 1 else None
    if name == "mil" and code not in ("es", "pt"):
        return None
    return Fraction(10) ** int(scales[name]) if name in scales else None
