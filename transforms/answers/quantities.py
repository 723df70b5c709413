"""Numbers with their units: "$1,600", "12 Äpfel", "2 h 30 min", "3½ Mio. €", "50 %"."""

from __future__ import annotations

import re
from fractions import Fraction

from persona_hub.transforms.answers.formulas.rationals import NotRational, rational
from persona_hub.transforms.answers.formulas.tokens import Unreadable
from persona_hub.transforms.answers.formulas.trees import Node, formula_of
from persona_hub.transforms.answers.leading import BILLIONS, LITERAL, leading_literal, literal, scaled
from persona_hub.transforms.answers.notation.characters import plain_case
from persona_hub.transforms.answers.notation.number_words import leading_number
from persona_hub.transforms.answers.notation.units import MONEY, ONE_LETTER_UNITS, Unit, unit_of
from persona_hub.transforms.answers.notation.words import word_table, words
from persona_hub.transforms.answers.values import PERCENT, Number, Quantity

CURRENCY_FIRST = re.compile(r"([+-]?)\s?(US\$|CA\$|R\$|A\$|C\$|[$€£¥₹₩₽]|[A-Z]{3}(?= ?\d))\s?([+-]?)(?=[\d.])")
PERCENT_SIGN = re.compile(
    r"\s?(?:%|percent|per cent|pct|prozent|por ciento|pour cent|パーセント)(?![\w])\s*", re.IGNORECASE
)
PART = re.compile(
    r"(\d+(?:\.\d+)?(?:/\d+)?)\s?([^\d\s,.;+*/^=<>()\[\]-][^\d,;+*/^=<>()\[\]-]*?)\.?"
    r"(?:\s?,\s?|\s+(?:and|und|y|et)\s+|\s+|(?=\d)|$)"
)
# Of scripts whose words of scale are known: a Russian thousand must not be taken for a thing that is counted.
LATIN_LETTERS = "A-Za-zÀ-ÖØ-öø-ÿĀ-žǍ-ǜ"
LABEL_WORD = re.compile(rf"[{LATIN_LETTERS}]{{2,}}(?:['’-][{LATIN_LETTERS}]+)*\.?")
HAN_LABEL = re.compile(r"[\u3005\u3040-\u30ff\u4e00-\u9fff]+")
DIFFERENCE = re.compile(r"\d[\d.]*(?:\s?-\s?\d[\d.]*)+")  # or a range, a score, a telephone number
UNIT_PRODUCT = re.compile(r"[A-Za-zμ°Ω$€£]+(?:\^\(?-?\d\)?)?(?:\s?[/*·]\s?[A-Za-zμΩ]+(?:\^\(?-?\d\)?)?){1,3}")
UNIT_IN_PRODUCT = re.compile(r"[A-Za-zμ°Ω$€£]+")
SI_UNITS = frozenset(("N", "J", "W", "V", "A", "K", "C", "Pa", "Hz", "mol", "t", "d", "kN", "F", "T"))
PARTITIVE = re.compile(r"^(?:an?|of an?) ")
MOST_LABEL_WORDS = 6  # of what is counted
SHORT_WORDS = ("a", "à", "y")


def quantity_of(text: str, language: str, about: bool = False) -> Quantity | None:
    """The quantity that the whole text is, numerals in Python's form; None if it is none."""
    for read in (_with_literal, _compound, _in_words, _formula_with_unit, _formula, _with_label):
        found = read(text, language)
        if found is not None:
            return Quantity(found.number, found.unit, about, found.doubtful)
    return None


def _with_literal(text: str, language: str) -> Quantity | None:
    """Digits, with a currency before them or a unit of the tables behind."""
    before = CURRENCY_FIRST.match(text)
    currency = unit_of(before[2], language) if before else None
    if before:
        if currency is None or currency.dimension != MONEY or (before[1] and before[3]):
            return None
        text = before[1] + before[3] + text[before.end() :]
    plain = LITERAL.match(text)
    if plain and currency is None and unit_of(text[plain.end() :], language):  # 5千米 is 5 km and not 5,000 m
        try:
            return _with_unit(literal(plain[0]), text[plain.end() :], language, None, bare=False)
        except Unreadable:
            return None
    leading = leading_literal(text)
    if leading is None:
        return None
    return _with_unit(*leading, language, currency, bare=True)


def _in_words(text: str, language: str) -> Quantity | None:
    """A number in words, with or without a unit."""
    if text[:1].isdigit():
        return None
    leading = leading_number(text, language)
    if leading is None:
        return None
    value, rest = leading
    step = Fraction(1) if value.denominator == 1 else None
    blank = " " if rest and rest[0].isascii() else ""
    found = _with_unit(Number(value, step), blank + rest, language, None, bare=True)
    return found or _labelled(Number(value, step), blank + rest, language)


