"""Parquet: one record a row; a row group belongs to the piece in which its first byte lies."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, NamedTuple

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
from persona_hub.transforms.corpus.fields.columns import addresses_in, bytes_in, is_address, is_text, unfolded
from persona_hub.transforms.corpus.fields.parquet_bounds import GroupBounds
from persona_hub.transforms.corpus.fields.parquet_footer import metadata_of
from persona_hub.transforms.corpus.fields.row_fields import filled_field, record_of_fields
from persona_hub.transforms.corpus.streams import open_raw, refuse_compressed
from persona_hub.transforms.records import excerpt

ROWS_AT_ONCE = 256  # read at once: a row may be long


class Columns(NamedTuple):
    """The columns that are read, by name."""

    texts: list[str]
    addresses: list[str]  # and whatever else is no text


ColumnsOf = Callable[[pa.Schema], Columns]
RecordOf = Callable[[Mapping[str, Any], str, str], CorpusRecord]  # (fields of a row, its place, the text's field)


def read_parquet(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """What each row of the piece's row groups holds; a damaged row group is one damage."""
    yield from read_columns(piece, limits, partial(_columns, text_field=text_field), record_of_fields)


def read_columns(piece: Piece, limits: Limits, choose: ColumnsOf, make: RecordOf) -> Iterator[CorpusRecord]:
    """What `make` makes of each row of the piece's row groups, of the columns that `choose` takes.

    `choose` raises BrokenError for a table without a text.
    """
    with open_raw(piece.file) as stream:
        try:
            refuse_compressed(stream)
            metadata = metadata_of(stream)
            table = pq.ParquetFile(stream, metadata=metadata, pre_buffer=False)
            columns = choose(table.schema_arrow)
            if lists := _leaves_of_lists(metadata, columns):
                table = pq.ParquetFile(stream, metadata=metadata, read_dictionary=lists, pre_buffer=False)
        except (pa.ArrowException, OSError, BrokenError) as error:
            if piece.start:  # the first piece has said so
                return
            if isinstance(error, BrokenError):
                raise
            detail = f"no Parquet file, or a damaged footer ({excerpt(str(error))}). Fetch the file again."
            raise BrokenError("parquet-damaged", detail) from error
        row, free = 1, limits.free_bytes  # so that a thousand small row groups cannot each take all that is free
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            if piece.start <= _first_byte(group) < piece.stop:
                left = replace(limits, free_bytes=free)
                free -= yield from _read_group(stream, table, number, row, columns, left, make)
            row += group.num_rows


def _columns(schema: pa.Schema, text_field: str) -> Columns:
    """The columns to read; raises BrokenError if none can have the text."""
    wanted = (text_field,) if text_field else TEXT_FIELDS
    present = [name for name in wanted if name in schema.names]
    if not present:
        names = excerpt(", ".join(schema.names) or "none at all")
        detail = f"no column {' or '.join(wanted)}, but {names}. Name the text field with --text_field."
        raise BrokenError("field-missing", detail)
    kinds = {
        name: schema.types[schema.names.index(name)] for name in (*present, *SOURCE_FIELDS) if name in schema.names
    }
    texts = [name for name in present if is_text(kinds[name])]
    if not texts:
        detail = f"column {present[0]!r} holds {kinds[present[0]]}, no text. Name the text field with --text_field."
        raise BrokenError("field-not-text", excerpt(detail))
    addresses = [name for name in SOURCE_FIELDS if name in kinds and name not in texts and is_address(kinds[name])]
    return Columns(texts, addresses)


def _leaves_of_lists(metadata: pq.FileMetaData, columns: Columns) -> list[str]:
    """Paths of the members of lists: read as dictionaries, 10^6 equal addresses are 10^6 numbers."""
    paths = [metadata.schema.column(i).path for i in range(len(metadata.schema))]
    return [path for path in paths if "." in path and path.partition(".")[0] in columns.addresses]


def _first_byte(group: Any) -> int:
    column = group.column(0)
    offsets = (column.dictionary_page_offset, column.data_page_offset)
    return min(offset for offset in offsets if offset)


def _read_group(
    stream: BinaryIO, table: pq.ParquetFile, number: int, row: int, columns: Columns, limits: Limits, make: RecordOf
) -> Generator[CorpusRecord, None, int]:
    """The records of a row group; returns how many of the free bytes it took."""
    group = table.metadata.row_group(number)
    names = [*columns.texts, *columns.addresses]
    only = columns.texts[0] if len(columns.texts) == 1 else ""
    every = (group.column(i) for i in range(group.num_columns))
    chunks = [c for c in every if c.path_in_schema in names or c.path_in_schema.partition(".")[0] in names]
    bounds = GroupBounds(group, chunks, limits)
    try:
        rows = bounds.rows_at_once(stream, ROWS_AT_ONCE)
        for batch in table.iter_batches(rows, row_groups=[number], columns=names, use_threads=False):
            found = {name: unfolded(batch.columns[batch.schema.names.index(name)]) for name in names}
            bounds.take(sum(column.nbytes for column in found.values()))
            for at, record in enumerate(_records_of(found, columns), row):
                yield _record_of_row(record, f"row {at}", only or filled_field(record, columns.texts), limits, make)
            row += len(batch)
    except BrokenError as error:
        yield Damage(f"row {row}", error.reason, f"row group {number} from here: {error.detail}")
    except (pa.ArrowException, OSError) as error:
        detail = f"row group {number} is damaged from here ({excerpt(str(error))}). Fetch the file again."
        yield Damage(f"row {row}", "parquet-damaged", detail)
    return bounds.free_taken


def _records_of(found: dict[str, pa.Array], columns: Columns) -> Iterator[dict[str, Any]]:
    """The rows of some columns, the texts as bytes."""
    texts = [bytes_in(found[name]) for name in columns.texts]
    names = [*columns.texts, *columns.addresses]
    for row in zip(*texts, *(addresses_in(found[name]) for name in columns.addresses), strict=True):
        yield dict(zip(names, row, strict=True))


def _record_of_row(record: dict[str, Any], place: str, field: str, limits: Limits, make: RecordOf) -> CorpusRecord:
    data = record[field]
    if data is not None and len(data) > limits.record_bytes:
        detail = f"a text of {len(data):,} bytes, allowed are {limits.record_bytes:,}. Split it or leave it out."
        return Damage(place, "record-too-large", detail, data[:1024].decode("utf-8", "replace"))
    return make(record, place, field)
