"""Dates and times of day, with the names of months that CLDR has."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from persona_hub.transforms.answers.notation.units import Unit
from persona_hub.transforms.answers.values import Clock, Date, Number, Quantity, Ratio, Value

CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(am|pm|a\.m\.|p\.m\.|uhr|hrs|o'clock)?\.?", re.IGNORECASE)
HOUR = re.compile(r"(\d{1,2})\s*(am|pm|a\.m\.|p\.m\.|uhr|o'clock)\.?", re.IGNORECASE)
HAN_CLOCK = re.compile(
    r"(上午|下午|晚上|早上|中午|凌晨|午前|午後)?\s*(\d{1,2})\s*(?:点|點|時|时)\s*(?:(\d{1,2})\s*分|(半)|整)?"
)
AFTER_NOON = {"下午", "晚上", "午後"}
RATIO = re.compile(r"(\d+(?:\.\d+)?)((?:\s?:\s?\d+(?:\.\d+)?){1,4})")
ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?")
HAN_DATE = re.compile(r"(?:(\d{4})\s*年)?\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*[日号號])?")
DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")
SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
YEAR_FIRST = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})")
DAY_MONTH = re.compile(
    r"(\d{1,2})(?:\.|st|nd|rd|th|er|º)?\s+(?:de |of )?([^\W\d_]{3,12})\.?,?(?:\s+(?:de |del )?(\d{4}))?", re.IGNORECASE
)
MONTH_DAY = re.compile(r"([^\W\d_]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(\d{4}))?", re.IGNORECASE)
MONTH_YEAR = re.compile(r"([^\W\d_]{3,12})\.?,?\s+(?:de |of )?(\d{4})", re.IGNORECASE)
WEEKDAY = re.compile(r"^(?:(?:le|el|den|am|on)\s+(?=\d)|[^\W\d_]{3,12}\.?,\s+(?=\d|[^\W\d_]))")
MONTH_FIRST = ("en-us", "en")
DAY_FIRST = ("de", "fr", "es", "it", "pt", "nl")


def moments_of(text: str, language: str) -> tuple[Value, ...]:
    """The dates, times of day and ratios that the whole text may be."""
    if not any(character.isdigit() for character in text) or len(text) > 60:
        return ()
    dates = _dates(WEEKDAY.sub("", text), language)
    if dates:
        return dates
    if match := HAN_CLOCK.fullmatch(text):
        half, hour, minute, half_past = match.groups()
        minutes = 30 if half_past else int(minute or 0)
        return _clock(int(hour), minutes, 0, "pm" if half in AFTER_NOON else "am" if half else "")
    if match := HOUR.fullmatch(text):
        return _clock(int(match[1]), 0, 0, match[2].lower())
    found: tuple[Value, ...] = ()
    if match := CLOCK.fullmatch(text):
        found = _clock(int(match[1]), int(match[2]), int(match[3] or 0), (match[4] or "").lower())
        if match[4]:
            return found
        if match[3]:  # as Python prints a timedelta
            seconds = 3600 * int(match[1]) + 60 * int(match[2]) + int(match[3])
            found += (Quantity(Number(Fraction(seconds), Fraction(1)), Unit("time", Fraction(1), "duration-second")),)
    if match := RATIO.fullmatch(text):
        found += (Ratio((Fraction(match[1]), *(Fraction(part) for part in match[2].replace(" ", "").split(":")[1:]))),)
    return found


def _clock(hour: int, minute: int, second: int, half: str) -> tuple[Value, ...]:
    if hour > 24 or minute > 59 or second > 59:
        return ()
    half = half.replace(".", "")
    if half in ("am", "pm"):
        if not 1 <= hour <= 12:
            return (Clock(Fraction(hour * 60 + minute), False),) if half == "pm" and 12 < hour < 24 else ()
        hour = hour % 12 + (12 if half == "pm" else 0)
    minutes = Fraction(hour * 60 + minute) + Fraction(second, 60)
    return (Clock(minutes, half not in ("am", "pm", "uhr", "hrs") and 1 <= hour <= 12),)


def _dates(text: str, language: str) -> tuple[Value, ...]:
    for pattern in (ISO, YEAR_FIRST):
        if match := pattern.fullmatch(text):
            return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := HAN_DATE.fullmatch(text):
        return _date(int(match[1] or 0), int(match[2]), int(match[3] or 0))
    if match := DOTTED.fullmatch(text):
        return _date(int(match[3]), int(match[2]), int(match[1]))
    if match := SLASHED.fullmatch(text):
        one, two, year = int(match[1]), int(match[2]), int(match[3])
        code = language.lower().replace("_", "-")
        month_first = _date(year, one, two) if code.split("-")[0] not in DAY_FIRST and code != "en-gb" else ()
        day_first = _date(year, two, one) if code not in MONTH_FIRST[:1] else ()
        return tuple(dict.fromkeys(month_first + day_first))
    months = _months(language)
    if (match := DAY_MONTH.fullmatch(text)) and (month := months.get(match[2].lower())):
        return _date(int(match[3] or 0), month, int(match[1]))
    if (match := MONTH_YEAR.fullmatch(text)) and (month := months.get(match[1].lower())):
        return _date(int(match[2]), month, 0)
    if (match := MONTH_DAY.fullmatch(text)) and (month := months.get(match[1].lower())):
        return _date(int(match[3] or 0), month, int(match[2]))
    return ()


def _date(year: int, month: int, day: int) -> tuple[Value, ...]:
    return (Date(year, month, day),) if 1 <= month <= 12 and 0 <= day <= 31 else ()


@lru_cache(maxsize=64)
def _months(language: str) -> dict[str, int]:
    """Month by name, of the language and English, or of five where it is not known."""
    code = language.replace("_", "-").split("-")[0].lower()
    found: dict[str, int] = {}
    for one in ("en", "de", "fr", "es") if code in ("und", "") else ("en", code):
        try:
            months = Locale.parse(one).months
        except (UnknownLocaleError, ValueError):
            continue
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[context][width].items():
                    found.setdefault(name.lower().rstrip("."), number)
    return {**found, "sept": 9} if "sep" in found else found
