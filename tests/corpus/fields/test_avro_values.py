"""Records of Avro: what is wanted is read as fastavro reads it, and what is not cannot lose a row."""

from __future__ import annotations

import io
import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Damage, TextRecord
from persona_hub.transforms.corpus.fields.avro_schema import SchemaError, resolve_schema
from persona_hub.transforms.corpus.fields.avro_values import ValueFault, record_reader, skip_value
from tests.corpus.writing import found_in
from tests.material.tables.avro_bytes import (
    TREE,
    file_of,
    packed,
    plain_types,
    schema_of,
    string,
    types,
    values_of_type,
)

ID = uuid.UUID("0f8fad5b-d9cb-469f-a165-70867728950e")


def found(path: Path, schema: Any, *records: bytes) -> list[CorpusRecord]:
    return found_in(file_of(path / "x.avro", schema, *records))


@given(st.data(), st.lists(types, max_size=5))
def test_what_is_not_wanted_is_passed_over_whatever_its_type(data: st.DataObject, kinds: list[Any]) -> None:
    fields = {f"f{i}": kind for i, kind in enumerate(kinds)}
    schema = schema_of(**fields, text="string")
    row = {name: data.draw(values_of_type(kind)) for name, kind in fields.items()} | {"text": "caf\u00e9"}
    sink = io.BytesIO()
    fastavro.schemaless_writer(sink, schema, row)
    record = resolve_schema(schema)
    got, end = record_reader(record, ["text"], [])(sink.getvalue(), 0)
    assert (got, end) == ({"text": "caf\u00e9".encode()}, len(sink.getvalue()))
    assert skip_value(record, sink.getvalue(), 0) == end


@given(st.data(), plain_types)
def test_what_is_wanted_is_read_as_fastavro_reads_it(data: st.DataObject, kind: Any) -> None:
    value = data.draw(values_of_type(kind))
    sink = io.BytesIO()
    fastavro.schemaless_writer(sink, schema_of(url=kind), {"url": value})
    assert record_reader(resolve_schema(schema_of(url=kind)), [], ["url"])(sink.getvalue(), 0)[0] == {"url": value}


@pytest.mark.parametrize(
    ("kind", "value", "source"),
    [
        ({"type": "string", "logicalType": "uuid"}, str(ID), str(ID)),
        ({"type": "fixed", "name": "F", "size": 16, "logicalType": "uuid"}, ID.bytes, str(ID)),
        ({"type": "fixed", "name": "F", "size": 16}, ID.bytes, str(ID)),
        ("bytes", b"doc-7", "doc-7"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 0}, Decimal(10**30), "1" + "0" * 30),
        ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, Decimal("-12.50"), "-12.50"),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, "b", "b"),
        (["null", "long", "string"], 7, "7"),
        ("double", 5.0, "5.0"),
        ({"type": "array", "items": "string"}, ["a"], "a"),
        (["null", {"type": "array", "items": ["null", "string"]}], [None, "a"], "a"),
        ({"type": "array", "items": "null"}, [None], ""),
        ({"type": "map", "values": "string"}, {"a": "b"}, ""),
        (TREE, {"below": {"below": None}}, ""),
        ("boolean", True, ""),
        ({"type": "long", "logicalType": "timestamp-micros"}, 2**62, ""),
    ],
)
def test_a_field_of_any_type_names_the_source(tmp_path: Path, kind: Any, value: Any, source: str) -> None:
    schema = schema_of(url=kind, text="string")
    sink = io.BytesIO()
    fastavro.schemaless_writer(sink, json.loads(json.dumps(schema)), {"url": value, "text": "x"})
    assert found(tmp_path, schema, sink.getvalue()) == [TextRecord("record 1", source, "x")]


def test_a_list_has_all_its_addresses_in_whatever_blocks(tmp_path: Path) -> None:
    blocks = packed(-1) + packed(2) + string("a") + packed(2) + string("b") + string("c") + packed(0)
    schema = schema_of(url={"type": "array", "items": "string"}, text="string")
    assert found(tmp_path, schema, blocks + string("x")) == [TextRecord("record 1", "a", "x", ("b", "c"))]