def _with_label(text: str, language: str) -> Quantity | None:
    """Digits and a word that is in no table: 12 apples."""
    leading = leading_literal(text)
    return None if leading is None else _labelled(*leading, language)


def _with_unit(number: Number, rest: str, language: str, currency: Unit | None, bare: bool) -> Quantity | None:
    """A number and a unit of the tables, or nothing more where `bare`."""
    if currency and (letter := re.match(r"([MB])(?!\w)", rest)):
        number, rest = number.times(Fraction(10) ** (6 if letter[1] == "M" else 9)), rest[1:]
    number, rest = scaled(number, rest, language)
    if not rest.strip():
        return Quantity(number, currency) if bare else None
    if match := PERCENT_SIGN.fullmatch(rest):
        return None if currency else Quantity(number, Unit(PERCENT, Fraction(1, 100), match[0].strip()))
    name = PARTITIVE.sub("", rest.strip().strip("()"))
    unit = unit_of(name, language)
    if unit is None and rest.startswith(" ") and _is_product_of_units(name, language):
        unit = Unit("", Fraction(1), name.replace(" ", "").replace("(", "").replace(")", "").replace("·", "*"))
    if unit is None:
        return None
    if currency:
        return Quantity(number, currency) if unit == currency or unit.name == currency.name else None
    return Quantity(number, unit, doubtful=name in ONE_LETTER_UNITS and not rest.startswith((" ", "\u00a0")))


def _is_product_of_units(name: str, language: str) -> bool:
    """m/s^2, g/ml, $/h."""
    if not UNIT_PRODUCT.fullmatch(name):
        return False
    return all(part in SI_UNITS or unit_of(part, language) for part in UNIT_IN_PRODUCT.findall(name))


def _labelled(number: Number, rest: str, language: str) -> Quantity | None:
    """A number of things."""
    number, rest = scaled(number, rest, language)
    label = " ".join(rest.split())
    if not label or (label[0].isascii() and not rest.startswith((" ", "\u00a0"))):
        return None
    of_label = [word.lower().rstrip(".") for word in label.split(" ")]
    readable = len(of_label) <= MOST_LABEL_WORDS and all(
        LABEL_WORD.fullmatch(word) or (word in SHORT_WORDS and n) for n, word in enumerate(of_label)
    )
    if not readable and not HAN_LABEL.fullmatch(label):
        return None
    if of_label[0] in ("of", "de", "von", "des"):
        return None
    for word in of_label:
        if not words("no_units").isdisjoint((word, *word.split("-"))) or word in word_table("scales"):
            return None
        if word in BILLIONS or leading_number(word, language):
            return None
    if not label.isascii() and any(part in label for part in words("no_units_han")):
        return None
    return Quantity(number, Unit("", Fraction(1), plain_case(label)))


def _compound(text: str, language: str) -> Quantity | None:
    """Parts of one dimension, the larger unit first: 2 h 30 min, 5 feet 6 inches, 2小时30分."""
    sign = -1 if text.startswith("-") else 1
    body = text.lstrip("-").strip()
    total, unit, above, at = Fraction(0), None, None, 0
    count = 0
    while at < len(body):
        match = PART.match(body, at)
        part = unit_of(match[2].strip(), language) if match else None
        if match is None or part is None or part.dimension not in ("time", "length", "mass", "months", MONEY):
            return None
        if unit is not None and (part.dimension != unit.dimension or part.factor >= above):  # type: ignore[operator]
            return None
        total += Fraction(match[1]) * part.factor
        unit, above, at, count = unit or part, part.factor, match.end(), count + 1
    if count < 2 or unit is None or above is None:
        return None
    return Quantity(Number(sign * total / unit.factor, above / unit.factor), unit)


def _formula(text: str, language: str) -> Quantity | None:
    """A formula: its exact value if it has one, else the formula."""
    if DIFFERENCE.fullmatch(text):
        return None
    try:
        node = formula_of(text)
    except Unreadable:
        return None
    return Quantity(_value_or_formula(node))


def _formula_with_unit(text: str, language: str) -> Quantity | None:
    """A formula before a unit of the tables: 2√3 cm."""
    parts = text.split(" ")
    for count in (1, 2):
        name = " ".join(parts[-count:])
        unit = unit_of(name, language) if len(parts) > count and name not in ONE_LETTER_UNITS else None
        if unit is not None:
            found = _formula(" ".join(parts[:-count]), language)
            if found is not None:
                return Quantity(found.number, unit)
    return None


def _value_or_formula(node: Node) -> Number | Node:
    try:
        return Number(rational(node))
    except NotRational:
        return node
