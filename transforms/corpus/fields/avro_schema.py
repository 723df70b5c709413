"""The schema of an Avro file -> types whose names are resolved. No reader of a library: those read every field, or die.

A record that holds itself may be nested so deep that a recursive reader ends the process, and an array of nulls has as
many members as its count says, in no bytes at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
SIZES = {"null": 0, "boolean": 1, "float": 4, "double": 8}
TIMES = frozenset(
    f"{kind}-{unit}" for kind in ("time", "timestamp", "local-timestamp") for unit in ("millis", "micros", "nanos")
) | {"date", "duration"}
DEEPEST_SCHEMA = 100  # types within types, as they are written in it


class SchemaError(ValueError):
    """A schema that is none."""


@dataclass
class AvroType:
    """A type, its name resolved."""

    kind: str  # a primitive, "record", "array", "map", "union", "enum" or "fixed"
    fields: list[tuple[str, AvroType]] = field(default_factory=list)  # of a record
    members: list[AvroType] = field(default_factory=list)  # of a union; of an array or a map the one of its members
    symbols: list[str] = field(default_factory=list)  # of an enum
    size: int = -1  # bytes, if all values have as many
    logical: str = ""
    scale: int = 0  # digits after the point, of a decimal


def resolve_schema(schema: Any) -> AvroType:
    """The type that a schema describes. Raises SchemaError."""
    return _resolve(schema, "", {}, 0)


def _resolve(schema: Any, namespace: str, named: dict[str, AvroType], depth: int) -> AvroType:
    if depth > DEEPEST_SCHEMA:
        raise SchemaError(f"types are nested more than {DEEPEST_SCHEMA} deep")
    if isinstance(schema, str):
        return _by_name(schema, namespace, named)
    if isinstance(schema, list):
        return AvroType("union", members=[_resolve(one, namespace, named, depth + 1) for one in schema])
    if not isinstance(schema, Mapping) or "type" not in schema:
        raise SchemaError(f"{schema!r:.80} is no type")
    kind = schema["type"]
    if kind in ("array", "map"):
        inner = schema.get("items" if kind == "array" else "values")
        return AvroType(kind, members=[_resolve(inner, namespace, named, depth + 1)])
    if kind not in ("record", "error", "enum", "fixed"):
        found = _resolve(kind, namespace, named, depth + 1)
        return _logical(found, schema) if isinstance(kind, str) and kind in PRIMITIVES else found
    name = str(schema.get("name", ""))
    full = name if "." in name else f"{schema.get('namespace', namespace)}.{name}"
    made = named[full] = AvroType("record" if kind == "error" else kind)
    if kind == "enum":
        made.symbols = [str(symbol) for symbol in schema.get("symbols", ())]
    elif kind == "fixed":
        made.size = int(schema.get("size", -1))
        if made.size < 0:
            raise SchemaError(f"{name!r:.80} has no size")
        return _logical(made, schema)
    else:
        inside = full.rpartition(".")[0]
        for one in schema.get("fields", ()):
            made.fields.append((str(one["name"]), _resolve(one.get("type"), inside, named, depth + 1)))
        if all(inner.size >= 0 for _, inner in made.fields):  # a record that holds itself has no size yet
            made.size = sum(inner.size for _, inner in made.fields)
    return made


def _by_name(name: str, namespace: str, named: Mapping[str, AvroType]) -> AvroType:
    if name in PRIMITIVES:
        return AvroType(name, size=SIZES.get(name, -1))
    found = named.get(name) or named.get(f"{namespace}.{name}") or named.get(f".{name}")
    if not found:
        raise SchemaError(f"type {name!r:.80} is not known")
    return found


def _logical(made: AvroType, schema: Mapping[str, Any]) -> AvroType:
    made.logical = str(schema.get("logicalType", ""))
    scale = schema.get("scale", 0)
    made.scale = scale if isinstance(scale, int) and 0 <= scale <= 10_000 else 0
    return made
