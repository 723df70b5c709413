"""Functions for assistants that call functions; with an implementation and its tests, or with examples of calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persona_hub.transforms.synthesis.checks.programs import ToolPassesTests
from persona_hub.transforms.synthesis.checks.schema import proved_by_schema
from persona_hub.transforms.synthesis.checks.texts import Length, NoRefusal, no_control_characters
from persona_hub.transforms.synthesis.form import TEXT, Form, PackagedUseCase, closed_object
from persona_hub.transforms.synthesis.sample_fields import as_json
from persona_hub.transforms.synthesis.tool.functions import (
    calls_fit,
    check_calls,
    check_function,
    implements_parameters,
    native_calls,
    native_function,
    schema_is_valid,
)

OBJECT = {"anyOf": [TEXT, {"type": "object"}]}  # a string that holds an object, or the object itself
CALL = closed_object({"request": TEXT, "arguments": TEXT})
READ_CALL = closed_object({"request": TEXT, "arguments": OBJECT})
FUNCTION_FIELDS = {"name": TEXT, "description": TEXT, "parameters": TEXT}
PASSES_TESTS = ToolPassesTests()
OF_ALL = (no_control_characters, NoRefusal(("description",)), Length(3, 400, "description"), schema_is_valid)


def as_function(fields: Mapping[str, Any]) -> str:
    """The function as an interface for function calling takes it."""
    return as_json({name: fields[name] for name in FUNCTION_FIELDS})


def with_program(fields: Mapping[str, Any]) -> str:
    """The function, and its implementation."""
    return f"{as_function(fields)}\n\n```python\n{fields['implementation'].strip()}\n```"


def with_calls(fields: Mapping[str, Any]) -> str:
    """The function, and what a model shall call it with."""
    calls = [f"{call['request'].strip()}\n{as_json(call['arguments'])}" for call in fields["calls"]]
    return "\n\n".join([as_function(fields), *calls])


TOOL = PackagedUseCase(
    description="tool development",
    settings=frozenset({"topic"}),
    forms={
        "schema": Form(
            prompt="tool",
            fields=FUNCTION_FIELDS,
            lax={"parameters": OBJECT},
            compose=as_function,
            check=check_function,
            normal=native_function,
            checks=(*OF_ALL, proved_by_schema),
            proofs=(proved_by_schema,),
        ),
        "implementation": Form(
            prompt="tool_implementation",
            fields={**FUNCTION_FIELDS, "implementation": TEXT, "tests": TEXT},
            lax={"parameters": OBJECT},
            compose=with_program,
            check=check_function,
            normal=native_function,
            programs=frozenset({"implementation", "tests"}),
            checks=(*OF_ALL, implements_parameters, PASSES_TESTS),
            proofs=(PASSES_TESTS,),
            max_tokens=2048,
        ),
        "calls": Form(
            prompt="tool_calls",
            fields={**FUNCTION_FIELDS, "calls": {"type": "array", "items": CALL}},
            lax={"parameters": OBJECT, "calls": {"type": "array", "items": READ_CALL}},
            compose=with_calls,
            check=check_calls,
            normal=native_calls,
            checks=(*OF_ALL, calls_fit, proved_by_schema),
            proofs=(proved_by_schema,),
            max_tokens=2048,
        ),
    },
)
