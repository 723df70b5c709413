"""A value that validates against the JSON schema of a user's own use case, as far as its usual keywords go."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from persona_hub.transforms.offline_model.draw import Draw

NESTING = 6  # a schema that refers to itself ends in its simplest values


def instance(
    schema: Mapping[str, Any], draw: Draw, text: Callable[[str], str], name: str = "", root: Any = None
) -> Any:
    """A value that `schema` allows, the same for the same `draw`; `text` gives one for the field of that name."""
    root = root or schema
    schema = resolved(schema, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return draw.pick(name, schema["enum"])
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    deep = name.count(".") >= NESTING
    match kind:
        case "object":
            parts = schema.get("properties", {})
            wanted = schema.get("required", ()) if deep else [*parts, *schema.get("required", ())]
            return {key: instance(parts.get(key, {}), draw, text, f"{name}.{key}", root) for key in wanted}
        case "array":
            count = min(max(schema.get("minItems", 0), 0 if deep else 2), schema.get("maxItems", 2))
            return [instance(schema.get("items", {}), draw, text, f"{name}.{i}", root) for i in range(count)]
        case "integer" | "number":
            low = math.ceil(schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1))
            high = math.floor(schema.get("maximum", schema.get("exclusiveMaximum", low + 101) - 1))
            return low + draw.whole(name, max(1, high - low + 1))
        case "boolean":
            return bool(draw.whole(name, 2))
        case "null":
            return None
    words = text(name)
    while len(words) < schema.get("minLength", 0):
        words = f"{words} {words}"
    return words[: schema.get("maxLength")]


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """`schema` without references and choices: those lead to what they name, and to their first part."""
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return resolved({name: value for name, value in schema.items() if name != key} | schema[key][0], root)
    if "$ref" not in schema:
        return schema
    target = root
    for step in schema["$ref"].removeprefix("#").split("/")[1:]:
        target = target[step]
    return resolved(target, root)
