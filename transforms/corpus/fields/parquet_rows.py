"""Parquet -> whole rows with every column, within the bounds of a row group and of a row."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from persona_hub.transforms.corpus.corpus_records import MIB, BrokenError, Limits
from persona_hub.transforms.corpus.fields.columns import is_bytes, is_list, is_string, texts_of, unfolded
from persona_hub.transforms.corpus.fields.parquet_bounds import GroupBounds, longest_value, too_large
from persona_hub.transforms.corpus.fields.parquet_footer import metadata_of
from persona_hub.transforms.corpus.fields.row_bounds import DEEPEST_ROW, MOST_VALUES, OversizedRow

BATCH_ROWS = 8192
LONG_DICTIONARY = 8 * MIB  # writers begin another way of writing at 1 MB
UNREADABLE = (ValueError, OverflowError, KeyError)  # by Python: a time, a time zone, a text that is no UTF-8


class Size(NamedTuple):
    """How much there is in a column, its dictionaries unfolded."""

    values: int
    bytes: int


def rows_of_parquet(stream: BinaryIO, limits: Limits) -> Iterator[dict[str, Any] | OversizedRow]:
    """The rows of a file. A text that is no UTF-8 comes as bytes, a time that Python does not know as text or number.

    Raises BrokenError, pa.ArrowException or OSError where it cannot be read on.
    """
    metadata = metadata_of(stream)
    columns = [metadata.schema.column(i) for i in range(len(metadata.schema))]
    for column in columns:
        _refuse_odd(column, limits)
    folded = _folded(stream, metadata, columns)
    table = pq.ParquetFile(stream, metadata=metadata, read_dictionary=folded, pre_buffer=False)
    free = limits.free_bytes  # so that a thousand small row groups cannot each take all that is free
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = [group.column(i) for i in range(group.num_columns)]
        bounds = GroupBounds(group, chunks, replace(limits, free_bytes=free))
        rows = bounds.rows_at_once(stream, BATCH_ROWS, folded)
        for chunk, column in zip(chunks, columns, strict=True):
            _refuse_members(chunk, column, bounds)
        for batch in table.iter_batches(rows, row_groups=[number], use_threads=False):
            sizes = [size_of(column) for column in batch.columns]
            bounds.take(sum(size.bytes for size in sizes))
            yield from _rows_of_batch(batch, sizes, limits)
        free -= bounds.free_taken


def _refuse_odd(column: Any, limits: Limits) -> None:
    """Raises BrokenError for a column of which one value, or its nesting, is too much."""
    if column.path.count(".") > DEEPEST_ROW:
        detail = f"a column is nested more than {DEEPEST_ROW} deep. Leave the column out."
        raise BrokenError("record-too-deep", detail)
    if column.physical_type == "FIXED_LEN_BYTE_ARRAY" and column.length > limits.record_bytes:
        detail = f"a column has values of {column.length:,} bytes, allowed are {limits.record_bytes:,}. Leave it out."
        raise BrokenError("record-too-large", detail)


def _folded(stream: BinaryIO, metadata: Any, columns: Sequence[Any]) -> list[str]:
    """Paths of the columns that are read as numbers and a dictionary, until it is known how much they unfold to.

    A row may list the same text a million times, and 100,000 rows may have the same text of 30 MB.
    """
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    folded = []
    for i, column in enumerate(columns):
        chunks = [group.column(i) for group in groups]
        if any("DELTA_BYTE_ARRAY" in chunk.encodings for chunk in chunks):  # pyarrow makes no dictionary of those
            continue
        large = (chunk for chunk in chunks if chunk.total_uncompressed_size > LONG_DICTIONARY)
        if "." in column.path or any(longest_value(stream, chunk) > LONG_DICTIONARY for chunk in large):
            folded.append(column.path)
    return folded


def _refuse_members(chunk: Any, column: Any, bounds: GroupBounds) -> None:
    """Raises BrokenError for members of lists that are unfolded as they are read, and may be too much."""
    widest = 0
    if column.physical_type == "FIXED_LEN_BYTE_ARRAY":
        widest = column.length
    elif "." in column.path and "DELTA_BYTE_ARRAY" in chunk.encodings:
        widest = chunk.total_uncompressed_size
    if widest * chunk.num_values > bounds.allowed:
        raise too_large(bounds.packed, widest * chunk.num_values)


def size_of(column: pa.Array) -> Size:
    """How much a column unfolds to."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        if not any(test(kind.value_type) for test in (*is_string, *is_bytes)):
            return Size(len(column), column.nbytes)
        lengths = pc.binary_length(texts_of(column.dictionary)).take(column.indices)
        return Size(len(column), column.indices.nbytes + (pc.sum(lengths).as_py() or 0))
    if pa.types.is_struct(kind):
        sizes = [size_of(child) for child in column.flatten()]
        return Size(len(column) + sum(size.values for size in sizes), sum(size.bytes for size in sizes))
    if pa.types.is_map(kind) or any(test(kind) for test in is_list):
        inner = size_of(members_of(column))
        return Size(len(column) + inner.values, 8 * len(column) + inner.bytes)
    if pa.types.is_fixed_size_list(kind):
        inner = size_of(column.flatten())
        return Size(len(column) + inner.values, inner.bytes)
    return Size(len(column), column.nbytes)


