"""Reference populations: what share of people has each value of an attribute, with source, year and licence."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluation.demographics.cells import ATTRIBUTES

WORLD = "world"
TABLE_FOLDER = Path(__file__).with_name("tables")
PACKAGED = ("ages_and_sexes", "countries", "employment", "speakers")
TABLE_HEADER = ("area", "attribute", "value", "count")
COMMENT_MARK = "#"


@dataclass(frozen=True)
class Reference:
    """The shares of an attribute's values in a population; they add up to 1."""

    attribute: str
    area: str  # "world", a country by ISO 3166, or a region as the source names it
    source: str
    year: str
    licence: str
    note: str
    shares: Mapping[str, float]


def read_references(name: str, lines: Iterable[str]) -> dict[tuple[str, str], Reference]:
    """(attribute, area) -> reference, from the lines of a CSV file with the columns area, attribute, value, count.

    `count` is a number of people or a share, of any total. Comments before it, "# source: ...", say source, year,
    licence, and what else is to be known. Raises InvalidInputError, which names the file, the line and what is wanted.
    """
    header: dict[str, str] = {}
    notes: list[str] = []
    body: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        key, colon, text = line.lstrip(COMMENT_MARK).strip().partition(": ")
        if not line.startswith(COMMENT_MARK):
            body += [(number, line)] if line.strip() else []
        elif colon and key in ("source", "year", "licence"):
            header[key] = text
        else:
            notes.append(line.lstrip(COMMENT_MARK).strip())
    counts: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    if not body or tuple(next(csv.reader([body[0][1]]))) != TABLE_HEADER:
        raise InvalidInputError(f"{name}: the first line after the comments must be {','.join(TABLE_HEADER)}")
    for number, line in body[1:]:
        area, attribute, value, count = checked_row(name, number, next(csv.reader([line])))
        if value in counts[attribute, area]:
            raise InvalidInputError(f"{name}, line {number}: {attribute} {value!r} of {area} stands twice; leave one")
        counts[attribute, area][value] = count
    found = {}
    for (attribute, area), of_values in counts.items():
        total = sum(of_values.values())
        if total <= 0:
            raise InvalidInputError(f"{name}: the counts of {attribute} of {area} are all 0; at least one must be more")
        shares = {value: count / total for value, count in sorted(of_values.items())}
        source, year, licence = (header.get(key, "") for key in ("source", "year", "licence"))
        found[attribute, area] = Reference(attribute, area, source, year, licence, "; ".join(notes), shares)
    return found


def checked_row(name: str, number: int, row: list[str]) -> tuple[str, str, str, float]:
    """Area, attribute, value and count of a row. Raises InvalidInputError."""
    place = f"{name}, line {number}"
    if len(row) != len(TABLE_HEADER):
        raise InvalidInputError(f"{place}: {len(row)} columns where {', '.join(TABLE_HEADER)} are wanted")
    area, attribute, value, text = row
    if attribute not in ATTRIBUTES:
        raise InvalidInputError(f"{place}: no attribute {attribute!r}; there are {', '.join(ATTRIBUTES)}")
    try:
        count = float(text)
    except ValueError:
        count = -1.0
    if not 0 <= count < float("inf"):
        raise InvalidInputError(f"{place}: count is {text!r}, where a number from 0 is wanted")
    return area or WORLD, attribute, value, count


@lru_cache(maxsize=1)
def packaged_references() -> Mapping[tuple[str, str], Reference]:
    """All that are in the package."""
    found: dict[tuple[str, str], Reference] = {}
    for name in PACKAGED:
        found |= read_references(f"{name}.csv", (TABLE_FOLDER / f"{name}.csv").read_text("utf-8").splitlines())
    return found


def world_references() -> dict[str, Reference]:
    """Those of the world, by attribute."""
    return {attribute: one for (attribute, area), one in packaged_references().items() if area == WORLD}


def reference_of(attribute: str, area: str = WORLD) -> Reference | None:
    """The packaged reference of an attribute in an area; None where there is none."""
    return packaged_references().get((attribute, area))
