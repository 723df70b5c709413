"""The columns that a hub's given personas came with, as far as a choice asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import orjson

from persona_hub.transforms.choice.columns import GIVEN, Column
from persona_hub.transforms.records import Attributes

ROWS_READ = 200_000  # 1 to 2 s; rows lie in the order of hashes, so these are a fair sample
SHOWN_COLUMNS = 30


def unknown_given(columns: Sequence[Column], rows: Iterable[Attributes]) -> tuple[list[Column], list[Column]]:
    """(given columns asked for that no persona has, given columns that there are, by name); twice none where all are.

    Rows are read until each column was met. Of more than `ROWS_READ` nobody says that a column is unknown.
    """
    asked = {column.name.removeprefix(GIVEN) for column in columns if column.is_given}
    known: set[str] = set()
    rows = iter(rows)
    for row in islice(rows, ROWS_READ if asked else 0):
        known.update(names_in(row.given))
        if asked <= known:
            return [], []
    if not asked or next(rows, None) is not None:
        return [], []
    return [Column(f"{GIVEN}{name}") for name in sorted(asked - known)], [
        Column(f"{GIVEN}{name}") for name in sorted(known)
    ]


def names_in(given: str) -> Iterable[str]:
    """The names in a JSON object or ""; none of a damaged one."""
    try:
        found = orjson.loads(given) if given else {}
    except orjson.JSONDecodeError:
        return ()
    return found if isinstance(found, dict) else ()


def told_columns(columns: Sequence[Column]) -> str:
    """Columns as they are typed, the first of them."""
    more = f" and {len(columns) - SHOWN_COLUMNS} more" if len(columns) > SHOWN_COLUMNS else ""
    return f"{', '.join(map(str, columns[:SHOWN_COLUMNS])) or 'none'}{more}"
