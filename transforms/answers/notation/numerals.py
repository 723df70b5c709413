"""Numerals with separators, as each way of writing numbers reads them.

"1.234" is one and a bit in English and more than a thousand in German. A text has one reading for each way that its
language may write numbers, and those of two texts are compared way by way: see `compare_answers`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from persona_hub.transforms.answers.notation.characters import SPACE

POINT, COMMA, LISTED = "point", "comma", "list"  # decimal point; decimal comma; commas that part values
NUMERAL = re.compile(rf"\d(?:[\d.,'_{SPACE}]*\d)?|\.\d+")
BLANK_GROUPS = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d]| \d)")
GROUPS = re.compile(r"[1-9]\d{0,2}(?:[.,'_\u00a0]\d{3})+")
INDIAN_GROUPS = re.compile(r"[1-9]\d?(?:,\d{2})+,\d{3}")
NEAR_COMMA = re.compile(r"\d,\d")
COMMA_GROUP_IN_LATEX = re.compile(r"(?<=\d)\{,\}(?=\d)")
THIN_BLANK_IN_LATEX = re.compile(r"(?<=\d)\\[,;:! ](?=\d{3})")


@lru_cache(maxsize=256)
def ways_of(language: str) -> tuple[tuple[str, ...], bool]:
    """(how the language writes a decimal: POINT, COMMA or both where it is unknown; whether blanks group digits).

    Source: CLDR, by babel. A language without a territory has the ways of its main one: es is Spain, es-MX Mexico.
    """
    if language.lower().split("-")[0] in ("und", "mul", ""):
        return (POINT, COMMA), False
    try:
        symbols = Locale.parse(language.replace("-", "_")).number_symbols
    except (UnknownLocaleError, ValueError, TypeError):
        return (POINT, COMMA), False
    latin = symbols.get("latn", symbols)
    return (COMMA if latin["decimal"] == "," else POINT,), latin["group"] in "\u00a0\u202f"


def readings_of_numerals(text: str, language: str) -> dict[str, str]:
    """The text with numerals as Python writes them ("1234.5"), by the way of writing that it was read in.

    Ways that give the same text are one, called "".
    """
    ways, blanks = ways_of(language)
    text = COMMA_GROUP_IN_LATEX.sub(",", THIN_BLANK_IN_LATEX.sub(SPACE, text))
    if blanks:
        text = BLANK_GROUPS.sub(lambda run: run[0].replace(" ", SPACE), text)
    wanted = list(ways)
    if NEAR_COMMA.search(text):
        bracketed = any(sign in text for sign in "([{")
        unread = POINT in ways and NEAR_COMMA.search(_read(text, POINT)) is not None  # 12,5 in English
        wanted += [COMMA] if unread and not bracketed and text.count(",") == 1 else []
        wanted += [LISTED] if unread or bracketed else []
    if blanks and "." in text:
        wanted.append(POINT)  # no language that groups by blanks groups by points, so this may be a program's
    read = {way: _read(text, way) for way in wanted}
    return read if len(set(read.values())) > 1 else {"": next(iter(read.values()))}


def _read(text: str, way: str) -> str:
    return NUMERAL.sub(lambda run: python_numeral(run[0], way), text)


def python_numeral(numeral: str, way: str) -> str:
    """A numeral with a point before its decimals and without groups; as it is where it is none in this way."""
    if numeral.isdigit():
        return numeral
    numeral = numeral.strip(SPACE)
    if way == LISTED:
        return ",".join(python_numeral(part, POINT) for part in numeral.split(","))
    for sign in (SPACE, "_", "'"):
        if sign in numeral:
            whole, point, rest = _parted_at_decimal(numeral, sign)
            return whole.replace(sign, "") + point + rest if GROUPS.fullmatch(whole) else numeral
    points, commas = numeral.count("."), numeral.count(",")
    if points and commas:
        decimal = "." if numeral.rindex(".") > numeral.rindex(",") else ","
        group = "," if decimal == "." else "."
        whole, _, rest = numeral.rpartition(decimal)
        well = (
            decimal not in whole and group not in rest and (GROUPS.fullmatch(whole) or INDIAN_GROUPS.fullmatch(whole))
        )
        return f"{whole.replace(group, '')}.{rest}" if well else numeral
    sign = "." if points else ","
    if numeral.count(sign) > 1:
        grouped = GROUPS.fullmatch(numeral) or (sign == "," and INDIAN_GROUPS.fullmatch(numeral))
        return numeral.replace(sign, "") if grouped else numeral
    groups = (sign == ",") if way == POINT else (sign == ".")
    if groups and GROUPS.fullmatch(numeral):
        return numeral.replace(sign, "")
    if sign == "," and way == POINT:
        return numeral
    return numeral.replace(",", ".")


def _parted_at_decimal(numeral: str, group: str) -> tuple[str, str, str]:
    """("1 234", ".", "5") of "1 234,5"; the decimals are empty where there are none."""
    for decimal in ".,":
        whole, found, rest = numeral.rpartition(decimal)
        if found and rest.isdigit() and group in whole:
            return whole, ".", rest
    return numeral, "", ""
