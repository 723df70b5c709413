"""Whole records of Avro: as fastavro reads them, but for those that unfold to too much, after which it goes on."""

from __future__ import annotations

import datetime
import io
import json
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.corpus.fields.avro_rows import row_reader
from persona_hub.transforms.corpus.fields.avro_schema import resolve_schema
from persona_hub.transforms.corpus.fields.avro_values import ValueFault
from persona_hub.transforms.corpus.fields.row_bounds import MOST_VALUES, OversizedRow
from tests.material.tables.avro_bytes import TREE, packed, schema_of, string, types, values_of_type

LIMIT = 1 << 20  # bytes of a record


def rows_in(schema: Any, data: bytes, text_field: str = "text") -> list[Any]:
    read, at, rows = row_reader(resolve_schema(schema), text_field, LIMIT), 0, []
    while at < len(data):
        row, at = read(data, at)
        rows.append(row.reason if isinstance(row, OversizedRow) else row)
    return rows


def written(schema: Any, row: dict[str, Any]) -> bytes:
    sink = io.BytesIO()
    fastavro.schemaless_writer(sink, json.loads(json.dumps(schema)), row)
    return sink.getvalue()


@given(st.data(), st.lists(types, max_size=5))
def test_rows_are_read_as_fastavro_reads_them(data: st.DataObject, kinds: list[Any]) -> None:
    fields = {f"f{i}": kind for i, kind in enumerate(kinds)}
    schema = schema_of(**fields, last="string")
    row = {name: data.draw(values_of_type(kind)) for name, kind in fields.items()} | {"last": "x"}
    packed_row = written(schema, row)
    wanted = fastavro.schemaless_reader(io.BytesIO(packed_row), schema, None)
    assert rows_in(schema, packed_row * 2) == [wanted] * 2


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ({"type": "int", "logicalType": "date"}, datetime.date(2024, 2, 29)),
        ({"type": "long", "logicalType": "timestamp-millis"}, datetime.datetime(2024, 2, 29, 1, tzinfo=datetime.UTC)),
        (["null", {"type": "long", "logicalType": "local-timestamp-micros"}], datetime.datetime(2024, 2, 29, 1, 2, 3)),
        ({"type": "long", "logicalType": "time-micros"}, datetime.time(1, 2, 3, 4)),
        ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, Decimal("-12.50")),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, "b"),
        ({"type": "fixed", "name": "F", "size": 2}, b"ab"),
        (TREE, {"below": {"below": {"below": None}}}),
        (["null", {"type": "array", "items": ["null", TREE]}], [None, {"below": None}]),
        ({"type": "map", "values": {"type": "map", "values": "long"}}, {"a": {"b": 1}, "c": {}}),
    ],
)
def test_values_keep_their_type(kind: Any, value: Any) -> None:
    schema = schema_of(field=kind, last="string")
    assert rows_in(schema, written(schema, {"field": value, "last": "x"})) == [{"field": value, "last": "x"}]


def test_an_array_may_say_how_long_its_blocks_are() -> None:
    blocks = packed(-1) + packed(2) + string("a") + packed(2) + string("b") + string("c") + packed(0)
    schema = schema_of(field={"type": "array", "items": "string"}, last="string")
    assert rows_in(schema, blocks + string("x")) == [{"field": ["a", "b", "c"], "last": "x"}]


@pytest.mark.parametrize("kind", ["string", ["null", "string"]])
def test_a_text_comes_as_bytes_and_other_strings_cannot_be_wrong(kind: Any) -> None:
    wrong = string(b"caf\xe9")
    schema = schema_of(text=kind, other="string")
    data = (packed(1) if isinstance(kind, list) else b"") + wrong + wrong
    assert rows_in(schema, data) == [{"text": b"caf\xe9", "other": "caf\ufffd"}]


def test_a_time_that_cannot_be_stays_a_number() -> None:
    schema = schema_of(at={"type": "long", "logicalType": "timestamp-micros"}, last="string")
    assert rows_in(schema, packed(2**62) + string("x")) == [{"at": 2**62, "last": "x"}]


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (TREE, packed(1) * 10_000 + packed(0), "record-too-deep"),
        ({"type": "array", "items": "null"}, packed(2**40) + packed(0), "record-too-large"),
        ({"type": "map", "values": "null"}, packed(-MOST_VALUES - 1) + packed(0) + packed(0), "record-too-large"),
        (
            {"type": "array", "items": schema_of(**{f"n{i}": "null" for i in range(100)})},
            packed(MOST_VALUES // 50) + packed(0),
            "record-too-large",
        ),
        ("bytes", string(bytes(LIMIT)), "record-too-large"),
        ({"type": "bytes", "logicalType": "decimal"}, string(bytes(5000)), "record-too-large"),
    ],
    ids=["10,000 deep", "2^40 nulls", "keys", "records of nulls", "bytes", "digits"],
)
def test_a_row_that_unfolds_to_too_much_is_named_and_the_next_is_read(kind: Any, value: bytes, reason: str) -> None:
    schema = schema_of(field=kind, last="string")
    if isinstance(kind, dict) and kind["type"] == "array" and isinstance(kind["items"], dict):
        kind["items"]["name"] = "Inner"
    row = value + string("x")
    assert rows_in(schema, row + row) == [reason, reason]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ({"type": "array", "items": "string"}, packed(1000)),
        (["null", "string"], packed(2)),
        ("string", packed(-5)),
        ({"type": "fixed", "name": "F", "size": 9}, b""),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, packed(7)),
    ],
)
def test_a_row_that_cannot_be_is_a_fault(kind: Any, value: bytes) -> None:
    with pytest.raises((ValueFault, IndexError)):
        rows_in(schema_of(field=kind, last="string"), value + string("x"))
