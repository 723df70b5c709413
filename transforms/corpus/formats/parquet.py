"""Parquet: one record a row; a row group belongs to the piece in which its first byte lies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from persona_hub.transforms.corpus.corpus_records import (
    SOURCE_FIELDS,
    TEXT_FIELDS,
    BrokenError,
    CorpusRecord,
    Damage,
    Limits,
    Piece,
)
from persona_hub.transforms.corpus.fields.row_fields import record_of_fields
from persona_hub.transforms.corpus.streams import open_raw, refuse_compressed
from persona_hub.transforms.records import excerpt

ROWS_AT_ONCE = 256  # read at once: a row may be long


def read_parquet(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """What each row of the piece's row groups holds; a damaged row group is one damage."""
    with open_raw(piece.file) as stream:
        try:
            refuse_compressed(stream)
            table = pq.ParquetFile(stream, pre_buffer=False)
            columns, field = _columns(table.schema_arrow, text_field)
        except (pa.ArrowException, OSError, BrokenError) as error:
            if piece.start:  # the first piece has said so
                return
            if isinstance(error, BrokenError):
                raise
            detail = f"no Parquet file, or a damaged footer ({excerpt(str(error))}). Fetch the file again."
            raise BrokenError("parquet-damaged", detail) from error
        row = 1
        for number in range(table.metadata.num_row_groups):
            group = table.metadata.row_group(number)
            if piece.start <= _first_byte(group) < piece.stop:
                yield from _read_group(table, number, row, columns, field, limits)
            row += group.num_rows


def _columns(schema: pa.Schema, text_field: str) -> tuple[list[str], str]:
    """The columns to read, and which has the text; raises BrokenError if none has."""
    wanted = (text_field,) if text_field else TEXT_FIELDS
    field = next((name for name in wanted if name in schema.names), "")
    if not field:
        names = excerpt(", ".join(schema.names) or "none at all")
        detail = f"no column {' or '.join(wanted)}, but {names}. Name the text field with --text_field."
        raise BrokenError("field-missing", detail)
    if not _is_text(schema.field(field).type):
        detail = f"column {field!r} holds {schema.field(field).type}, no text. Name the text field with --text_field."
        raise BrokenError("field-not-text", excerpt(detail))
    sources = [name for name in SOURCE_FIELDS if name in schema.names and name != field]
    return [field, *sources], field


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    return any(test(kind) for test in (*tests, pa.types.is_binary, pa.types.is_large_binary))


def _first_byte(group: Any) -> int:
    column = group.column(0)
    offsets = (column.dictionary_page_offset, column.data_page_offset)
    return min(offset for offset in offsets if offset)


def _read_group(
    table: pq.ParquetFile, number: int, row: int, columns: list[str], field: str, limits: Limits
) -> Iterator[CorpusRecord]:
    group = table.metadata.row_group(number)
    packed, unpacked = _text_bytes(group, field)
    if unpacked > max(limits.free_bytes, limits.ratio * packed):
        detail = f"row group {number}: {packed:,} bytes hold {unpacked:,}: a decompression bomb. Leave the file out."
        yield Damage(f"row {row}", "decompression-bomb", detail)
        return
    try:
        for batch in table.iter_batches(ROWS_AT_ONCE, row_groups=[number], columns=columns, use_threads=False):
            for record in _rows_of(batch, field):
                yield _record_of_row(record, f"row {row}", field, limits)
                row += 1
    except (pa.ArrowException, OSError) as error:
        detail = f"row group {number} is damaged from here ({excerpt(str(error))}). Fetch the file again."
        yield Damage(f"row {row}", "parquet-damaged", detail)


def _text_bytes(group: Any, field: str) -> tuple[int, int]:
    columns = [group.column(i) for i in range(group.num_columns)]
    texts = [column for column in columns if column.path_in_schema == field]
    return sum(c.total_compressed_size for c in texts), sum(c.total_uncompressed_size for c in texts)


def _rows_of(batch: pa.RecordBatch, field: str) -> Iterator[dict[str, Any]]:
    """The rows, the text as bytes: a string that is no UTF-8 must not stop its neighbours."""
    text = batch.column(field)
    if pa.types.is_dictionary(text.type):
        text = text.dictionary_decode()
    sources = {name: _values(batch.column(name)) for name in batch.schema.names if name != field}
    for i, value in enumerate(text.cast(pa.large_binary())):
        yield {field: value.as_py(), **{name: values[i] for name, values in sources.items()}}


def _values(column: pa.Array) -> list[Any]:
    """A column that only says where a record is from: what is no UTF-8 in it does not matter."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        values = column.cast(pa.large_binary()).to_pylist()
        return [value.decode("utf-8", "replace") if value is not None else None for value in values]
    return column.to_pylist() if pa.types.is_integer(column.type) else [None] * len(column)


def _record_of_row(record: dict[str, Any], place: str, field: str, limits: Limits) -> CorpusRecord:
    data = record[field]
    if data is not None:
        if len(data) > limits.record_bytes:
            detail = f"a text of {len(data):,} bytes, allowed are {limits.record_bytes:,}. Split it or leave it out."
            return Damage(place, "record-too-large", detail, data[:1024].decode("utf-8", "replace"))
        try:
            record[field] = data.decode("utf-8")
        except UnicodeDecodeError as error:
            detail = f"invalid UTF-8 at byte {error.start} of the text. Write the file again from UTF-8."
            return Damage(place, "invalid-utf-8", detail, data[:1024].decode("utf-8", "replace"))
    return record_of_fields(record, place, field)
