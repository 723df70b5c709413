"""A row of a table of personas -> its text, its id and its other columns."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from persona_hub.transforms.corpus.charsets.decoding import Undecodable
from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Damage, SkippedRecord, TextRecord
from persona_hub.transforms.corpus.fields.row_fields import (
    NumberAsWritten,
    addresses_of,
    filled_field,
    text_of_bytes,
)
from persona_hub.transforms.corpus.personas.columns import LeftOut, columns_of
from persona_hub.transforms.records import excerpt

PERSONA_FLAG = "--persona_field"
NAME_FIELD = f"Name the field of the persona with {PERSONA_FLAG}."
# PersonaHub's personas, FinePersonas and Nemotron-Personas; PersonaHub's samples; Nemotron-Personas without the first;
# and samples of it that have cut the names of its columns.
PERSONA_FIELDS = ("persona", "input persona", "input_persona", "professional_persona", "core", "professional")
ID_FIELDS = ("uuid", "id", "persona_id", "url")  # by which a person would look a row up, best first
MOST_SENTENCES = 100  # of a persona that is a list of them
SENTENCE_MARKS = ".!?…。！？।؟"


@dataclass(frozen=True)
class PersonaRecord(TextRecord):
    """A row with a persona."""

    columns: str = ""  # a JSON object of the other columns, "" where there are none
    left_out: LeftOut = ()


def persona_of_row(
    row: Mapping[str, Any], place: str, fields: Sequence[str], nested: tuple[str, ...] = ()
) -> CorpusRecord:
    """The persona in the first of `fields` that is filled. A list of texts is one text, a sentence each.

    `nested`: names of columns that were not read.
    """
    field = filled_field(row, fields) or next((name for name in fields if name in row), "")
    listed = next((name for name in fields if isinstance(row.get(name), list | tuple) and row[name]), "")
    if listed and not isinstance(row.get(field), str | bytes):
        field = listed
    if field not in row:
        names = excerpt(", ".join(map(str, row)) or "none at all")
        return Damage(place, "field-missing", f"{lacking(fields, 'field')}, but {names}. {NAME_FIELD}")
    value, source = row[field], id_of_row(row, field)
    if value is None:
        return SkippedRecord(place, source, "no-text")
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value[:MOST_SENTENCES]):
        value = joined(value[:MOST_SENTENCES])
    try:
        text = text_of_bytes(value) if isinstance(value, bytes) else value
    except Undecodable as wrong:
        return Damage(place, wrong.reason, wrong.detail, value[:1024].decode("utf-8", "replace"))
    if not isinstance(text, str) or isinstance(text, NumberAsWritten):
        kind = "a number" if isinstance(text, NumberAsWritten) else type(text).__name__
        detail = f"field {excerpt(field)!r} holds no text but {kind}. {NAME_FIELD}"
        return Damage(place, "field-not-text", detail, reprlib.repr(text)[:1024])
    columns = columns_of(row, field, nested)
    return PersonaRecord(place, source, text, columns=columns.given, left_out=columns.left_out)


def lacking(fields: Sequence[str], kind: str) -> str:
    """What is said of a row or table without any of some fields."""
    return f"no {kind} {' or '.join(map(repr, fields))}"


def id_of_row(row: Mapping[str, Any], field: str) -> str:
    """By what a row can be looked up, "" where no field says so."""
    for name in ID_FIELDS:
        if name != field and row.get(name) is not None:
            return next(addresses_of(row[name]), "")
    return ""


def joined(sentences: Sequence[str]) -> str:
    """Sentences as one text.

    >>> joined(["i am in college", "i love books!"])
    'i am in college. i love books!'
    """
    stripped = (sentence.strip() for sentence in sentences)
    return " ".join(one if one[-1] in SENTENCE_MARKS else f"{one}." for one in stripped if one)
