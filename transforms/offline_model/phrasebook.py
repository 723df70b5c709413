"""The tables of a language: fields of life with their cue words and occupations, and the sentences to put them in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from persona_hub.transforms.offline_model.grammar import without_article
from persona_hub.transforms.offline_model.sentences import Sentence

FOLDER = resources.files(__package__) / "phrases"
LANGUAGES = frozenset(file.name.removesuffix(".json") for file in FOLDER.iterdir() if file.name.endswith(".json"))
UNSPACED = frozenset({"zh", "ja", "th"})
EARLY, STEM = 40, 8  # the first words weigh more; the longest stem looked up
INTERNATIONAL = 5  # letters of a stem that may serve another language


@dataclass(frozen=True)
class Field:
    """A field of life, such as medicine."""

    name: str
    pros: Sequence[str]  # who works in it
    lay: Sequence[str]  # whom it concerns
    aims: Sequence[str]  # what they want to achieve
    topics: Sequence[str]  # what else they talk about


@dataclass(frozen=True)
class Relation:
    """A kind of relationship, and the sentences on the person at its other end."""

    name: str
    field: str  # of that person: "same", "any", or its name
    sentences: Sequence[Sentence]


@dataclass(frozen=True)
class Phrasebook:
    """All tables of one language."""

    language: str
    fields: Mapping[str, Field]
    field_of_role: Mapping[str, str]
    cues: Mapping[str, str]  # word, or its stem, -> name of the field
    ask: Mapping[str, Sequence[Sentence]]  # by "read", "write", "like", "dislike"
    relations: Sequence[Relation]
    seniority: Sequence[str]
    table: Mapping[str, Any]  # the rest: samples, words for grammar

    def read(self, text: str) -> dict[str, str] | None:
        """The slots of a persona that this book wrote, None for anybody else's."""
        for sentences in (*self.ask.values(), *(relation.sentences for relation in self.relations)):
            for sentence in sentences:
                slots = sentence.read(text)
                if slots:
                    return slots
        return None

    def feminine(self, role: str) -> bool:
        """Whether `role` wants feminine forms: by its article, or by the mark that its table gives it."""
        return role.startswith(tuple(self.table.get("feminine_articles", ()))) or role in self.table["feminine_roles"]


def split(text: str) -> tuple[str, ...]:
    """The parts of a list written "one; another"."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


@cache
def phrasebook(language: str) -> Phrasebook:
    """The tables of `language`, which must be one of LANGUAGES."""
    table = json.loads((FOLDER / f"{language}.json").read_text("utf-8"))
    rows = {"general": table["general"], **table["fields"]}
    table["feminine_roles"] = {
        role.removesuffix("|f")
        for row in rows.values()
        for role in split(f"{row['pros']};{row['lay']}")
        if role.endswith("|f")
    }
    fields = {
        name: Field(
            name,
            split(row["pros"].replace("|f", "")),
            split(row["lay"].replace("|f", "")),
            split(row["aims"]),
            split(row["topics"]),
        )
        for name, row in rows.items()
    }
    return Phrasebook(
        language,
        fields,
        {role: name for name, field in fields.items() for role in (*field.pros, *field.lay)},
        {cue: name for name, row in reversed(table["fields"].items()) for cue in row["cues"].split()},
        {ask: [Sentence(template) for template in templates] for ask, templates in table["ask"].items()},
        [Relation(row["relation"], row["field"], [Sentence(s) for s in row["persona"]]) for row in table["relations"]],
        split(table.get("seniority", "")),
        table,
    )


@cache
def cues_of(language: str) -> Mapping[str, str]:
    """Cue words of `language`; of one without tables, the longer stems of the Latin ones: many are international."""
    if language in LANGUAGES:
        return phrasebook(language).cues
    tables = [phrasebook(latin).cues for latin in ("en", "de", "fr", "pt", "es")]
    return {cue: name for table in tables for cue, name in table.items() if len(cue) >= INTERNATIONAL}


def field_of(words: Sequence[str], language: str) -> str:
    """The name of the field that most of the lower-case `words` point to, "general" where nothing does."""
    votes: Counter[str] = Counter()
    for i, word in enumerate(words):
        name = field_of_word(word, language)
        if name:
            votes[name] += 3 if i < EARLY else 2  # the title and first sentence say what a text is about
    return max(votes.items(), key=lambda vote: (vote[1], vote[0]), default=("general", 0))[0]


@lru_cache(maxsize=1 << 16)  # words come back: saves four look-ups of five
def field_of_word(word: str, language: str) -> str:
    """The field that `word` is a cue for, "" for none: by itself, or by its longest known beginning."""
    cues = cues_of(language)
    if language == "en":
        return cues.get(word) or cues.get(word.removesuffix("s"), "")
    if language == "ar" and word not in cues:  # "البيئة" of "بيئة"
        word = without_article(word)
    lengths = range(min(len(word), STEM), 2, -1)  # languages that inflect, and compounds
    return cues.get(word) or next((cues[word[:length]] for length in lengths if word[:length] in cues), "")