@pytest.mark.parametrize("logical", ["date", "timestamp-millis", "timestamp-micros", "local-timestamp-micros"])
def test_a_time_that_cannot_be_loses_nothing(tmp_path: Path, logical: str) -> None:
    kind = "int" if logical == "date" else "long"
    schema = schema_of(
        at={"type": kind, "logicalType": logical}, id={"type": kind, "logicalType": logical}, text="string"
    )
    record = packed(-(2**31)) + packed(2**31 - 1) + string("x")
    assert found(tmp_path, schema, record, record) == [TextRecord(f"record {i}", "", "x") for i in (1, 2)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ({"type": "array", "items": "null"}, packed(2**40) + packed(0)),
        ({"type": "map", "values": "null"}, packed(1) + string("k") + packed(0)),
        ({"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}}, packed(2**62) + packed(0)),
        ({"type": "array", "items": {"type": "record", "name": "N", "fields": []}}, packed(2**62) + packed(0)),
        (TREE, packed(1) * 10_000 + packed(0)),
    ],
    ids=["nulls", "map", "empty fixed", "empty records", "10,000 deep"],
)
@pytest.mark.parametrize("name", ["unread", "url", "content"])
def test_what_a_few_bytes_unfold_to_is_never_made(tmp_path: Path, kind: Any, value: bytes, name: str) -> None:
    schema = schema_of(**{name: kind}, text="string")
    assert found(tmp_path, schema, value + string("x")) == [TextRecord("record 1", "", "x")]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ({"type": "record", "name": "Self", "fields": [{"name": "again", "type": "Self"}]}, b""),
        ({"type": "array", "items": "string"}, packed(2**40)),
        ({"type": "map", "values": "null"}, packed(2**40)),
        (["null", "string"], packed(2)),
        ("long", b"\xff" * 11),
        ("string", packed(-5)),
        ("string", packed(2**50)),
        ({"type": "fixed", "name": "F", "size": 10**20}, b""),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, packed(7)),
    ],
)
@pytest.mark.parametrize("name", ["unread", "url"])
def test_a_value_that_cannot_be_is_damage(tmp_path: Path, kind: Any, value: bytes, name: str) -> None:
    if name == "unread" and isinstance(kind, dict) and kind["type"] == "enum":
        return  # a number of no symbol, in a field that nobody reads
    (damage,) = found(tmp_path, schema_of(**{name: kind}, text="string"), value + string("x"))
    assert isinstance(damage, Damage)
    assert damage.reason == "avro-damaged"


def test_metadata_of_any_charset_are_no_damage(tmp_path: Path) -> None:
    metadata = string(b"caf\xe9") + string(b"\xff\xfe\x00")
    path = file_of(tmp_path / "x.avro", schema_of(text="string"), string("x"), metadata=metadata)
    assert found_in(path) == [TextRecord("record 1", "", "x")]


@pytest.mark.parametrize(
    "schema",
    [
        "Unknown",
        {"type": "array"},
        {"type": "fixed", "name": "F"},
        {"name": "R"},
        None,
        json.loads('{"type": "array", "items": ' * 500 + '"null"' + "}" * 500),
    ],
    ids=["unknown", "no items", "no size", "no type", "null", "500 deep"],
)
def test_a_schema_that_is_none_is_refused(schema: Any) -> None:
    with pytest.raises(SchemaError):
        resolve_schema(schema)


def test_names_are_resolved_in_their_namespace() -> None:
    inner = {"type": "record", "name": "In", "namespace": "b", "fields": [{"name": "n", "type": "long"}]}
    schema = {
        "type": "record",
        "name": "a.Row",
        "fields": [{"name": "x", "type": inner}, {"name": "y", "type": "b.In"}, {"name": "text", "type": "string"}],
    }
    read = record_reader(resolve_schema(schema), ["text"], [])
    assert read(packed(7) + packed(8) + string("x"), 0)[0] == {"text": b"x"}
    with pytest.raises((ValueFault, IndexError)):
        read(packed(7) + packed(8) + packed(9), 0)
