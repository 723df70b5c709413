"""Attributes of a persona by rules: occupation, seniority, life stage, country, education."""

from __future__ import annotations

from persona_hub.transforms.attributes.chinese import read_chinese
from persona_hub.transforms.attributes.named_country import named_country
from persona_hub.transforms.attributes.spaced import read_spaced
from persona_hub.transforms.attributes.text_attributes import (
    EDUCATIONS,
    LIFE_STAGES,
    SENIORITIES,
    UNSPECIFIED,
    TextAttributes,
)

__all__ = ["EDUCATIONS", "LIFE_STAGES", "SENIORITIES", "UNSPECIFIED", "TextAttributes", "read_attributes"]

SPACED = frozenset(("en", "de", "es", "fr"))
LONGEST = 2000  # characters that are read: a persona says at its beginning who it is


def read_attributes(text: str, language: str) -> TextAttributes:
    """The attributes that a text says of its person.

    `language`: ISO 639-1, such as "en" or "zh"; in another language a country is read at most.
    """
    if language in SPACED:
        return read_spaced(text[:LONGEST], language)
    if language == "zh":
        return read_chinese(text[:LONGEST])
    return TextAttributes(country=named_country(text[:LONGEST], language) or UNSPECIFIED)
