"""The columns that a choice may ask for, and their values in a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Persona

UNSPECIFIED = "unspecified"  # as `transforms.attributes` has it, whose tables are not loaded for the parser of flags
GIVEN = "given."  # before the name of a column that given personas came with
WHOLE_NUMBERS = ("hop",)  # columns of whole numbers; the others are texts
PERSONA_COLUMNS = (
    "persona_id",
    "text",
    "origin",
    "hop",
    "relation",
    "source",
    "document_id",
    "language",
    "model",
)
# Columns of other tables of a version, each row of which belongs to a persona.
TABLE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "members": ("cluster",),
    "attributes": ("occupation", "occupation_unit", "seniority", "life_stage", "country", "education"),
}
WORDS: Mapping[str, tuple[str, ...]] = {  # as `transforms.attributes` has them
    "seniority": ("student", "junior", "mid", "senior", "lead", "retired"),
    "life_stage": ("child", "teenager", "young adult", "adult", "older adult"),
    "education": ("primary", "secondary", "vocational", "bachelor", "master", "doctorate"),
}
# Columns of codes and few words: their form, and what is wanted. Who types "nurse" or "Finland" would find nobody.
CODES: Mapping[str, tuple[str, str]] = {
    "occupation": ("[0-9]", "a major group of ISCO-08, 0 to 9,"),
    "occupation_unit": ("[0-9]{4}", "a unit group of ISCO-08, four digits,"),
    "country": ("[A-Za-z]{2}", "a country as ISO 3166 has it, such as DE,"),
    **{name: ("|".join(words), f"one of {', '.join(words)}") for name, words in WORDS.items()},
}
TABLE_OF = {name: table for table, names in TABLE_COLUMNS.items() for name in names}
COLUMNS = (*PERSONA_COLUMNS, *TABLE_OF, f"{GIVEN}NAME")


class ChoiceError(InvalidInputError):
    """A condition or a choice that cannot be; the message names the place and what there is."""


class JoinedRow(NamedTuple):
    """A persona and the rows of other tables that belong to it; None where there is none, or none is needed."""

    persona: Persona
    attributes: Any = None
    members: Any = None
    columns: Any = None  # of a table of the user's own


@dataclass(frozen=True)
class Column:
    """A column by its name, as in "language" or "given.age"."""

    name: str

    @property
    def table(self) -> str:
        """The table that holds it."""
        return "attributes" if self.is_given else TABLE_OF.get(self.name, "personas")

    @property
    def is_number(self) -> bool:
        """Whether its values are whole numbers."""
        return self.name in WHOLE_NUMBERS

    @property
    def is_path(self) -> bool:
        """Whether its values are paths of a tree, as "3.1.4"."""
        return self.name == "cluster"

    @property
    def is_given(self) -> bool:
        """Whether given personas came with it."""
        return self.name.startswith(GIVEN)

    @property
    def reader(self) -> Callable[[JoinedRow], Any]:
        """Row -> value: an int of a number, else a text, "" where there is none."""
        name, table = self.name, self.table
        if self.is_given:
            return own_or_given(name.removeprefix(GIVEN))
        if table == "personas":
            return lambda row: getattr(row.persona, name)
        place, nothing = JoinedRow._fields.index(table), UNSPECIFIED if table == "attributes" else ""
        return lambda row: getattr(row[place], name, nothing)

    def __str__(self) -> str:
        """As it is typed: a name with blanks in quotes."""
        bare = self.name.removeprefix(GIVEN)
        return f"{GIVEN}{quoted(bare)}" if self.is_given and not is_bare(bare) else self.name


def column_of(name: str) -> Column:
    """The column of this name. Raises ChoiceError, which names those that there are."""
    if name in PERSONA_COLUMNS or name in TABLE_OF or (name.startswith(GIVEN) and name != GIVEN):
        return Column(name)
    raise ChoiceError(f"no column {name!r}; there are {', '.join(COLUMNS)}")


def own_or_given(name: str) -> Callable[[JoinedRow], str]:
    """Row -> a column of the user's own table, else of what the persona came with."""

    def read(row: JoinedRow) -> str:
        own = given_value(row.columns.given, name) if row.columns else ""
        return own or (given_value(row.attributes.given, name) if row.attributes else "")

    return read


def given_value(given: str, name: str) -> str:
    """A column of a given persona as text, "" where it has none; `given` is a JSON object or ""."""
    try:
        value = orjson.loads(given).get(name) if given else None
    except (orjson.JSONDecodeError, AttributeError):  # a damaged row, which has no columns
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def tables_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """Tables beside that of personas that hold any of the columns."""
    return tuple(sorted({column.table for column in columns} - {"personas"}))


def is_bare(text: str) -> bool:
    """Whether a text can stand without quotes."""
    return bool(text) and not any(c.isspace() or c in "'\"()=!<>,^" for c in text)


def quoted(text: str) -> str:
    """A text in quotes, which in it are doubled."""
    return "'" + text.replace("'", "''") + "'"
