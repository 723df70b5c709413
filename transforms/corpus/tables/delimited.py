"""CSV and TSV: one record a row, its text in a column that the first row names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import partial

from persona_hub.transforms.corpus.corpus_records import (
    TEXT_FIELDS,
    BrokenError,
    CorpusRecord,
    Damage,
    Limits,
    MakeRecord,
    Piece,
)
from persona_hub.transforms.corpus.fields.row_fields import record_of_fields
from persona_hub.transforms.corpus.formats.plain_text import decoded_text
from persona_hub.transforms.corpus.streams import content_chunks
from persona_hub.transforms.corpus.tables.rows import DelimitedRow, delimited_rows, separator_of
from persona_hub.transforms.records import excerpt

SHOWN_FIELDS = 20  # of a row that has too many
SEPARATOR_LINE = "sep="  # with which Excel says what sets fields apart


def read_csv(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """What each row holds; its fields are set apart by commas, or by what parts the first line (semicolons, mostly)."""
    yield from read_delimited(piece, limits, "", *_of_text(text_field))


def read_tsv(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """What each row holds; its fields are set apart by tabs, and may be quoted as in CSV."""
    yield from read_delimited(piece, limits, "\t", *_of_text(text_field))


def _of_text(text_field: str) -> tuple[Sequence[str], str, MakeRecord]:
    wanted = (text_field,) if text_field else TEXT_FIELDS
    return wanted, "Name the text field with --text_field.", partial(record_of_fields, text_field=text_field)


def read_delimited(
    piece: Piece, limits: Limits, separator: str, wanted: Sequence[str], remedy: str, make: MakeRecord
) -> Iterator[CorpusRecord]:
    """What `make` makes of each row. Raises BrokenError, with `remedy`, for a table without any column of `wanted`.

    Without a `separator`, the first line tells it.
    """
    # A line feed in quotes is none that ends a row, and only the file's beginning tells: so a table is one piece.
    chunks = decoded_text(content_chunks(piece.file, limits))
    first = next(chunks, "").removeprefix("\ufeff")
    head = next((line for line in re.split("[\r\n]+", first) if line.strip()), "")
    if head.lower().startswith(SEPARATOR_LINE) and len(head) == len(SEPARATOR_LINE) + 1:
        separator, first = head[-1], first.replace(head, "", 1)
    rows = delimited_rows(itertools.chain([first], chunks), separator or separator_of(head), limits)
    names = _names(next(rows, None), wanted, remedy)
    broken_run = 0
    for row in rows if names else ():
        found = row if isinstance(row, Damage) else _record_of_delimited(row, names, make)
        broken_run = broken_run + 1 if isinstance(found, Damage) else 0
        if broken_run > limits.broken_run:
            detail = (
                f"{limits.broken_run:,} broken rows in a row: the rest is left. Is it a table? Else force --format."
            )
            raise BrokenError("not-a-table", detail)
        yield found


def _names(row: DelimitedRow | Damage | None, wanted: Sequence[str], remedy: str) -> list[str]:
    """The names of the columns, none of an empty file. Raises BrokenError if none is in `wanted`."""
    if row is None:
        return []
    if isinstance(row, Damage):
        raise BrokenError(row.reason, f"the names of the columns: {row.detail}")
    names = [name.strip() for name in row.fields]
    if not set(wanted) & set(names):
        detail = (
            f"no column {' or '.join(wanted)}, but {excerpt(', '.join(names))}. "
            f"{remedy} If the first line is a row, write the columns' names above it."
        )
        raise BrokenError("field-missing", detail)
    return names


def _record_of_delimited(row: DelimitedRow, names: list[str], make: MakeRecord) -> CorpusRecord:
    if len(row.fields) != len(names):
        detail = (
            f"line {row.line} begins a row of {len(row.fields)} fields, the first row names {len(names)}. "
            "Quote fields that hold what sets fields apart."
        )
        return Damage(row.place, "wrong-fields", detail, excerpt(" | ".join(row.fields[:SHOWN_FIELDS])))
    # Of two columns with one name the first is meant.
    fields = dict(zip(reversed(names), reversed(row.fields), strict=True))
    return make(fields, row.place)
