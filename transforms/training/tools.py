"""The functions and example calls in samples of `tool`, in the form that chat templates take."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

CALLS = ("calls", "example_calls", "examples")  # fields that hold example calls
QUESTION_NAMES = (
    "request",
    "question",
    "user",
    "message",
    "instruction",
    "query",
    "prompt",
    "utterance",
    "description",
)
ARGUMENTS = ("arguments", "args", "parameters", "input")
NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}


@dataclass(frozen=True)
class ToolCall:
    """A call of a function, and the question that it helps to answer."""

    name: str
    arguments: Mapping[str, Any]
    question: str
    function: Mapping[str, Any]  # {"type": "function", "function": {name, description, parameters}}


def example_calls(fields: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    """The example calls of a tool that say what was asked; none of other samples."""
    function = function_in(fields)
    listed = next((value for name in CALLS if isinstance(value := fields.get(name), list)), [])
    if not function:
        return ()
    return tuple(call for one in listed if (call := call_in(one, function)))


def function_in(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The function of a tool as chat templates take it, empty where there is none.

    It is the fields themselves, or one of them.
    """
    found = as_mapping(fields.get("function")) or (fields if "parameters" in fields else {})
    found = as_mapping(found.get("function")) or found
    name = found.get("name")
    if not isinstance(name, str) or not name:
        return {}
    parameters = as_mapping(found.get("parameters")) or NO_PARAMETERS
    described = {"name": name, "description": str(found.get("description") or ""), "parameters": parameters}
    return {"type": "function", "function": described}


def call_in(value: Any, function: Mapping[str, Any]) -> ToolCall | None:
    """One example call; None for what has no question or no arguments."""
    example = as_mapping(value)
    question = next(
        (text for name in QUESTION_NAMES if isinstance(text := example.get(name), str) and text.strip()), ""
    )
    for call in candidates(example):
        arguments = next((as_arguments(call[name]) for name in ARGUMENTS if name in call), None)
        if question and arguments is not None:
            name = call.get("name")
            return ToolCall(
                name=name if isinstance(name, str) and name else function["function"]["name"],
                arguments=arguments,
                question=question.strip(),
                function=function,
            )
    return None


def candidates(example: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Where an example may hold its call: in an object of its own, or in itself."""
    for name in ("call", "function_call", "function", "tool_call"):
        if inner := as_mapping(example.get(name)):
            yield as_mapping(inner.get("function")) or inner
    yield example


def as_arguments(value: Any) -> Mapping[str, Any] | None:
    """Arguments by name, which APIs also spell as JSON; None for something else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, Mapping) else None


def as_mapping(value: Any) -> Mapping[str, Any]:
    """A mapping itself, and an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}
