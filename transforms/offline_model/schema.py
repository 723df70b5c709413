"""A value that validates against a JSON schema, as far as types, enums, bounds and references of its own go."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from persona_hub.transforms.offline_model.draw import Draw

DEEPEST = 6  # a schema that refers to itself ends in its simplest values
FORMATS = {
    "date": "2024-05-17",
    "date-time": "2024-05-17T09:30:00Z",
    "time": "09:30:00Z",
    "email": "nobody@example.org",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
Text = Callable[[str], str]  # a text for the field of that name


def instance(schema: Any, draw: Draw, text: Text, name: str = "", root: Any = None, depth: int = 0) -> Any:
    """A value that `schema` allows, the same for the same `draw`."""
    root = schema if root is None else root
    if not isinstance(schema, Mapping):  # `true` allows anything
        return text(name)
    for key in ("$ref", "allOf", "anyOf", "oneOf"):
        if key in schema:
            return instance(resolved(schema, key, root), draw, text, name, root, depth)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return draw.pick(name, schema["enum"])
    kind = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else "string")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind == "object":
        wanted = schema.get("properties", {}) if depth < DEEPEST else {}
        required = {key: schema.get("properties", {}).get(key, {}) for key in schema.get("required", ())}
        parts = {**wanted, **required}
        return {key: instance(part, draw, text, f"{name}.{key}", root, depth + 1) for key, part in parts.items()}
    if kind == "array":
        return items(schema, draw, text, name, root, depth)
    if kind in ("integer", "number"):
        return number(schema, draw, name)
    if kind == "boolean":
        return bool(draw.whole(name, 2))
    return None if kind == "null" else string(schema, text(name))


def resolved(schema: Mapping[str, Any], key: str, root: Any) -> Any:
    """The schema that a reference or a combination leads to."""
    rest = {name: value for name, value in schema.items() if name != key}
    if key == "$ref":
        target = root
        for step in schema["$ref"].removeprefix("#").strip("/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")] if step else target
        return target
    if key != "allOf":
        return {**rest, **schema[key][0]}
    merged: dict[str, Any] = dict(rest)
    for part in schema[key]:
        properties = {**merged.get("properties", {}), **part.get("properties", {})}
        required = [*merged.get("required", ()), *part.get("required", ())]
        merged.update(part)
        if properties:
            merged["properties"] = properties
        merged["required"] = required
    return merged


def items(schema: Mapping[str, Any], draw: Draw, text: Text, name: str, root: Any, depth: int) -> list[Any]:
    """Two items, or as many as must be."""
    count = min(max(schema.get("minItems", 0), 2 if depth < DEEPEST else 0), schema.get("maxItems", 1000))
    made: list[Any] = []
    for i in range(count * (9 if schema.get("uniqueItems") else 1)):
        item = instance(schema.get("items", {}), draw, text, f"{name}.{i}", root, depth + 1)
        if not (schema.get("uniqueItems") and item in made):
            made.append(item)
        if len(made) == count:
            break
    return made


def number(schema: Mapping[str, Any], draw: Draw, name: str) -> float:
    """A whole number within the bounds; where none lies between them, their middle."""
    step = max(1, math.ceil(schema.get("multipleOf", 1)))
    lows = [math.ceil(schema["minimum"])] if "minimum" in schema else []
    lows += [math.floor(schema["exclusiveMinimum"]) + 1] if "exclusiveMinimum" in schema else []
    highs = [math.floor(schema["maximum"])] if "maximum" in schema else []
    highs += [math.ceil(schema["exclusiveMaximum"]) - 1] if "exclusiveMaximum" in schema else []
    low = max(lows) if lows else min(highs) - 100 * step if highs else 0
    high = min(highs) if highs else low + 100 * step
    first, last = math.ceil(low / step), high // step
    if first <= last:
        return step * (first + draw.whole(name, last - first + 1))
    bounds = [schema[key] for key in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum") if key in schema]
    return float(sum(bounds) / len(bounds))


def string(schema: Mapping[str, Any], text: str) -> str:
    """`text`, cut or lengthened to the bounds; the usual formats have a fixed value."""
    fixed = FORMATS.get(schema.get("format", ""))
    if fixed:
        return fixed
    while len(text) < schema.get("minLength", 0):
        text = f"{text} {text}"
    return text[: schema.get("maxLength", len(text))]
