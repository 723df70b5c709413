"""Attributes of a persona by rules: occupation, seniority, life stage, country, education."""

from __future__ import annotations

from persona_hub.transforms.attributes.spaced import read_spaced
from persona_hub.transforms.attributes.text_attributes import (
    EDUCATIONS,
    LIFE_STAGES,
    SENIORITIES,
    UNSPECIFIED,
    TextAttributes,
)

__all__ = ["EDUCATIONS", "LIFE_STAGES", "SENIORITIES", "UNSPECIFIED", "TextAttributes", "read_attributes"]

SPACED = frozenset(("en",))
LONGEST = 2000  # characters that are read: a persona says at its beginning who it is


def read_attributes(text: str, language: str) -> TextAttributes:
    """The attributes that a text says of its person.

    `language`: ISO 639-1, such as "en" or "zh"; in a language without rules of its own all is unspecified.
    """
    if language in SPACED:
        return read_spaced(text[:LONGEST], language)
    return TextAttributes()
