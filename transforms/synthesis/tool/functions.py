"""A function as JSON Schema: read in either notation, valid by the meta-schema, and called as it says."""

from __future__ import annotations

import ast
import json
import keyword
import re
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.llm.reading.schema import compiled
from persona_hub.transforms.records import Sample, excerpt
from persona_hub.transforms.synthesis.rejection import RejectedSample
from persona_hub.transforms.synthesis.sample_fields import fields_of, text_of
from persona_hub.transforms.synthesis.use_case import check_not_empty

FUNCTION_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,63}")  # what every interface for function calling takes
FEWEST_CALLS = 2
SCHEMA_INVALID, CALL_INVALID = "schema-invalid", "example-call-invalid"
PROGRAM_CHARACTERS = 20_000
OUTSIDE = ("$schema", "$id", "$vocabulary", "$dynamicRef", "$dynamicAnchor")  # they name other schemas


def object_of(value: Any, where: str) -> dict[str, Any]:
    """The object, or the one that a string holds. Raises MalformedAnswer."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise MalformedAnswer(f"{where!r} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise MalformedAnswer(f"{where!r} is no JSON object")
    return value


def native_function(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with the parameters as an object. Raises MalformedAnswer."""
    return {**fields, "parameters": object_of(fields["parameters"], "parameters")}


def native_calls(fields: dict[str, Any]) -> dict[str, Any]:
    """The same, with the arguments of each call as an object. Raises MalformedAnswer."""
    calls = [{**call, "arguments": object_of(call["arguments"], "arguments")} for call in fields["calls"]]
    return {**native_function(fields), "calls": calls}


def check_function(fields: Mapping[str, Any]) -> None:
    """Raises MalformedAnswer for a function that no program could call: its name has to be an identifier."""
    check_not_empty(fields)
    name = fields["name"]
    if not FUNCTION_NAME.fullmatch(name) or keyword.iskeyword(name):
        raise MalformedAnswer("'name' is not an identifier of ASCII letters, digits and _")


def check_calls(fields: Mapping[str, Any]) -> None:
    """Raises MalformedAnswer for too few calls, or one without a request."""
    check_function(fields)
    if len(fields["calls"]) < FEWEST_CALLS:
        raise MalformedAnswer(f"'calls' has {len(fields['calls'])}; at least {FEWEST_CALLS} are wanted")
    if not all(call["request"].strip() for call in fields["calls"]):
        raise MalformedAnswer("'request' of a call is empty")


def schema_is_valid(sample: Sample) -> Sample:
    """Rejects a function whose parameters are no JSON Schema of an object, or name what is not in it."""
    schema = fields_of(sample)["parameters"]
    compiled_parameters(schema)
    properties, required = schema.get("properties"), schema.get("required", [])
    if schema.get("type") != "object" or not isinstance(properties, dict):
        raise RejectedSample(SCHEMA_INVALID, "the parameters are not 'type: object' with properties")
    for name, one in properties.items():
        if not FUNCTION_NAME.fullmatch(name):
            raise RejectedSample(SCHEMA_INVALID, f"the parameter {excerpt(name, 60)!r} is no identifier")
        if not isinstance(one, dict) or not ({"type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"} & one.keys()):
            raise RejectedSample(SCHEMA_INVALID, f"the parameter {name!r} has no type")
    if strange := [name for name in required if name not in properties]:
        raise RejectedSample(SCHEMA_INVALID, f"{excerpt(strange[0], 60)!r} is required, and no parameter")
    return sample


def compiled_parameters(schema: Mapping[str, Any]) -> Any:
    """The validator of a function's parameters. Raises RejectedSample."""
    if named := [name for name in OUTSIDE if name in schema]:
        raise RejectedSample(SCHEMA_INVALID, f"{named[0]}: parameters name no other schema")
    try:
        return compiled(schema)
    except jsonschema_rs.ValidationError as error:
        place = ".".join(map(str, error.instance_path)) or "at the top"
        raise RejectedSample(SCHEMA_INVALID, f"{place}: {error.message}") from error
    except (ValueError, RecursionError) as error:
        raise RejectedSample(SCHEMA_INVALID, str(error)) from error


def calls_fit(sample: Sample) -> Sample:
    """Rejects a function of whose calls one does not fit the parameters, or has a parameter that there is not."""
    fields = fields_of(sample)
    validator, properties = compiled_parameters(fields["parameters"]), fields["parameters"].get("properties", {})
    for number, call in enumerate(fields["calls"], 1):
        if strange := [name for name in call["arguments"] if name not in properties]:
            raise RejectedSample(CALL_INVALID, f"call {number}: there is no parameter {excerpt(strange[0], 60)!r}")
        try:
            error = next(validator.iter_errors(call["arguments"]), None)
        except ValueError as fault:
            raise RejectedSample(CALL_INVALID, f"call {number}: {fault}") from fault
        if error is not None:
            raise RejectedSample(CALL_INVALID, f"call {number}: {error.message}")
    return sample


def implements_parameters(sample: Sample) -> Sample:
    """Rejects an implementation that defines no function of the tool's name, or one with other parameters."""
    fields = fields_of(sample)
    program, name = text_of(sample, "implementation"), fields["name"]
    try:
        tree = ast.parse(program if len(program) <= PROGRAM_CHARACTERS else "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return sample  # the sandbox says what is wrong
    found = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == name]
    if not found or found[-1].args.kwarg is not None:
        return sample  # as for a function that is not defined
    arguments = found[-1].args
    taken = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    told = list(fields["parameters"]["properties"])
    if set(taken) != set(told):
        raise RejectedSample(
            SCHEMA_INVALID, f"the implementation takes {', '.join(taken)}, the schema has {', '.join(told)}"
        )
    return sample
