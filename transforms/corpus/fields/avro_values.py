"""Bytes of Avro -> the fields that are wanted; the others are passed over without being decoded.

A field that nobody reads can then be anything: a time before the year 1, a record 10,000 deep, 2^40 nulls.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Collection
from decimal import Context, Decimal
from typing import Any

from persona_hub.transforms.corpus.fields.avro_schema import TIMES, AvroType
from persona_hub.transforms.corpus.fields.row_fields import MOST_ADDRESSES

IDLE_STEPS = 100_000  # passed over without a byte: a record that is nothing but itself would go on for ever
LONGEST_DECIMAL = 4096  # bytes
EXACT = Context(prec=100_000)
NESTED = frozenset({"record", "array", "map", "union"})
PASSED_OVER: dict[str, Any] = {}  # in place of what can be neither a text nor an address

Reader = Callable[[bytes, int], tuple[Any, int]]
Skipper = Callable[[bytes, int], int]
RecordReader = Callable[[bytes, int], tuple[dict[str, Any], int]]


class ValueFault(ValueError):
    """Bytes that cannot be a value of their type."""


def record_reader(record: AvroType, texts: Collection[str], addresses: Collection[str]) -> RecordReader:
    """A function (data, place) -> (the `texts` and `addresses` of the record there, the place after it).

    It raises ValueFault or IndexError where there is none. Texts come as bytes, since they may be no UTF-8; in an
    address that does not matter.
    """
    steps: list[tuple[str, Any]] = []
    for name, kind in record.fields:
        wanted = name in texts or name in addresses
        steps.append((name, reader_of(kind, name not in texts)) if wanted else ("", _skipper(kind)))

    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        for name, step in steps:
            if name:
                found[name], at = step(data, at)
            else:
                at = step(data, at)
        if at > len(data):
            raise ValueFault("the record goes on beyond its block")
        return found, at

    return read


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """(a number, the place after it). Raises ValueFault or IndexError."""
    byte = data[at]
    if byte < 128:
        return (byte >> 1) ^ -(byte & 1), at + 1
    value, shift = byte & 127, 7
    while shift < 70:
        at += 1
        byte = data[at]
        value |= (byte & 127) << shift
        if byte < 128:
            return (value >> 1) ^ -(value & 1), at + 1
        shift += 7
    raise ValueFault("a number of more than 64 bits")


def read_packed(data: bytes, at: int) -> tuple[bytes, int]:
    """(bytes that follow their number, the place after them). Raises ValueFault or IndexError."""
    size, at = read_long(data, at)
    if not 0 <= size <= len(data) - at:
        raise ValueFault(f"{size} bytes are to follow, and {len(data) - at} do")
    return data[at : at + size], at + size


def _read_string(data: bytes, at: int) -> tuple[str, int]:
    value, at = read_packed(data, at)
    return value.decode("utf-8", "replace"), at


def _skip_packed(data: bytes, at: int) -> int:
    size, at = read_long(data, at)
    if not 0 <= size <= len(data) - at:
        raise ValueFault(f"{size} bytes are to follow, and {len(data) - at} do")
    return at + size


def _skip_long(data: bytes, at: int) -> int:
    return read_long(data, at)[1]


def read_branch(kind: AvroType, data: bytes, at: int) -> tuple[int, int]:
    """(which type of a union follows, the place where it does). Raises ValueFault or IndexError."""
    number, at = read_long(data, at)
    if not 0 <= number < len(kind.members):
        raise ValueFault(f"a union of {len(kind.members)} types has no number {number}")
    return number, at


def _skipper(kind: AvroType) -> Skipper:
    """What passes over a value."""
    if kind.size >= 0:
        size = kind.size
        return lambda data, at: at + size
    if kind.kind in ("int", "long", "enum"):
        return _skip_long
    if kind.kind in ("bytes", "string"):
        return _skip_packed
    if kind.kind == "union" and not any(member.kind in NESTED for member in kind.members):
        skippers = [_skipper(member) for member in kind.members]

        def skip(data: bytes, at: int) -> int:
            number, at = read_branch(kind, data, at)
            return skippers[number](data, at)

        return skip
    return lambda data, at: skip_value(kind, data, at)


def skip_value(kind: AvroType, data: bytes, at: int) -> int:
    """The place after a value of any type, however deep it is. Raises ValueFault or IndexError."""
    # (type, values of it that follow); -1: the blocks of an array or a map, of which `type` is one
    waiting: list[tuple[AvroType, int]] = [(kind, 1)]
    moved, idle = at, 0
    while waiting:
        kind, count = waiting.pop()
        idle = idle + 1 if at == moved else 0
        moved = at
        if idle > IDLE_STEPS:
            raise ValueFault("a record that is nothing but itself")
        if count < 0:
            at = _skip_block(kind, data, at, waiting)
            continue
        if kind.size >= 0:
            at += kind.size * count
            if at > len(data):
                raise ValueFault("the record goes on beyond its block")
            continue
        if count > len(data) - at:
            raise ValueFault(f"{count} values are to follow in {len(data) - at} bytes")
        if count > 1:
            waiting.append((kind, count - 1))
        if kind.kind == "record":
            waiting.extend((inner, 1) for _, inner in reversed(kind.fields))
        elif kind.kind in ("array", "map"):
            waiting.append((kind, -1))
        elif kind.kind == "union":
            number, at = read_branch(kind, data, at)
            waiting.append((kind.members[number], 1))
        else:
            at = (_skip_packed if kind.kind in ("bytes", "string") else _skip_long)(data, at)
    return at


def _skip_block(kind: AvroType, data: bytes, at: int, waiting: list[tuple[AvroType, int]]) -> int:
    """Passes over the head of a block of an array or a map, and over all of it if it says how long it is."""
    count, at = read_long(data, at)
    if not count:
        return at
    waiting.append((kind, -1))
    if count < 0:
        return _skip_packed(data, at)
    member = kind.members[0]
    if kind.kind == "map":
        member = AvroType("record", fields=[("", AvroType("string")), ("", member)])
    waiting.append((member, count))
    return at


def reader_of(kind: AvroType, decoded: bool, nested: bool = False) -> Reader:
    """What reads a value that may be a text or an address; of others, what passes over them."""
    if kind.kind == "string" and decoded:
        return _read_string
    if kind.logical not in TIMES:
        if kind.kind in ("bytes", "string", "fixed"):
            return _reader_of_bytes(kind)
        if kind.kind in ("int", "long"):
            return read_long
        if kind.kind in ("null", "boolean", "float", "double"):
            return _reader_of_size(kind)
        if kind.kind == "enum":
            return lambda data, at: _read_symbol(kind.symbols, data, at)
        if kind.kind == "union":
            return _reader_of_union(kind, decoded, nested)
        if kind.kind == "array" and not nested:
            member = reader_of(kind.members[0], decoded, nested=True)
            return lambda data, at: _read_list(kind, member, data, at)
    passes = _skipper(kind)
    return lambda data, at: (PASSED_OVER, passes(data, at))


def _reader_of_bytes(kind: AvroType) -> Reader:
    size = kind.size

    def fixed(data: bytes, at: int) -> tuple[bytes, int]:
        if size > len(data) - at:
            raise ValueFault(f"{size} bytes are to follow, and {len(data) - at} do")
        return data[at : at + size], at + size

    read: Reader = fixed if kind.kind == "fixed" else read_packed
    if kind.logical == "decimal" and kind.kind != "string":
        scale = kind.scale

        def decimal(data: bytes, at: int) -> tuple[Any, int]:
            digits, at = read(data, at)
            if len(digits) > LONGEST_DECIMAL:
                return PASSED_OVER, at
            return Decimal(int.from_bytes(digits, signed=True)).scaleb(-scale, EXACT), at

        return decimal
    if kind.logical == "uuid" and kind.size == 16:
        return lambda data, at: (uuid.UUID(bytes=fixed(data, at)[0]), at + size)
    return read


def _reader_of_size(kind: AvroType) -> Reader:
    if kind.kind == "null":
        return lambda data, at: (None, at)
    if kind.kind == "boolean":
        return lambda data, at: (bool(data[at]), at + 1)
    form = struct.Struct("<f" if kind.kind == "float" else "<d")

    def number(data: bytes, at: int) -> tuple[float, int]:
        if at + form.size > len(data):
            raise ValueFault("a number goes on beyond its block")
        return form.unpack_from(data, at)[0], at + form.size

    return number


def _reader_of_union(kind: AvroType, decoded: bool, nested: bool) -> Reader:
    readers = [reader_of(member, decoded, nested) for member in kind.members]

    def read(data: bytes, at: int) -> tuple[Any, int]:
        number, at = read_branch(kind, data, at)
        return readers[number](data, at)

    return read


def _read_symbol(symbols: list[str], data: bytes, at: int) -> tuple[str, int]:
    number, at = read_long(data, at)
    if not 0 <= number < len(symbols):
        raise ValueFault(f"an enum of {len(symbols)} symbols has no number {number}")
    return symbols[number], at


def _read_list(kind: AvroType, member: Reader, data: bytes, at: int) -> tuple[list[Any], int]:
    """The first members of an array, MOST_ADDRESSES of them."""
    end = skip_value(kind, data, at)
    found: list[Any] = []
    while at < end and len(found) < MOST_ADDRESSES:
        count, at = read_long(data, at)
        if count < 0:
            count, (_, at) = -count, read_long(data, at)
        if not count:
            break
        for _ in range(min(count, MOST_ADDRESSES - len(found))):
            value, at = member(data, at)
            found.append(value)
    return found, end
