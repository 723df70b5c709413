"""The other columns of a persona's row -> a JSON object, within bounds; and what is left out of it."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from persona_hub.transforms.corpus.fields.row_fields import NumberAsWritten, written_bytes

MOST_COLUMNS = 64  # of a row; Nemotron-Personas has 23
LONGEST_VALUE = 1000  # characters; the longest of Nemotron-Personas' texts have 700
LONGEST_NAME = 100
ROW_CHARACTERS = 8000  # of a row's names and values together
NO_SCALAR, TOO_LONG, TOO_MANY = "no-scalar", "too-long", "too-many"  # why a value is left out
SAFE_INTEGER = 1 << 53  # beyond it JSON's readers round
LEFT = object()  # in place of a value that is no scalar

LeftOut = tuple[tuple[str, str], ...]  # (why, name of the column)


class Columns(NamedTuple):
    """The columns that are kept of a row, and those left out."""

    given: str  # a JSON object by name, "" where there are none
    left_out: LeftOut = ()


def columns_of(row: Mapping[str, Any], text_field: str, nested: tuple[str, ...] = ()) -> Columns:
    """The scalar values of a row but its text, in order of their names. Empty ones say nothing and are not kept.

    `nested`: names of columns that were not read, since they hold lists or records.
    """
    kept: dict[str, Any] = {}
    left = [(NO_SCALAR, shown_name(name)) for name in nested]
    characters = 0
    for name, value in row.items():
        if name == text_field or value is None or value in ("", b"", [], {}, ()):
            continue
        scalar = scalar_of(value)
        size = len(name) + (len(scalar) if isinstance(scalar, str) else 20)
        if scalar is LEFT:
            left.append((NO_SCALAR, shown_name(name)))
        elif len(name) > LONGEST_NAME or (isinstance(scalar, str) and len(scalar) > LONGEST_VALUE):
            left.append((TOO_LONG, shown_name(name)))
        elif len(kept) >= MOST_COLUMNS or characters + size > ROW_CHARACTERS:
            left.append((TOO_MANY, shown_name(name)))
        else:
            kept[whole_text(name)] = scalar
            characters += size
    given = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode() if kept else ""
    return Columns(given, tuple(left))


def scalar_of(value: Any) -> Any:
    """A value as JSON has it: a text, a number, or true and false; LEFT for lists, records and what says nothing.

    >>> [scalar_of(one) for one in (7, 2.5, True, " a ", 1 << 60, date(2026, 1, 31), b"x")]
    [7, 2.5, True, ' a ', '1152921504606846976', '2026-01-31', 'x']
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, NumberAsWritten):
        return str(value)
    if isinstance(value, str):
        return value if value.isascii() else whole_text(value)
    if isinstance(value, int):
        return value if abs(value) <= SAFE_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else LEFT
    if isinstance(value, bytes):
        return written_bytes(value[: 4 * LONGEST_VALUE + 4])
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else LEFT
    if isinstance(value, date | time):  # a time of a day has its date in it
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID | timedelta) else LEFT


def whole_text(text: str) -> str:
    """`text` with U+FFFD for lone surrogates, which no encoding may carry."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def shown_name(name: str) -> str:
    """A column's name where it is counted by."""
    return whole_text(str(name)[:LONGEST_NAME])
