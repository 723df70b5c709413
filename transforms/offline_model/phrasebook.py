"""The tables of a language: fields of life with their cue words and occupations, and the sentences to put them in."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Any, NamedTuple

PHRASE_TABLES = resources.files(__package__) / "phrases"
LANGUAGES = frozenset(
    file.name.removesuffix(".json") for file in PHRASE_TABLES.iterdir() if file.name.endswith(".json")
)
STEM = 8  # letters of the longest stem looked up
INTERNATIONAL = 5  # letters of a stem that may serve another language
SLOT = re.compile(r"\{(\w+)\}")
GENDERED = re.compile(r"\[([^\]/]*)/([^\]/]*)\]")  # [masculine/feminine]


class Sentence:
    """A template, "{Role}, [der/die] zum Thema {p} liest": filled with slots, and read back from what it filled."""

    def __init__(self, template: str):
        self.forms = (GENDERED.sub(r"\1", template), GENDERED.sub(r"\2", template))

    def fill(self, slots: Mapping[str, str], feminine: bool = False) -> str:
        """The sentence; what is put in is never rendered again."""
        return self.forms[feminine].format_map(slots)

    def read(self, text: str) -> dict[str, str] | None:
        """The slots of a `text` that this sentence was filled to, None where another one was."""
        return read_slots(self.pieces[0], text) or read_slots(self.pieces[1], text)

    @cached_property
    def pieces(self) -> tuple[list[str], list[str]]:
        """For both genders: literal, slot, literal, slot ... literal."""
        return SLOT.split(self.forms[0]), SLOT.split(self.forms[1])


def read_slots(pieces: list[str], text: str) -> dict[str, str] | None:
    """The slots between the literal `pieces`, found from left to right: no search, 1 µs where they are not there."""
    literals = pieces[::2]
    if not text.startswith(literals[0]) or not text.endswith(literals[-1]):
        return None
    slots: dict[str, str] = {}
    at, end = len(literals[0]), len(text) - len(literals[-1])
    for i, (slot, literal) in enumerate(zip(pieces[1::2], literals[1:], strict=True), 2):
        until = end if i == len(literals) else text.find(literal, at, end)
        if until <= at:
            return None
        slots[slot] = text[at:until]
        at = until + len(literal)
    return slots


class Field(NamedTuple):
    """A field of life, such as medicine."""

    name: str
    pros: Sequence[str]  # occupations in it
    lay: Sequence[str]  # people whom it concerns
    aims: Sequence[str]  # what they want to achieve
    topics: Sequence[str]  # what else they talk about


class Relation(NamedTuple):
    """A kind of relationship, and the sentences on the person at its other end."""

    name: str
    field: str  # of that person: "same", "any", or its name
    sentences: Sequence[Sentence]


class Phrasebook(NamedTuple):
    """All tables of one language."""

    language: str
    fields: Mapping[str, Field]
    field_of_role: Mapping[str, str]
    feminine_roles: frozenset[str]
    cues: Mapping[str, str]  # word, or its stem, -> name of the field
    ask: Mapping[str, Sequence[Sentence]]  # by "read", "write", "like", "dislike"
    relations: Sequence[Relation]
    table: Mapping[str, Any]  # the rest: samples, words for grammar

    def read(self, text: str) -> dict[str, str] | None:
        """The slots of a persona that this book wrote, None for any other."""
        sentences = (*self.ask.values(), *(relation.sentences for relation in self.relations))
        return next((slots for group in sentences for one in group if (slots := one.read(text))), None)

    def feminine(self, role: str) -> bool:
        """Whether `role` wants feminine forms: by its article, or by the mark that its table gives it."""
        return role.startswith(tuple(self.table.get("feminine_articles", ()))) or role in self.feminine_roles


def entries(text: str) -> tuple[str, ...]:
    """The entries of a list written "one; another|f", without marks."""
    return tuple(part.strip().removesuffix("|f") for part in text.split(";"))


@cache
def phrasebook(language: str) -> Phrasebook:
    """The tables of `language`, which must be one of LANGUAGES."""
    table = json.loads((PHRASE_TABLES / f"{language}.json").read_text("utf-8"))
    rows = {"general": table["general"], **table["fields"]}
    fields = {
        name: Field(name, *(entries(row[column]) for column in ("pros", "lay", "aims", "topics")))
        for name, row in rows.items()
    }
    roles = [role.strip() for row in rows.values() for role in f"{row['pros']};{row['lay']}".split(";")]
    return Phrasebook(
        language=language,
        fields=fields,
        field_of_role={role: name for name, field in fields.items() for role in (*field.pros, *field.lay)},
        feminine_roles=frozenset(role.removesuffix("|f") for role in roles if role.endswith("|f")),
        cues={cue: name for name, row in reversed(table["fields"].items()) for cue in row["cues"].split()},
        ask={ask: [Sentence(template) for template in templates] for ask, templates in table["ask"].items()},
        relations=[
            Relation(row["relation"], row["field"], [Sentence(one) for one in row["persona"]])
            for row in table["relations"]
        ],
        table=table,
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
    votes = Counter(name for word in words if (name := field_of_word(word, language)))
    return max(votes.items(), key=lambda vote: (vote[1], vote[0]), default=("general", 0))[0]


@lru_cache(maxsize=1 << 16)  # words come back: saves four look-ups of five
def field_of_word(word: str, language: str) -> str:
    """The field that `word` is a cue for, "" for none: by itself, or by its longest known beginning."""
    cues = cues_of(language)
    if language == "en":
        return cues.get(word) or cues.get(word.removesuffix("s"), "")
    lengths = range(min(len(word), STEM), 2, -1)  # languages that inflect, and compounds
    return cues.get(word) or next((cues[word[:length]] for length in lengths if word[:length] in cues), "")
