"""Bytes of Avro -> a whole record with every field, within the bounds of a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import fastavro.read

from persona_hub.transforms.corpus.fields.avro_schema import TIMES, AvroType
from persona_hub.transforms.corpus.fields.avro_values import (
    PASSED_OVER,
    Reader,
    ValueFault,
    read_branch,
    read_long,
    read_packed,
    reader_of,
    skip_value,
)
from persona_hub.transforms.corpus.fields.row_bounds import DEEPEST_ROW, OversizedRow, Room

TIME_OF: Mapping[str, Callable[..., Any]] = fastavro.read.LOGICAL_READERS  # by type and logical type
NestedReader = Callable[[bytes, int, Room, int], tuple[Any, int]]
RowReader = Callable[[bytes, int], tuple[dict[str, Any] | OversizedRow, int]]


class ValueReader(NamedTuple):
    """How a value is read: alone, or counted and with its depth if others may be in it."""

    alone: Reader | None
    nested: NestedReader | None = None


def row_reader(record: AvroType, text_field: str, record_bytes: int) -> RowReader:
    """A function (data, place) -> (the record there, or why it is not to be unfolded; the place after it).

    It raises ValueFault or IndexError where there is none. The text comes as bytes, since it may be no UTF-8.
    """
    read = _Compiler().of(record, text_field).nested
    assert read

    def whole(data: bytes, at: int) -> tuple[dict[str, Any] | OversizedRow, int]:
        try:
            row, end = read(data, at, Room(), 0)
            if end - at > record_bytes:
                raise OversizedRow("record-too-large")
        except OversizedRow as oversized:
            return oversized, skip_value(record, data, at)
        if end > len(data):
            raise ValueFault("the record goes on beyond its block")
        return row, end

    return whole


def _is_text(kind: AvroType) -> bool:
    """Whether all values of a type are texts, bytes or null."""
    return kind.kind in ("string", "bytes", "null") or (kind.kind == "union" and all(map(_is_text, kind.members)))


def _time_reader(kind: AvroType) -> Reader:
    """What reads a time; one that Python has no date for stays a number."""
    read, converted = reader_of(AvroType(kind.kind, size=kind.size), True), TIME_OF.get(f"{kind.kind}-{kind.logical}")

    def time(data: bytes, at: int) -> tuple[Any, int]:
        number, at = read(data, at)
        try:
            return (converted(number, None, None) if converted else number), at
        except (ValueError, OverflowError):
            return number, at

    return time


def _complete(read: Reader) -> Reader:
    """A reader of decimals, for which one of too many digits is too large."""

    def complete(data: bytes, at: int) -> tuple[Any, int]:
        value, at = read(data, at)
        if value is PASSED_OVER:
            raise OversizedRow("record-too-large")
        return value, at

    return complete


class _Compiler:
    """Types -> readers; a record that holds itself has one."""

    def __init__(self) -> None:
        self.records: dict[int, ValueReader] = {}

    def of(self, kind: AvroType, text_field: str = "") -> ValueReader:
        """The reader of a type; `text_field`: of the field of a record that is left as bytes."""
        if kind.kind == "record":
            return self.records.get(id(kind)) or self._record(kind, text_field)
        if kind.kind == "union":
            return self._union([self.of(member) for member in kind.members], kind)
        if kind.kind in ("array", "map"):
            return self._members(kind)
        if kind.logical in TIMES:
            return ValueReader(_time_reader(kind))
        read = reader_of(kind, True)
        return ValueReader(_complete(read) if kind.logical == "decimal" else read)

    def _record(self, kind: AvroType, text_field: str) -> ValueReader:
        steps: list[tuple[str, Reader | None, NestedReader | None]] = []

        def read(data: bytes, at: int, room: Room, depth: int) -> tuple[dict[str, Any], int]:
            if depth > DEEPEST_ROW:
                raise OversizedRow("record-too-deep")
            room.take(len(steps))
            row: dict[str, Any] = {}
            for name, alone, nested in steps:
                if alone:
                    row[name], at = alone(data, at)
                else:
                    row[name], at = nested(data, at, room, depth + 1)  # type: ignore[misc]  # one of the two is there
            return row, at

        made = self.records[id(kind)] = ValueReader(None, read)
        for name, inner in kind.fields:
            text = name == text_field and _is_text(inner)
            steps.append((name, *(ValueReader(reader_of(inner, False)) if text else self.of(inner))))
        return made

    def _union(self, members: list[ValueReader], kind: AvroType) -> ValueReader:
        alone = [member.alone for member in members]

        def read_alone(data: bytes, at: int) -> tuple[Any, int]:
            number, at = read_branch(kind, data, at)
            return alone[number](data, at)  # type: ignore[misc]  # every one is there

        def read(data: bytes, at: int, room: Room, depth: int) -> tuple[Any, int]:
            number, at = read_branch(kind, data, at)
            if one := alone[number]:
                return one(data, at)
            return members[number].nested(data, at, room, depth)  # type: ignore[misc]  # one of the two is there

        return ValueReader(read_alone) if all(alone) else ValueReader(None, read)

    def _members(self, kind: AvroType) -> ValueReader:
        alone, nested = self.of(kind.members[0])
        keyed = kind.kind == "map"

        def read(data: bytes, at: int, room: Room, depth: int) -> tuple[Any, int]:
            if depth > DEEPEST_ROW:
                raise OversizedRow("record-too-deep")
            keys: list[str] = []
            values: list[Any] = []
            while count := (found := read_long(data, at))[0]:
                at = found[1]
                if count < 0:
                    count, (_, at) = -count, read_long(data, at)
                room.take(count)
                for _ in range(count):
                    if keyed:
                        key, at = read_packed(data, at)
                        keys.append(key.decode("utf-8", "replace"))
                    value, at = alone(data, at) if alone else nested(data, at, room, depth + 1)  # type: ignore[misc]
                    values.append(value)
            return (dict(zip(keys, values, strict=True)) if keyed else values), found[1]

        return ValueReader(None, read)
