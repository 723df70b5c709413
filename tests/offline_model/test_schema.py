"""A user's own use case has a form of its own: what the offline model makes up validates against its schema."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from persona_hub.transforms.offline_model.draw import Draw
from persona_hub.transforms.offline_model.schema import instance


def made(schema: Any, number: int = 0) -> Any:
    return instance(schema, Draw("a persona", number=number), lambda name: f"a text on {name}")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": None}, None),
        ({"enum": ["only"]}, "only"),
        ({"type": "integer", "minimum": 7, "maximum": 7}, 7),
        ({"type": "integer", "exclusiveMinimum": 6, "exclusiveMaximum": 8}, 7),
        ({"type": "string", "maxLength": 6}, "a text"),
        ({"type": "string", "minLength": 30}, "a text on " + 3 * " a text on "),
        ({"properties": {"b": {}}}, {"b": "a text on .b"}),
        ({"required": ["x"], "type": "object"}, {"x": "a text on .x"}),
        ({"type": "array", "items": {"const": 1}, "maxItems": 1}, [1]),
        ({"type": "array", "items": {"const": 1}, "minItems": 3, "maxItems": 9}, [1, 1, 1]),
        ({"anyOf": [{"const": 3}, {"const": 4}], "type": "integer"}, 3),
        ({"type": ["null", "string"]}, None),
        ({"$defs": {"a": {"const": 1}}, "type": "object", "properties": {"x": {"$ref": "#/$defs/a"}}}, {"x": 1}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bounds_and_forms_by_example(schema: Any, value: Any) -> None:
    assert made(schema) == value


TREE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "score": {"type": "integer", "minimum": 3, "maximum": 7},
        "ok": {"type": "boolean"},
        "children": {"type": "array", "items": {"$ref": "#"}},
    },
    "required": ["name"],
}


def test_whatever_the_number_the_value_is_allowed() -> None:
    for number in range(5):
        jsonschema.validate(made(TREE, number), TREE)
    assert made(TREE) == made(TREE)
