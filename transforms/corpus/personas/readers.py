"""Files of personas: JSON Lines, CSV, TSV, Parquet and Avro, compressed and in archives as a corpus is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from persona_hub.transforms.corpus.corpus_records import (
    BrokenError,
    CorpusRecord,
    Damage,
    Limits,
    MakeRecord,
    Piece,
    Reader,
)
from persona_hub.transforms.corpus.fields.avro_rows import row_reader
from persona_hub.transforms.corpus.fields.avro_schema import AvroType
from persona_hub.transforms.corpus.fields.columns import is_address, is_list, is_text
from persona_hub.transforms.corpus.formats.avro import ReadRow, read_records, require_field
from persona_hub.transforms.corpus.formats.json_lines import read_objects
from persona_hub.transforms.corpus.formats.parquet import Columns, read_columns
from persona_hub.transforms.corpus.formats.readers import READERS, read_piece
from persona_hub.transforms.corpus.personas.columns import MOST_COLUMNS
from persona_hub.transforms.corpus.personas.rows import (
    NAME_FIELD,
    PERSONA_FIELDS,
    lacking,
    persona_of_row,
)
from persona_hub.transforms.corpus.tables.delimited import read_delimited
from persona_hub.transforms.records import excerpt

NO_TABLE = "no-table"
OTHER_FORMATS = frozenset(f"unread-{name}" for name in READERS)  # which a corpus may have
NO_PERSONAS = "no table with a row for each persona: write JSON Lines, Parquet, Avro, CSV or TSV"


def read_personas(piece: Piece, fields: Sequence[str], limits: Limits) -> Iterator[CorpusRecord]:
    """Everything that is found in a piece of a file of personas, each in the first of `fields` that is filled.

    Without `fields`, in one of PERSONA_FIELDS.
    """
    for found in read_piece(piece, "", limits, persona_readers(tuple(fields) or PERSONA_FIELDS)):
        if isinstance(found, Damage) and found.reason in OTHER_FORMATS:
            found = Damage(found.place, NO_TABLE, f"{NO_PERSONAS}.", found.excerpt, found.member)
        yield found


def persona_readers(fields: tuple[str, ...]) -> Mapping[str, Reader]:
    """The reader of each format that has rows."""
    make = partial(persona_of_row, fields=fields)
    return {
        "jsonl": partial(json_rows, make=make),
        "csv": partial(delimited_rows_of, separator="", fields=fields, make=make),
        "tsv": partial(delimited_rows_of, separator="\t", fields=fields, make=make),
        "parquet": partial(parquet_rows_of, fields=fields),
        "avro": partial(avro_rows_of, fields=fields, make=make),
    }


def json_rows(piece: Piece, text_field: str, limits: Limits, make: MakeRecord) -> Iterator[CorpusRecord]:
    """The personas of JSON Lines."""
    yield from read_objects(piece, limits, make)


def delimited_rows_of(
    piece: Piece,
    text_field: str,
    limits: Limits,
    separator: str,
    fields: Sequence[str],
    make: MakeRecord,
    remedy: str = NAME_FIELD,
) -> Iterator[CorpusRecord]:
    """The personas of CSV and TSV, or other rows whose text is in one of `fields`."""
    yield from read_delimited(piece, limits, separator, fields, remedy, make)


def avro_rows_of(
    piece: Piece, text_field: str, limits: Limits, fields: Sequence[str], make: MakeRecord
) -> Iterator[CorpusRecord]:
    """The personas of Avro."""

    def reader_of(record: AvroType) -> ReadRow:
        require_field(record, fields, NAME_FIELD)
        names = [name for name, _ in record.fields]
        return row_reader(record, next(name for name in fields if name in names), limits.record_bytes)

    yield from read_records(piece, limits, reader_of, make)


def parquet_rows_of(piece: Piece, text_field: str, limits: Limits, fields: Sequence[str]) -> Iterator[CorpusRecord]:
    """The personas of Parquet. Columns of lists and records are not read."""
    nested: list[str] = []

    def choose(schema: pa.Schema) -> Columns:
        texts = text_columns(schema, fields)
        kinds = dict(zip(schema.names, schema.types, strict=True))
        once = [name for name in kinds if name not in texts and schema.names.count(name) == 1]
        scalars = [name for name in once if is_scalar(kinds[name])]
        nested.extend(name for name in kinds if name not in texts and name not in scalars)
        return Columns(texts, scalars[: MOST_COLUMNS + 1])

    def make(record: Mapping[str, Any], place: str, field: str) -> CorpusRecord:
        return persona_of_row(record, place, (field,), tuple(nested))

    yield from read_columns(piece, limits, choose, make)


def text_columns(schema: pa.Schema, fields: Sequence[str], remedy: str = NAME_FIELD) -> list[str]:
    """Those of `fields` that a table has as texts. Raises BrokenError, with `remedy`, if there is none."""
    present = [name for name in fields if name in schema.names]
    if not present:
        names = excerpt(", ".join(schema.names) or "none at all")
        raise BrokenError("field-missing", f"{lacking(fields, 'column')}, but {names}. {remedy}")
    texts = [name for name in present if is_text(schema.types[schema.names.index(name)])]
    if not texts:
        kind = schema.types[schema.names.index(present[0])]
        raise BrokenError("field-not-text", f"column {excerpt(present[0])!r} holds {excerpt(str(kind))}. {remedy}")
    return texts


def is_scalar(kind: pa.DataType) -> bool:
    """Whether a column holds one text, number, truth value or time in a row."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if any(test(kind) for test in is_list):
        return False
    return is_address(kind) or pa.types.is_boolean(kind) or pa.types.is_temporal(kind)
