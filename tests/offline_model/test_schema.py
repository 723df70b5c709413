"""A user's own use case may want any form: what the offline model makes up validates against its schema."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.offline_model.draw import Draw
from persona_hub.transforms.offline_model.schema import FORMATS, instance

names = st.sampled_from(["name", "steps", "score", "größe", "a/b"])


@st.composite
def whole_numbers(draw: st.DrawFn) -> dict[str, Any]:
    low, room = draw(st.integers(-50, 50)), draw(st.integers(0, 9))
    bounds = draw(
        st.lists(st.sampled_from(["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"]), unique=True)
    )
    values = {"minimum": low, "exclusiveMinimum": low - 1, "maximum": low + room, "exclusiveMaximum": low + room + 1}
    return {"type": draw(st.sampled_from(["integer", "number"])), **{bound: values[bound] for bound in bounds}}


@st.composite
def texts(draw: st.DrawFn) -> dict[str, Any]:
    least, room = draw(st.integers(0, 90)), draw(st.integers(0, 60))
    bounds = draw(
        st.sampled_from([{}, {"minLength": least}, {"maxLength": room}, {"minLength": least, "maxLength": least}])
    )
    return {"type": "string", **bounds}


simple = st.one_of(
    whole_numbers(),
    texts(),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({"type": ["null", "integer"]}),
    st.just({"const": {"deep": [1]}}),
    st.lists(st.text(max_size=5) | st.integers() | st.none(), min_size=1, max_size=4).map(lambda v: {"enum": v}),
    st.sampled_from(sorted(FORMATS)).map(lambda name: {"type": "string", "format": name}),
)


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    parts = draw(st.dictionaries(names, inner, max_size=4))
    required = draw(st.lists(st.sampled_from(sorted(parts)), unique=True)) if parts else []
    return {"type": "object", "properties": parts, "required": required, "additionalProperties": False}


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    least = draw(st.integers(0, 4))
    return {"type": "array", "items": draw(inner), "minItems": least, "maxItems": least + draw(st.integers(0, 3))}


schemas = st.recursive(
    simple,
    lambda inner: (
        objects(inner)
        | arrays(inner)
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts})
        | st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"oneOf": [parts[0]]})
    ),
    max_leaves=8,
)


def made(schema: Any, number: int = 0) -> Any:
    return instance(schema, Draw("a persona", number=number), lambda name: f"a text on {name}")


@given(schema=schemas, number=st.integers(0, 5))
def test_whatever_the_schema_the_value_is_allowed(schema: dict[str, Any], number: int) -> None:
    jsonschema.validate(made(schema, number), schema)
    assert made(schema, number) == made(schema, number)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "number", "minimum": 0.1, "maximum": 0.9}, 0.5),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": 6, "maximum": 7}, 7),
        ({"type": "integer", "maximum": 9, "exclusiveMaximum": 4, "minimum": 3}, 3),
        ({"type": "integer", "multipleOf": 7, "minimum": 15, "maximum": 27}, 21),
        ({"type": "integer", "minimum": -3.5, "maximum": -2.5}, -3),
        ({"const": None}, None),
        ({"enum": ["only"]}, "only"),
        ({"type": "string", "maxLength": 6}, "a text"),
        ({"type": "string", "minLength": 30}, "a text on " + 3 * " a text on "),
        (True, "a text on "),
        ({"properties": {"b": {}}}, {"b": "a text on .b"}),
        ({"items": {"const": 1}}, [1, 1]),
        ({"type": "array", "items": {"const": 1}, "maxItems": 1}, [1]),
        ({"required": ["x"], "type": "object"}, {"x": "a text on .x"}),
        ({"anyOf": [{"const": 3}, {"const": 4}], "type": "integer"}, 3),
        ({"type": ["null", "boolean"], "const": False}, False),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bounds_and_forms_by_example(schema: Any, value: Any) -> None:
    assert made(schema) == value


def test_references_are_followed_with_their_escapes() -> None:
    schema = {
        "$defs": {"a/b": {"const": 1}, "c~d": {"const": 2}, "e": {"$ref": "#/$defs/c~0d"}},
        "type": "object",
        "properties": {"x": {"$ref": "#/$defs/a~1b"}, "y": {"$ref": "#/$defs/e"}},
    }
    assert made(schema) == {"x": 1, "y": 2}


def test_a_schema_of_itself_ends() -> None:
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#"}}, "parent": {"$ref": "#"}},
        "required": [],
    }
    value = made(tree)
    jsonschema.validate(value, tree)
    depth, node = 0, value
    while node:
        depth, node = depth + 1, node.get("parent")
    assert 3 <= depth <= 8


def test_unique_items_differ() -> None:
    schema = {"type": "array", "items": {"enum": list(range(5))}, "uniqueItems": True, "minItems": 3}
    for number in range(10):
        jsonschema.validate(made(schema, number), schema)


def test_parts_of_all_of_are_merged() -> None:
    schema = {
        "allOf": [
            {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]},
            {"properties": {"b": {"type": "integer", "minimum": 4, "maximum": 4}}, "required": ["b"]},
        ],
        "properties": {"c": {"const": 3}},
    }
    assert made(schema) == {"a": 1, "b": 4, "c": 3}
