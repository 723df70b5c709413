"""From a text to the values that it may be."""

from __future__ import annotations

import re
from functools import lru_cache

from persona_hub.transforms.answers.groups import groups_of
from persona_hub.transforms.answers.moments import moments_of
from persona_hub.transforms.answers.notation.characters import SPACE, plain_characters
from persona_hub.transforms.answers.notation.numerals import readings_of_numerals
from persona_hub.transforms.answers.notation.words import words
from persona_hub.transforms.answers.notation.wrapping import unwrapped
from persona_hub.transforms.answers.quantities import quantity_of
from persona_hub.transforms.answers.values import Choice, Truth, Value, Words

MOST_CHARACTERS = 1000
MOST_CODE = 35  # characters of a language's code
MOST_DEPTH = 4  # of groups in groups
CHOICE = re.compile(
    r"(?i:(?:option|choice|answer|antwort|opción|choix|réponse|选项|选|选择)\s*)?"
    r"(?:\(([A-Ha-h])\)|([A-H])[).:](?=\s|$)|([a-h])\)(?=\s|$)|([A-H])(?=$))\s*(.*)"
)
CHOICE_BY_NAME = re.compile(r"(?:option|choice|antwort|opción|choix|选项|选|选择)\s*([A-Ha-h])", re.IGNORECASE)
FIRST_BRACKETS = ("{", "[", "(", "]")  # a set or a tuple before it is a product
SPACES = re.compile(r"\s+")


def answer_values(text: str, language: str) -> dict[str, tuple[Value, ...]] | None:
    """The values that an answer may be, by the way of writing numbers that it is read in; None where it is nothing.

    Ways that read the same are one, called "". Not to be changed: it is kept.
    """
    return _answer_values(text, language) if len(text) <= MOST_CHARACTERS and len(language) <= MOST_CODE else None


@lru_cache(maxsize=2048)
def _answer_values(text: str, language: str) -> dict[str, tuple[Value, ...]] | None:
    plain = plain_characters(text)
    if plain is None or plain.strip().lower().rstrip(".") in {"", *words("nothing")}:
        return None
    answer, about = unwrapped(plain)
    if answer.strip().lower() in {"", *words("nothing")}:
        return None
    read = readings_of_numerals(answer.strip(), language)
    return {way: _values(numerals, language, about, 0) for way, numerals in read.items()}


def _values(text: str, language: str, about: bool, depth: int) -> tuple[Value, ...]:
    """The values that a text with numerals in Python's form may be; Words where it is nothing else."""
    text = SPACES.sub(" ", text.replace(SPACE, " ")).strip()
    lower = text.lower()
    if lower in words("affirmed") | words("denied"):
        return (Truth(lower in words("affirmed")),)
    choice = _choice(text)
    if choice:
        return (choice,)
    moments = moments_of(text, language)
    if moments:
        return moments
    quantity = quantity_of(text, language, about) if text[:1] not in FIRST_BRACKETS else None
    if quantity is not None:
        return (quantity,)
    if depth < MOST_DEPTH:
        groups = groups_of(text, lambda part: _item(part, language, about, depth + 1))
        if groups:
            return groups
    if text[:1] in FIRST_BRACKETS and (quantity := quantity_of(text, language, about)) is not None:
        return (quantity,)
    return (Words(text),) if text else ()


def _item(text: str, language: str, about: bool, depth: int) -> tuple[Value, ...]:
    """The values of a part of a group; a part that has no type makes the group a text."""
    values = _values(text.strip().strip("'\""), language, about, depth)
    if values and isinstance(values[0], Words) and not re.fullmatch(r"[\w .'-]{1,40}", values[0].text):
        return ()
    return values


def _choice(text: str) -> Choice | None:
    if named := CHOICE_BY_NAME.fullmatch(text):
        return Choice(named[1].upper())
    match = CHOICE.fullmatch(text)
    if not match:
        return None
    letter = next(part for part in match.groups()[:4] if part)
    content = match[5].strip()
    if match[1] and content[:1] in tuple("+-*/^=<>(!,"):
        return None if content else Choice(letter.upper())
    return Choice(letter.upper(), content)
