"""Avro by the byte: files of records that no writer would make, and values of any type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

MARKER = bytes(range(16))
TREE = {"type": "record", "name": "Tree", "fields": [{"name": "below", "type": ["null", "Tree"]}]}


def schema_of(**types: Any) -> dict[str, Any]:
    return {"type": "record", "name": "Row", "fields": [{"name": name, "type": kind} for name, kind in types.items()]}


def packed(number: int) -> bytes:
    """A number as Avro has it."""
    number, out = (number << 1) ^ (number >> 63), b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def string(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return packed(len(data)) + data


def file_of(path: Path, schema: Any, *records: bytes, metadata: bytes = b"") -> Path:
    """A file whose records stand there as they are."""
    entries = string("avro.schema") + string(json.dumps(schema))
    head = b"Obj\x01" + packed(2 if metadata else 1) + entries + metadata + packed(0) + MARKER
    body = b"".join(records)
    path.write_bytes(head + packed(len(records)) + packed(len(body)) + body + MARKER)
    return path


plain_types: st.SearchStrategy[Any] = st.sampled_from(
    ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
)
types: st.SearchStrategy[Any] = st.recursive(
    plain_types,
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(lambda values: {"type": "map", "values": values}, inner)
        | st.builds(lambda kind: ["null", kind], plain_types.filter(lambda kind: kind != "null"))
    ),
    max_leaves=4,
)


def values_of_type(kind: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, list):
        return st.none() | values_of_type(kind[1])
    if isinstance(kind, dict):
        inner = values_of_type(kind.get("items", kind.get("values")))
        return st.lists(inner, max_size=3) if kind["type"] == "array" else st.dictionaries(st.text(), inner, max_size=3)
    return {
        "null": st.none(),
        "boolean": st.booleans(),
        "int": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "float": st.floats(width=32, allow_nan=False),
        "double": st.floats(allow_nan=False),
        "bytes": st.binary(max_size=9),
        "string": st.text(st.characters(codec="utf-8"), max_size=9),
    }[kind]