def members_of(column: pa.Array) -> pa.Array:
    """The members of the lists or maps of a column, and maybe some that no row has."""
    first, last = column.offsets[0].as_py(), column.offsets[-1].as_py()
    return column.values.slice(first, last - first)


def _rows_of_batch(batch: pa.RecordBatch, sizes: list[Size], limits: Limits) -> Iterator[dict[str, Any] | OversizedRow]:
    """The rows of a batch, in halves while together they are more than one may be."""
    values, size = sum(size.values for size in sizes), sum(size.bytes for size in sizes)
    if len(batch) > 1 and (size > limits.record_bytes or values > MOST_VALUES):
        half = len(batch) // 2
        for part in (batch.slice(0, half), batch.slice(half)):
            yield from _rows_of_batch(part, [size_of(column) for column in part.columns], limits)
    elif size > limits.record_bytes or values > MOST_VALUES:
        yield OversizedRow("record-too-large")
    else:
        try:
            yield from batch.to_pylist()
        except UNREADABLE:
            names, columns = batch.schema.names, [values_of(column) for column in batch.columns]
            for row in zip(*columns, strict=True):
                yield dict(zip(names, row, strict=True))


def values_of(column: pa.Array) -> list[Any]:
    """The values of a column; where Python has none for one, bytes, texts or numbers."""
    try:
        return list(column.to_pylist())
    except UNREADABLE:
        pass
    kind = column.type
    if pa.types.is_dictionary(kind):
        return values_of(unfolded(column))
    if any(test(kind) for test in is_string):
        return list(texts_of(column).to_pylist())
    present = column.is_valid().to_pylist()
    if pa.types.is_struct(kind):
        names, fields = [field.name for field in kind], [values_of(child) for child in column.flatten()]
        rows = (dict(zip(names, row, strict=True)) for row in zip(*fields, strict=True))
        return [row if there else None for row, there in zip(rows, present, strict=True)]
    if pa.types.is_map(kind) or any(test(kind) for test in is_list):
        members, offsets = values_of(members_of(column)), column.offsets.to_pylist()
        ends = [offset - offsets[0] for offset in offsets]
        lists = (members[start:end] for start, end in itertools.pairwise(ends))
        return [inner if there else None for inner, there in zip(lists, present, strict=True)]
    try:
        return list(pc.cast(column, pa.string()).to_pylist())
    except pa.ArrowInvalid:  # a time zone that there is not
        return list(pc.cast(column, pa.int64()).to_pylist())
