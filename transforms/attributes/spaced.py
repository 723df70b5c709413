"""Reads attributes of texts in languages with spaces between words."""

from __future__ import annotations

from persona_hub.transforms.attributes.person import find_person
from persona_hub.transforms.attributes.places import country
from persona_hub.transforms.attributes.reading import Reading
from persona_hub.transforms.attributes.spaced_lexicon import lexicon
from persona_hub.transforms.attributes.text_attributes import UNSPECIFIED, TextAttributes
from persona_hub.transforms.attributes.years import education, life_stage, seniority


def read_spaced(text: str, language: str) -> TextAttributes:
    """The attributes that a text in a language with spaces says, by the rules of that language."""
    reading = Reading(text, lexicon(language))
    find_person(reading)
    group = reading.title.value if reading.title else UNSPECIFIED
    return TextAttributes(
        occupation=group if group == UNSPECIFIED else group[0],
        occupation_unit=group if len(group) == 4 else UNSPECIFIED,
        seniority=seniority(reading) or UNSPECIFIED,
        life_stage=life_stage(reading) or UNSPECIFIED,
        country=country(reading) or UNSPECIFIED,
        education=education(reading) or UNSPECIFIED,
    )
