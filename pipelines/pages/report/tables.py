"""Sections of report.json -> tables of the page, whatever figures a section has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from persona_hub.pipelines.pages.report.form import is_figure
from persona_hub.pipelines.pages.report.methods import about_table, what_it_is

MOST_ROWS = 500  # of a table of the page; report.json has all
CELL_CHARACTERS = 600
NO_VALUE = "–"
OPEN_ROWS = 12  # a longer table is closed at first, but for that of the figures
FIGURES = "Figures"
NAMES = ("attribute", "first", "second")  # columns whose values are names of JSON


@dataclass(frozen=True)
class TableCell:
    """What a cell shows, and what it is sorted by."""

    text: str
    key: float | None = None  # of a number
    about: str = ""  # what it is, below it

    @property
    def sort(self) -> str:
        """As an attribute: numbers as such, texts in small letters."""
        return repr(self.key) if self.key is not None else self.text.casefold()[:80]


@dataclass(frozen=True)
class Table:
    """A table of the page."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[TableCell]]
    left_out: int = 0  # rows
    about: str = ""  # what it has

    @property
    def open(self) -> bool:
        """Whether its rows are seen at once."""
        return self.title == FIGURES or len(self.rows) <= OPEN_ROWS

    @property
    def numeric(self) -> list[bool]:
        """Of each column, whether it has numbers."""
        return [any(row[place].key is not None for row in self.rows) for place in range(len(self.columns))]


def in_words(name: str) -> str:
    """A name of JSON as words.

    >>> in_words("mean_cosine")
    'mean cosine'
    """
    return name.replace("_", " ")


def number_text(value: float, digits: int = 4) -> str:
    """A number with so many digits that say something, whole ones in full.

    >>> number_text(1234567), number_text(0.123456), number_text(12.0), number_text(0.00001234)
    ('1,234,567', '0.1235', '12', '1.234e-05')
    """
    if not math.isfinite(value):
        return NO_VALUE
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def cell(value: Any) -> TableCell:
    """The cell of a value of JSON."""
    if is_figure(value):
        middle = value["value"]
        if middle is None:
            return TableCell(NO_VALUE)
        bounds = [value["low"], value["high"]]
        known = f" [{number_text(bounds[0], 3)}, {number_text(bounds[1], 3)}]" if None not in bounds else ""
        return TableCell(f"{number_text(middle)}{known}", float(middle))
    if isinstance(value, bool):
        return TableCell("yes" if value else "no", float(value))
    if isinstance(value, int | float):
        return TableCell(number_text(value), float(value))
    if value is None:
        return TableCell(NO_VALUE)
    text = (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value)
    return TableCell(text if len(text) <= CELL_CHARACTERS else f"{text[: CELL_CHARACTERS - 1]}…")


def figures_in(section: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, figure) of each figure of a section, those in groups with the group's name before theirs."""
    for name, value in section.items():
        if is_figure(value):
            yield ": ".join(map(in_words, (*path, name))), value
        elif isinstance(value, Mapping):
            yield from figures_in(value, (*path, name))


def facts_in(section: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, text) of what a section says in single values."""
    return [
        (in_words(name), cell(value).text)
        for name, value in section.items()
        if is_figure(value) or not isinstance(value, Mapping | list) or is_list_of_texts(value)
    ]


def is_list_of_texts(value: Any) -> bool:
    """Whether a value is a list that fits a cell: of texts and numbers."""
    return isinstance(value, list) and not any(isinstance(one, Mapping | list) for one in value)


def tables_of(section: Mapping[str, Any]) -> list[Table]:
    """The tables of a section: its figures, then each list of objects."""
    figures = [
        [TableCell(name, about=what_it_is(name)), cell(figure), cell(figure["n"])]
        for name, figure in figures_in(section)
    ]
    found = [table(FIGURES, ("figure", "value", "n"), figures)] if figures else []
    for name, value in section.items():
        if isinstance(value, list) and (rows := [row_in_words(row) for row in value if isinstance(row, Mapping)]):
            columns = list(dict.fromkeys(key for row in rows for key in row))
            found.append(
                table(
                    in_words(name),
                    [in_words(key) for key in columns],
                    [[cell(row.get(key)) for key in columns] for row in rows],
                )
            )
    return found


def row_in_words(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the page has it: a value that is a code with its title, names as words.

    >>> row_in_words({"attribute": "life_stage", "value": "2", "title": "professionals"})
    {'attribute': 'life stage', 'value': '2 professionals'}
    """
    found = {key: in_words(str(value)) if key in NAMES else value for key, value in row.items() if key != "title"}
    return found | ({"value": f"{row['value']} {row['title']}"} if row.get("title") else {})


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[TableCell]]) -> Table:
    """A table of at most MOST_ROWS."""
    left_out = max(len(rows) - MOST_ROWS, 0)
    return Table(title[:1].upper() + title[1:], columns, rows[:MOST_ROWS], left_out, about_table(title))
