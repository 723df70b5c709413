"""The tables of a language: fields of life with their cue words and occupations, and the sentences to put them in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

FOLDER = resources.files(__package__) / "phrases"
LANGUAGES = frozenset(file.name.removesuffix(".json") for file in FOLDER.iterdir() if file.name.endswith(".json"))


@dataclass(frozen=True)
class Field:
    """A field of life, such as medicine."""

    name: str
    pros: Sequence[str]  # who works in it
    lay: Sequence[str]  # whom it concerns
    aims: Sequence[str]  # what they want to achieve
    topics: Sequence[str]  # what else they talk about


@dataclass(frozen=True)
class Phrasebook:
    """All tables of one language."""

    language: str
    stop: frozenset[str]
    fields: Mapping[str, Field]
    cues: Mapping[str, str]  # word -> name of the field
    table: Mapping[str, Any]

    def sentences(self, name: str) -> Any:
        """Sentences (or tables of them) by name."""
        return self.table[name]


def split(text: str) -> tuple[str, ...]:
    """The parts of a list written "one; another"."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


@cache
def phrasebook(language: str) -> Phrasebook:
    """The tables of `language`, which must be one of LANGUAGES."""
    table = json.loads((FOLDER / f"{language}.json").read_text("utf-8"))
    rows = {"general": table["general"], **table["fields"]}
    fields = {
        name: Field(name, split(row["pros"]), split(row["lay"]), split(row["aims"]), split(row["topics"]))
        for name, row in rows.items()
    }
    cues: dict[str, str] = {}
    for name, row in table["fields"].items():
        for cue in row["cues"].split():
            cues.setdefault(cue, name)
    return Phrasebook(language, frozenset(table["stop"].split()), fields, cues, table)


def field_of(words: Sequence[str], book: Phrasebook) -> Field:
    """The field that most of the lower-case `words` point to, "general" where nothing does."""
    cues, votes = book.cues, Counter[str]()
    for i, word in enumerate(words):
        name = cues.get(word) or cues.get(word.removesuffix("s"))
        if name:
            votes[name] += 3 if i < 40 else 2  # the title and first sentence say what a text is about
    best = max(votes.items(), key=lambda vote: (vote[1], vote[0]), default=("general", 0))
    return book.fields[best[0]]
