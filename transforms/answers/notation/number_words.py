"""Numbers in words: "twenty-one", "einundzwanzig", "二十一"; the numbers of words in front of other words."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from text_to_num import text2num

from persona_hub.transforms.answers.notation.words import word_table

SPELLED = ("en", "de", "fr", "es", "it", "pt", "nl")  # languages of text2num that are asked
ASKED_WHERE_UNKNOWN = ("en", "de", "fr", "es")  # asked where the language is not known
LINKS = {"en": ("and",), "es": ("y",), "pt": ("e",), "fr": ("et",), "de": ("und",), "nl": ("en",), "it": ()}
WORDS_TOO = {"once"}  # no number unless the language is known: eleven in Spanish, one time in English
HALVES = re.compile(r"(?:and|y|et) (?:a |une? )?(half|media|medio|demie?|quarter)\b ?")
# What text2num lacks, or reads in some compounds only.
LARGE = {
    "en": {"million": 6, "billion": 9, "trillion": 12},
    "de": {"million": 6, "millionen": 6, "milliarde": 9, "milliarden": 9, "billion": 12, "billionen": 12},
    "fr": {"million": 6, "millions": 6, "milliard": 9, "milliards": 9, "billion": 12, "billions": 12},
    "es": {"millón": 6, "millones": 6, "billón": 12, "billones": 12},
}
MOST_LETTERS = 200
HAN_DIGITS = dict(
    zip("〇零一壹二贰弐两兩三叁参四肆五伍六陆七柒八捌九玖", map(int, "001122222333445566778899"), strict=True)
)
HAN_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
HAN_MYRIADS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
HAN_SIGNS = "".join([*HAN_DIGITS, *HAN_TENS, *HAN_MYRIADS])
HAN_PATTERN = rf"[{HAN_SIGNS}]+(?:点[{''.join(HAN_DIGITS)}]+)?"
HAN_NUMBER = re.compile(HAN_PATTERN)
HAN_START = re.compile(rf"(?:{HAN_PATTERN}又)?{HAN_PATTERN}分之{HAN_PATTERN}|{HAN_PATTERN}")
MIXED_HAN = re.compile(rf"(\d+(?:\.\d+)?)([{''.join([*HAN_TENS, *HAN_MYRIADS])}]+)")
HAN_FRACTION = re.compile(r"(?:(.+)又)?(.+)分之(.+)")
MINUS = {"minus", "negative", "menos", "moins", "负", "負"}
POINTS = {"en": "point", "de": "komma", "fr": "virgule", "es": "coma"}


def number_in_words(text: str, language: str) -> Fraction | None:
    """The number that the whole text spells; None if it spells none, or languages differ on it."""
    if len(text) > MOST_LETTERS:
        return None
    text = " ".join(text.lower().split())
    head, _, rest = text.partition(" ")
    if head in MINUS and rest:
        value = number_in_words(rest, language)
        return None if value is None else -value
    if fraction := word_table("fractions").get(text):
        return Fraction(fraction)
    if text[:1] in MINUS and len(text) > 1:
        value = han_number(text[1:])
        return None if value is None else -value
    if text[:1] in HAN_SIGNS:
        return han_number(text)
    codes = spelling_languages(language)
    if text in WORDS_TOO and len(codes) > 2:
        return None
    found = {value for code in codes if (value := _spelled(text, code)) is not None}
    return found.pop() if len(found) == 1 else None


def leading_number(text: str, language: str) -> tuple[Fraction, str] | None:
    """(the number that the text begins with in words, what follows it)."""
    if len(text) > MOST_LETTERS:
        return None
    if text[:1] in MINUS:
        found = leading_number(text[1:], language)
        return None if found is None else (-found[0], found[1])
    han = HAN_START.match(text)
    if han:
        value = han_number(han[0])
        return None if value is None else (value, text[han.end() :])
    words = text.split(" ")
    fraction = max((n for n in (1, 2) if " ".join(words[:n]).lower() in word_table("fractions")), default=0)
    for count in range(max(fraction, _numerous(words, language)), 0, -1):
        value = number_in_words(" ".join(words[:count]).rstrip(","), language)
        if value is not None:
            rest = " ".join(words[count:])
            half = HALVES.match(rest.lower()) if value.denominator == 1 else None
            if half:
                value += Fraction(1, 4 if half[1] == "quarter" else 2)
            return value, rest[half.end() :] if half else rest
    return None


def spelling_languages(language: str) -> tuple[str, ...]:
    """The languages whose number words are known: the given one and English, or all where it is not known."""
    code = re.split("[-_]", language.lower())[0]
    return (
        tuple(dict.fromkeys((code, "en")))
        if code in SPELLED
        else ("en",)
        if code in ("zh", "ja")
        else ASKED_WHERE_UNKNOWN
    )


def _numerous(words: list[str], language: str) -> int:
    """How many of the first words may be of a number."""
    count = 0
    for word in words:
        bare = word.lower().rstrip(",")
        if not any(_is_part(bare, code) for code in spelling_languages(language)) and bare not in MINUS:
            break
        count += 1
    return count


@lru_cache(maxsize=20_000)
def _is_part(word: str, code: str) -> bool:
    """Whether a word may stand in a number of a language."""
    if len(word) > 80:
        return False
    known = (
        word in LINKS[code]
        or word in LARGE.get(code, {})
        or word == POINTS.get(code)
        or _text2num(word, code) is not None
    )
    return known or word in ("half", "quarter", "quarters", "third", "thirds", "a")


@lru_cache(maxsize=20_000)
def _spelled(text: str, code: str) -> Fraction | None:
    """The number that `text` spells in one language."""
    if not text[:1].isalpha() or text == "o":
        return None
    text = text.replace("einstausend", "eintausend") if code == "de" else text
    whole, point, decimals = text.partition(f" {POINTS.get(code, 'point')} ")
    if point:
        before = _whole(whole, code)
        digits = [_whole(word, code) for word in decimals.split(" ")]
        if before is None or not all(digit is not None and 0 <= digit <= 9 for digit in digits):
            return None
        return Fraction(f"{before}.{''.join(map(str, digits))}")
    value = _whole(text, code)
    return None if value is None else Fraction(value)


def _whole(text: str, code: str) -> int | None:
    """A whole number, millions and more added up here: text2num has no trillions, and few German millions."""
    total, above = 0, 10**18
    words = text.replace(",", "").split(" ")
    begin = 0
    for n, word in enumerate(words):
        power = LARGE.get(code, {}).get(word)
        if power is None:
            continue
        part = _text2num(" ".join(words[begin:n]), code) if n > begin else 1
        if part is None or not part or part * 10**power >= above:
            return None
        total += part * 10**power
        above, begin = 10**power, n + 1
    rest = words[begin:]
    if begin and rest and rest[0] in LINKS.get(code, ()):
        rest = rest[1:]
        if not rest:
            return None
    if not rest:
        return total or None
    part = _text2num(" ".join(rest), code)
    return None if part is None or part >= above else total + part


@lru_cache(maxsize=20_000)
def _text2num(text: str, code: str) -> int | None:
    if text in ("ein", "eine", "einen", "einem", "einer", "eins") and code == "de":
        return 1
    if text in ("una", "uno", "un") and code == "es":
        return 1
    if text == "une" and code == "fr":
        return 1
    try:
        return text2num(text, code)
    except ValueError:
        return None


def han_number(text: str) -> Fraction | None:
    """A number in Chinese characters: 二十一, 一千零五, 二〇二四, 三点五, 三分之二, 百分之五 (a part of a hundred)."""
    fraction = HAN_FRACTION.fullmatch(text)
    if fraction:
        whole = han_number(fraction[1]) if fraction[1] else Fraction(0)
        under, over = han_number(fraction[2]), han_number(fraction[3])
        return None if None in (whole, under, over) or not under else whole + over / under  # type: ignore[operator]
    if not HAN_NUMBER.fullmatch(text):
        return None
    whole_text, point, decimals = text.partition("点")
    integer = _han_whole(whole_text)
    if integer is None or not point:
        return None if integer is None else Fraction(integer)
    return Fraction(f"{integer}.{''.join(str(HAN_DIGITS[digit]) for digit in decimals)}")


def _han_whole(text: str) -> int | None:
    if all(character in HAN_DIGITS for character in text):  # digits in a row, as of a year
        return int("".join(str(HAN_DIGITS[digit]) for digit in text)) if len(text) == 1 or len(text) > 2 else None
    total = section = 0
    digit: int | None = None
    unit_above, myriad_above = 10**4, 10**16
    for character in text:
        if character in HAN_DIGITS:
            value = HAN_DIGITS[character]
            if digit not in (None, 0):
                return None
            digit = value
        elif character in HAN_TENS:
            unit = HAN_TENS[character]
            if unit >= unit_above:
                return None
            section += (digit or 1) * unit
            unit_above, digit = unit, None
        else:
            myriad = HAN_MYRIADS[character]
            section += digit or 0
            if myriad >= myriad_above or not section:
                return None
            total += section * myriad
            section, digit, unit_above, myriad_above = 0, None, 10**4, myriad
    if digit and unit_above > 10 and text[-2:-1] not in ("零", "〇") and (unit_above < 10**4 or total):
        return None  # 一百五 and 三万五 leave out the last unit: 150 to some, 105 to others
    return total + section + (digit or 0)
