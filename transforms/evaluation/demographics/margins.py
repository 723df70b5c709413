"""The shares that a balance shall reach: of a reference population, or of a table of one's own."""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from persona_hub.transforms.attributes import UNSPECIFIED
from persona_hub.transforms.choice.columns import CODES
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluation.demographics.cells import ATTRIBUTES, SEX
from persona_hub.transforms.evaluation.demographics.reference import COMMENT_MARK, WORLD, Reference

SHARES_HEADER = ("attribute", "value", "share")
AREA = "area"  # a column that may stand before these
MOST_OFF = 0.002  # of the sum of an attribute's shares: three thirds as 0.333 are 0.001 short
LONGEST_SHOWN = 40
VALUE_FORMS: Mapping[str, tuple[str, str]] = {
    **CODES,
    "language": ("[a-z]{2,3}", "a language as ISO 639 has it, such as de,"),
    SEX: ("male|female", "male or female"),
}


class MarginsError(InvalidInputError):
    """Margins that cannot be used; the message names the file, the line and the remedy."""


@dataclass(frozen=True)
class WantedBalance:
    """What weights and a quota sample are made for."""

    margins: Mapping[str, Mapping[str, float]]  # attribute -> value -> share; each adds up to 1
    sources: Mapping[str, str] = field(default_factory=dict)  # where an attribute's margin is from
    absent: str = "error"  # what of values that no persona has, as in `rake`
    rows: int = 0  # of a quota sample; 0: none
    most_weight: float = 0.0  # 0: no bound


def margins_of_references(names: Sequence[str], references: Mapping[str, Reference]) -> dict[str, dict[str, float]]:
    """The margins of attributes after reference tables. Raises MarginsError for one without a table."""
    margins: dict[str, dict[str, float]] = {}
    for name in names:
        if name not in ATTRIBUTES:
            raise MarginsError(
                f"no attribute {as_quoted(name)}; there are {', '.join(ATTRIBUTES)}; a table of your own ends in .csv"
            )
        if name in margins:
            raise MarginsError(f"{name} stands twice; name it once")
        if name not in references:
            raise MarginsError(
                f"no table of {name} is in the package; there are those of {', '.join(sorted(references))}; give a "
                f"table of your own, FILE.csv with the columns {', '.join(SHARES_HEADER)}"
            )
        margins[name] = {value: share for value, share in references[name].shares.items() if share > 0}
    if not margins:
        raise MarginsError("names no attribute; name some, as in country,life_stage")
    return margins


def read_margins(name: str, lines: Iterable[str]) -> dict[str, dict[str, float]]:
    """The margins in the lines of a CSV file: columns attribute, value, share, and area if one likes.

    The shares of an attribute add up to 1, or are less than `MOST_OFF` from it and made to. A share of 0 leaves
    personas of that value out. Raises MarginsError, which names the file `name`, the line, and what is wanted.
    """
    rows = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith(COMMENT_MARK)]
    header = tuple(cell.strip().lower() for cell in next(csv.reader([rows[0][1]]))) if rows else ()
    if header not in (SHARES_HEADER, (AREA, *SHARES_HEADER)):
        raise MarginsError(f"{name}: the first line must be {','.join(SHARES_HEADER)}, with {AREA}, before them or not")
    found: dict[str, dict[str, float]] = defaultdict(dict)
    areas: dict[str, str] = {}
    for number, line in rows[1:]:
        place = f"{name}, line {number}"
        cells = [cell.strip() for cell in next(csv.reader([line]))]
        if len(cells) != len(header):
            raise MarginsError(f"{place}: {len(cells)} columns where {', '.join(header)} are wanted")
        attribute, value, share = cells[-3], cells[-2], cells[-1]
        area = (cells[0] if len(cells) > len(SHARES_HEADER) else "") or WORLD
        if areas.setdefault(attribute, area) != area:
            raise MarginsError(
                f"{place}: {as_quoted(attribute)} of a second area, {as_quoted(area)}; leave one of them"
            )
        value = checked_value(place, attribute, value)
        if value in found[attribute]:
            raise MarginsError(f"{place}: {attribute} {as_quoted(value)} stands twice; leave one")
        found[attribute][value] = checked_share(place, share)
    if not found:
        raise MarginsError(f"{name}: holds no share; a line is wanted for each value, as in country,DE,0.25")
    for attribute, shares in found.items():
        total = math.fsum(shares.values())
        if abs(total - 1) > MOST_OFF:
            raise MarginsError(
                f"{name}: the shares of {attribute} add up to {total:g}, where 1 is wanted; set them right, or divide "
                "them by that"
            )
    return {
        attribute: {value: share / math.fsum(shares.values()) for value, share in shares.items()}
        for attribute, shares in found.items()
    }


def checked_value(place: str, attribute: str, value: str) -> str:
    """A value that an attribute can have, as personas have it. Raises MarginsError."""
    if attribute not in ATTRIBUTES:
        raise MarginsError(f"{place}: no attribute {as_quoted(attribute)}; there are {', '.join(ATTRIBUTES)}")
    if value == UNSPECIFIED:
        raise MarginsError(f"{place}: {UNSPECIFIED} has no share to reach: it keeps its own; leave the line out")
    form, what = VALUE_FORMS[attribute]
    value = value.upper() if attribute == "country" else value.lower()
    if not re.fullmatch(form, value):
        raise MarginsError(f"{place}: {as_quoted(value)} where {what} is wanted, which {attribute} is")
    return value


def checked_share(place: str, text: str) -> float:
    """A share from 0 to 1. Raises MarginsError."""
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise MarginsError(f"{place}: share is {as_quoted(text)}, where a number from 0 to 1 is wanted")
    return share


def as_quoted(text: str) -> str:
    """A text of a file in a message."""
    return repr(text[:LONGEST_SHOWN])
