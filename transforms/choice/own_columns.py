"""A user's own table of columns of personas, by which a choice can ask: JSON Lines with `persona_id` in each row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from persona_hub.transforms.choice.columns import ChoiceError

ID_FIELD = "persona_id"
OWN_COLUMNS = "columns"  # the name of the table among those of a version
PERSONA_ID = re.compile("[0-9a-f]{32}")
ROW_FORM = "each line must be an object with persona_id and columns of its own"


class OwnColumns(NamedTuple):
    """A row of the table."""

    persona_id: str
    given: str  # a JSON object, as `Attributes.given` is
    file: str
    line: int

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"--columns {self.file}: line {self.line}"


def own_columns(file: str, lines: Iterable[bytes]) -> Iterator[OwnColumns]:
    """The rows in the lines of a file. Raises ChoiceError, which names the file and the line."""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ChoiceError(f"--columns {file}: line {number}: no JSON ({error}); {ROW_FORM}") from None
        persona_id = row.get(ID_FIELD) if isinstance(row, dict) else None
        if not isinstance(persona_id, str) or not PERSONA_ID.fullmatch(persona_id):
            raise ChoiceError(f"--columns {file}: line {number}: no {ID_FIELD} of 32 hex digits; {ROW_FORM}")
        yield OwnColumns(persona_id, text.decode(), file, number)


def rows_by_persona(rows: Iterable[OwnColumns], personas: Iterable[str]) -> dict[str, OwnColumns]:
    """{persona_id: row} of a block. Raises ChoiceError for two rows of a persona, and a row of none that is there.

    Weights of other personas than the hub's have none of the shares that they were made for.
    """
    found: dict[str, OwnColumns] = {}
    for row in rows:
        other = found.setdefault(row.persona_id, row)
        if other is not row:
            first, second = sorted((other, row), key=lambda one: (one.file, one.line))
            raise ChoiceError(
                f"{second.place}: persona {row.persona_id} stands in {first.file}, line {first.line}, too"
            )
    there = set(personas)
    gone = [row for persona_id, row in found.items() if persona_id not in there]
    if gone:
        first = min(gone, key=lambda one: (one.file, one.line))
        raise ChoiceError(
            f"{first.place}: no persona {first.persona_id} is in the hub's version; a table of weights is that of one "
            "version: write it anew with `persona-hub evaluate --balance`, or take the line out"
        )
    return found
