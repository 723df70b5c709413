"""Columns of a Parquet file -> values as `row_fields` takes them: texts as bytes, addresses cut to a bound."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from persona_hub.transforms.corpus.fields.row_fields import LONGEST_ADDRESS, MOST_ADDRESSES

WIDEST_ID = 1024  # bytes of a fixed size: nulls take as many
LONG_COLUMN = 1 << 20  # bytes of some rows' addresses beyond which each is cut before it is a value of Python
MOST_AT_ONCE = 16 << 20  # bytes of texts that are values of Python at a time

is_string = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
is_bytes = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
is_number = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
is_list = (pa.types.is_list, pa.types.is_large_list)


def is_text(kind: pa.DataType) -> bool:
    """Whether a column may hold texts."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(test(kind) for test in (*is_string, *is_bytes, pa.types.is_null))


def is_address(kind: pa.DataType, nested: bool = False) -> bool:
    """Whether a column may hold addresses or ids, or lists of them."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if any(test(kind) for test in is_list):
        return not nested and is_address(kind.value_type, nested=True)
    if isinstance(kind, pa.UuidType):
        return True
    if pa.types.is_fixed_size_binary(kind):
        return bool(kind.byte_width <= WIDEST_ID)
    return any(test(kind) for test in (*is_string, *is_bytes, *is_number))


def unfolded(column: pa.Array) -> pa.Array:
    """A column without its dictionary."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def texts_of(column: pa.Array) -> pa.Array:
    """A column of texts as bytes: a string that is no UTF-8 must not stop its neighbours."""
    return column.cast(pa.large_binary())


def bytes_in(column: pa.Array) -> Iterable[bytes | None]:
    """The texts of a column as bytes; of long ones one at a time is a value of Python, which costs twice the time."""
    packed = texts_of(column)
    if packed.nbytes <= MOST_AT_ONCE:
        return list(packed.to_pylist())
    return (value.as_py() for value in packed)


def addresses_in(column: pa.Array) -> list[Any]:
    """A column of addresses as values of Python; lists without what is beyond MOST_ADDRESSES."""
    kind = column.type
    if any(test(kind) for test in is_list):
        return [addresses_in(unfolded(row.values[:MOST_ADDRESSES])) if row.is_valid else None for row in column]
    if any(test(kind) for test in (*is_string, *is_bytes)):
        packed = column.cast(pa.large_binary())
        if packed.nbytes > LONG_COLUMN:
            packed = pc.binary_slice(packed, 0, LONGEST_ADDRESS)
        values = packed.to_pylist()
        if any(test(kind) for test in is_bytes):
            return values
        return [value.decode("utf-8", "replace") if value is not None else None for value in values]
    return times_in(column) if pa.types.is_temporal(kind) else column.to_pylist()


def times_in(column: pa.Array) -> list[Any]:
    """A column of times as texts; where a time or its zone is none that there is, as numbers."""
    try:
        return list(pc.cast(column, pa.string()).to_pylist())
    except pa.ArrowException:
        return list(pc.cast(column, pa.int64()).to_pylist())
