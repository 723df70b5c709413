"""What the rules know of a language with spaces between words."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from persona_hub.transforms.attributes.ages import Numbers
from persona_hub.transforms.attributes.lexicon import (
    Phrases,
    cities,
    country_names,
    forms,
    packaged_titles,
    phrases_of,
    read_words,
    titles_by_hand,
    word_list,
)

SETS = word_list(
    "articles breaks joins nouns others weak not_now possess from place_after of_after place_nouns place_fillers "
    "culture language_heads before turned relatives of decade_before age_before languages after_name themes "
    "subject work_behind lovers loose opening possessives calls "
    "roles work_before belongings kin lives moved to out_of born apart around moments olds beside once attributes"
)
VALUED = ("persons", "students", "seniority", "career", "stages", "decades", "degrees", "educated", "levels")


class Lexicon:
    """What the rules know of a language."""

    def __init__(self, language: str) -> None:
        raw = read_words(language)
        self.language, self.head = language, raw["head"]
        self.sets = {name: frozenset(word.rstrip("'") for word in word_list(raw.get(name, ""))) for name in SETS}
        self.suffixes = {
            suffix: str(group) for group, line in raw.get("suffixes", {}).items() for suffix in line.split()
        }
        self.phrases = Phrases(phrases(language, raw), language)
        numbers = Numbers(raw)
        self.number, self.number_words = numbers.value, numbers.words
        self.ages = [re.compile(one.replace("{n}", numbers.pattern)) for one in raw["ages"]]
        self.experience = [re.compile(one.replace("{n}", numbers.pattern)) for one in raw["experience"]]
        self.age_words = frozenset(raw["age_words"].split())


def phrases(language: str, raw: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(kind, value, phrase) of all phrases of a language."""
    titles = (packaged_titles() if language == "en" else {}) | titles_by_hand(language)
    found = [("title", group, title) for title, group in titles.items()]
    for kind in VALUED:
        for value, line in raw.get(kind, {}).items():
            found += [(kind, value, form) for phrase in phrases_of(line) for form in forms(phrase)]
    fields = word_list(raw.get("fields", ""))
    for value, line in raw.get("of_fields", {}).items():
        found += [("students", value, phrase.replace("*", field)) for phrase in phrases_of(line) for field in fields]
    for value, line in raw.get("grades", {}).items():
        found += [
            ("students", value, f"{grade} {form}") for grade in line.split() for form in word_list(raw["grade_forms"])
        ]
    found += [("leads", "lead", f"{field} director") for field in word_list(raw.get("directed", ""))]
    found += [("leads", "lead", form) for phrase in phrases_of(raw["leads"]) for form in forms(phrase)]
    for kind, line in raw["anchors"].items():
        found += [(kind, "", phrase) for phrase in (line if isinstance(line, list) else phrases_of(line))]
    found += [("country", code, name) for code, name in country_names(language)]
    found += [("city", code, name) for code, name in cities()]
    for code, line in read_words("countries")["demonyms"].get(language, {}).items():
        for phrase in phrases_of(line):
            found += [("demonym", code, form) for form in (german_forms(phrase) if language == "de" else forms(phrase))]
    return found


def german_forms(phrase: str) -> list[str]:
    """An adjective with its endings; a noun as it is."""
    return [phrase + ending for ending in ("er", "e", "es", "en")] if phrase.endswith(("isch", "deutsch")) else [phrase]


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of a language, made once."""
    return Lexicon(language)
