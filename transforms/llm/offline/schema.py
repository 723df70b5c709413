"""A value that validates against a JSON schema, its texts taken from a persona."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transforms.llm.offline.samples import Subject


def instance(schema: dict[str, Any], subject: Subject, name: str = "") -> Any:
    """A value of the type that `schema` wants."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return subject.draw.pick(name, schema["enum"])
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        return {key: instance(part, subject, f"{name}.{key}") for key, part in schema.get("properties", {}).items()}
    if kind == "array":
        count = max(schema.get("minItems", 2), 1)
        return [instance(schema.get("items", {}), subject, f"{name}[{i}]") for i in range(count)]
    if kind in ("integer", "number"):
        low = schema.get("minimum", 1)
        return low + subject.draw.whole(name, int(schema.get("maximum", low + 20) - low) + 1)
    if kind == "boolean":
        return bool(subject.draw.whole(name, 2))
    if kind == "null":
        return None
    return f"{subject.p}: {subject.draw.pick(name, subject.field.aims)}"
