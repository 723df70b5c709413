"""Tools as the offline model makes them up: a function as JSON Schema, one that computes, and calls of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from persona_hub.transforms.offline_model.draw import Draw

WHOLE_NUMBER_ENDINGS = ("max_words", "period_days", "days", "limit", "count", "number")  # endings of names
NUMBER_ENDINGS = ("threshold", "rate", "share", "amount")
LIST_ENDINGS = ("documents", "criteria", "items", "sources")
EXAMPLE_VALUES: Mapping[str, Sequence[Any]] = {"integer": (7, 30), "number": (0.5, 12.5)}
WEIGHTED = """\
def {name}(amounts, weight):
    total = 0
    for amount in amounts:
        total += amount * weight
    return total
"""
WEIGHTED_TESTS = """\
assert {name}([1, 2, 3], {weight}) == {six}
assert {name}([], {weight}) == 0
assert {name}([10], {weight}) == {ten}
assert {name}([4, -4], {weight}) == 0
"""


def parameters_of(names: Sequence[str], matter: str) -> dict[str, Any]:
    """The JSON Schema of parameters of these names; the first is required."""
    return {
        "type": "object",
        "properties": {name: {**type_of(name), "description": f"{name.replace('_', ' ')}: {matter}"} for name in names},
        "required": list(names[:1]),
    }


def type_of(name: str) -> dict[str, Any]:
    """The type that a parameter's name speaks of."""
    if name.endswith(WHOLE_NUMBER_ENDINGS):
        return {"type": "integer", "minimum": 1}
    if name.endswith(NUMBER_ENDINGS):
        return {"type": "number"}
    if name.endswith(LIST_ENDINGS):
        return {"type": "array", "items": {"type": "string"}}
    return {"type": "string"}


def example_calls(parameters: Mapping[str, Any], requests: Sequence[str], matter: str) -> list[dict[str, Any]]:
    """A call for each request: with all parameters, and then with those that are required."""
    calls = []
    for number, request in enumerate(requests):
        wanted = parameters["required"] if number % 2 else list(parameters["properties"])
        calls.append(
            {
                "request": request,
                "arguments": {name: argument(parameters["properties"][name], matter, number) for name in wanted},
            }
        )
    return calls


def argument(schema: Mapping[str, Any], matter: str, number: int) -> Any:
    """A value that a parameter takes."""
    if schema["type"] in EXAMPLE_VALUES:
        return EXAMPLE_VALUES[schema["type"]][number % 2]
    return [matter] if schema["type"] == "array" else matter


def weighted_sum(noun: str, matter: str, draw: Draw) -> dict[str, Any]:
    """A function that computes, with its implementation and tests."""
    name, weight = f"weigh_{noun}", 2 + draw.whole("weight", 7)
    properties = {
        "amounts": {"type": "array", "items": {"type": "number"}, "description": f"amounts: {matter}"},
        "weight": {"type": "number", "description": f"weight: {matter}"},
    }
    return {
        "name": name,
        "parameters": {"type": "object", "properties": properties, "required": ["amounts", "weight"]},
        "implementation": WEIGHTED.format(name=name),
        "tests": WEIGHTED_TESTS.format(name=name, weight=weight, six=6 * weight, ten=10 * weight),
    }
