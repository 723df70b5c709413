"""Units and their names in the languages of CLDR: kilometres, Stunden, 平方米, euros."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_name
from babel.units import format_unit

from persona_hub.transforms.answers.notation.words import word_table, words

MONEY = "money"


@dataclass(frozen=True)
class Unit:
    """What a number counts: units of one dimension differ by their factor; for money, `name` is the currency.

    A unit that is not in the tables, such as apples, has the dimension "" and its own name.
    """

    dimension: str
    factor: Fraction
    name: str


# CLDR's name of each unit: its factor to the first one of its dimension. Those that mean two things (ton, horsepower)
# or are counted from another zero (degrees of temperature) are dimensions of their own.
FACTORS: dict[str, dict[str, str]] = {
    "length": {
        "length-meter": "1", "length-kilometer": "1000", "length-decimeter": "1/10", "length-centimeter": "1/100",
        "length-millimeter": "1/1000", "length-micrometer": "1e-6", "length-nanometer": "1e-9",
        "length-mile": "1609.344", "length-yard": "0.9144", "length-foot": "0.3048", "length-inch": "0.0254",
        "length-nautical-mile": "1852",
    },
    "area": {
        "area-square-meter": "1", "area-square-kilometer": "1e6", "area-square-centimeter": "1e-4",
        "area-hectare": "1e4", "area-square-foot": "0.09290304", "area-square-inch": "0.00064516",
        "area-square-yard": "0.83612736", "area-square-mile": "2589988.110336", "area-acre": "4046.8564224",
    },
    "volume": {
        "volume-liter": "1", "volume-milliliter": "1/1000", "volume-centiliter": "1/100", "volume-deciliter": "1/10",
        "volume-hectoliter": "100", "volume-cubic-meter": "1000", "volume-cubic-centimeter": "1/1000",
        "volume-cubic-foot": "28.316846592", "volume-cubic-inch": "0.016387064",
    },
    "us volume": {  # the imperial ones have the same names
        "volume-gallon": "16", "volume-quart": "4", "volume-pint": "2", "volume-cup": "1", "volume-fluid-ounce": "1/8",
        "volume-tablespoon": "1/16", "volume-teaspoon": "1/48",
    },
    "mass": {
        "mass-gram": "1", "mass-kilogram": "1000", "mass-milligram": "1/1000", "mass-microgram": "1e-6",
        "mass-tonne": "1e6", "mass-pound": "453.59237", "mass-ounce": "28.349523125",
    },
    "time": {
        "duration-second": "1", "duration-minute": "60", "duration-hour": "3600", "duration-day": "86400",
        "duration-week": "604800", "duration-millisecond": "1/1000", "duration-microsecond": "1e-6",
    },
    "months": {"duration-month": "1", "duration-year": "12", "duration-decade": "120", "duration-century": "1200"},
    "speed": {
        "speed-kilometer-per-hour": "1", "speed-meter-per-second": "3.6", "speed-mile-per-hour": "1.609344",
        "speed-knot": "1.852",
    },
    "bytes": {"digital-byte": "1"},
    "energy": {"energy-joule": "1", "energy-kilojoule": "1000", "energy-kilowatt-hour": "3600000"},
    "power": {"power-watt": "1", "power-kilowatt": "1000", "power-megawatt": "1e6"},
    "celsius": {"temperature-celsius": "1"},
    "fahrenheit": {"temperature-fahrenheit": "1"},
    "angle": {"angle-degree": "1"},
}  # fmt: skip
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "CNY", "INR", "CHF", "CAD", "AUD", "MXN", "BRL", "KRW", "RUB")
ANY_CURRENCY = "any"  # of cents
CENTS_OF = {"en": "$", "de": "EUR", "fr": "EUR", "es": "EUR"}  # by language
YEN_OR_YUAN = {"zh": "CNY", "ja": "JPY"}  # "¥", by language
LONG_NAME = 4  # letters from which capitals do not matter: Mg is no mg
# Short names of CLDR that are words or variables: 2pi, 5y and 3t are formulas, however French calls feet and years.
WORD_OF_SHORT_NAME = re.compile(r"pi|po|ta|an|nd|o|#|[A-Za-z]\.?")
ONE_LETTER_UNITS = frozenset("mglLsh")  # units of one letter; 5m without a blank may be a product, too


@lru_cache(maxsize=4096)
def unit_of(name: str, language: str) -> Unit | None:
    """The unit of a name; None if it is not in the tables."""
    name = name.strip()
    code = language.replace("_", "-").split("-")[0].lower()
    if name == "¥":
        return Unit(MONEY, Fraction(1), YEN_OR_YUAN.get(code, "¥"))
    for language_code in dict.fromkeys(
        (code, "en") if code not in ("und", "") else ("en", "de", "fr", "es", "zh", "ja")
    ):
        table = _units_by_name(language_code)
        for form in (name, name.rstrip("."), _folded(name), _folded(name.rstrip("."))):
            if form in table:
                unit = table[form]
                return Unit(MONEY, unit.factor, CENTS_OF.get(code, "")) if unit.name == ANY_CURRENCY else unit
    return None


def _folded(name: str) -> str:
    """A long name in small letters."""
    return name.lower() if len(name) >= LONG_NAME else name


@lru_cache(maxsize=64)
def _units_by_name(code: str) -> dict[str, Unit]:
    """The units by their names in one language."""
    try:
        locale = Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    table: dict[str, Unit] = {}
    for dimension, units in FACTORS.items():
        for name, factor in units.items():
            unit = Unit(dimension, Fraction(factor), name)
            for form in _forms(name, locale) - words("no_units"):  # a Spanish quart is a fourth, too
                table.setdefault(form, unit)
                table.setdefault(_folded(form), unit)
    for currency in CURRENCIES:
        forms = {currency, *(get_currency_name(currency, count, locale) for count in (1, 2, None))}
        for form in forms:
            table.setdefault(_folded(form), Unit(MONEY, Fraction(1), currency))
    units_by_name = {unit.name: unit for unit in table.values()}
    for form, name in word_table("unit_names").items():
        table[form] = units_by_name[name]
    for form, currency in word_table("currencies").items():
        table[form] = Unit(MONEY, Fraction(1), currency)
    for form, currency in word_table("parts_of_money").items():
        table[form] = Unit(MONEY, Fraction(1, 100), currency)
    return table


def _forms(unit: str, locale: Locale) -> set[str]:
    """CLDR's names of a unit, without the number and without what stands before it ("每小时{0}公里")."""
    found = set()
    for length in ("long", "short", "narrow"):
        for count in (1, 2):
            text = format_unit(count, unit, length, locale=locale)
            before, number, after = text.partition(str(count))
            name = after.strip().replace("²", "^2").replace("³", "^3")
            if number and not before and name and not WORD_OF_SHORT_NAME.fullmatch(name):
                found |= {name, name.replace("^", "")}
    return found
