"""What is said of a dropped row: its own name and text, and the name of the kept row that represents it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import orjson

from persona_hub.transforms.dedup.chunks import parse_row, parse_texts, without_surrogates
from persona_hub.transforms.dedup.persona_rows import fill_similarities
from persona_hub.transforms.wire.packing import pack_object, unpack_object

OWN_ID_FIELDS = ("persona_id", "id", "_id", "uuid", "doc_id")  # what a row may call itself, best first
NAMED_AT_ONCE = 4096  # rows in a piece of lines


class KeptName(NamedTuple):
    """A row that represents others."""

    rank: int
    name: str
    text: str


class DroppedRow(NamedTuple):
    """A row that is dropped."""

    representative: int  # its rank
    similarity: float  # NaN where it was not computed
    name: str
    text: str


R = TypeVar("R", KeptName, DroppedRow)


def pack_rows(rows: Iterable[R]) -> bytes:
    """Rows as one value, which is spilled where large values are."""
    return pack_object([tuple(row) for row in rows])


def unpack_rows(packed: bytes) -> list[tuple[Any, ...]]:
    """The fields of the rows that `pack_rows` was given."""
    rows: list[tuple[Any, ...]] = unpack_object(packed)
    return rows


def row_fields(line: bytes, field: str) -> Mapping[str, Any]:
    """The row in a line that pyarrow has read; of one that only pyarrow reads (a thousand levels deep), the text."""
    try:
        row: dict[str, Any] = parse_row(line)
        row[field] = without_surrogates(row[field])
    except ValueError:
        row = {field: parse_texts(line, field).data.decode("utf-8", "replace")}
    return row


def own_id(row: Mapping[str, Any]) -> str:
    """What a row calls itself; "" if it does not."""
    for field in OWN_ID_FIELDS:
        value = row.get(field)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).encode("utf-8", "replace").decode()  # half of a surrogate pair cannot be written
    return ""


def dropped_lines(sides: Mapping[str, Iterable[bytes]], kind: str) -> Iterator[bytes]:
    """{"names", "dropped"}, as `pack_rows` makes them, of one partition -> lines of JSON, some thousand at a time."""
    names = {rank: (name, text) for packed in sides["names"] for rank, name, text in unpack_rows(packed)}
    for packed in sides["dropped"]:
        rows = [DroppedRow(*row) for row in unpack_rows(packed)]
        for start in range(0, len(rows), NAMED_AT_ONCE):
            yield lines_of(rows[start : start + NAMED_AT_ONCE], names, kind)


def lines_of(rows: list[DroppedRow], names: Mapping[int, tuple[str, str]], kind: str) -> bytes:
    """Dropped rows as lines of JSON; `names` has (name, text) of each rank that represents one."""
    kept = [names[row.representative] for row in rows]
    near = fill_similarities([row.similarity for row in rows], [row.text for row in rows], [text for _, text in kept])
    return b"".join(
        orjson.dumps(
            {
                "id": row.name,
                "text": row.text,
                "duplicate_of": name,
                "kind": kind,
                "similarity": similarity,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for row, (name, _), similarity in zip(rows, kept, near, strict=True)
    )
