"""A user's own use case, from a YAML file; examples/use_case.yaml documents every key."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from string import Template
from typing import Any

import jsonschema_rs
import yaml

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.storage import join_path, split_path
from persona_hub.transforms.files.user_text import FileError, read_text
from persona_hub.transforms.files.user_yaml import load_yaml
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.llm.reading.schema import compiled
from persona_hub.transforms.prompts import Prompt, PromptError, parse_prompt
from persona_hub.transforms.records import content_id
from persona_hub.transforms.sandbox.sandbox import allowed_modules
from persona_hub.transforms.sandbox.tools import require_check
from persona_hub.transforms.synthesis.checks.named import CheckProgram, Fields, field_at, named_check
from persona_hub.transforms.synthesis.checks.programs import ProgramPrintsAnswer
from persona_hub.transforms.synthesis.checks.schema import proved_by_schema
from persona_hub.transforms.synthesis.rejection import SampleCheck
from persona_hub.transforms.synthesis.use_case import (
    REQUIRED_PLACEHOLDERS,
    USE_CASE_PLACEHOLDERS,
    UseCase,
    UseCaseError,
)

USE_CASE_KEYS = (
    "name",
    "description",
    "prompt",
    "prompt_file",
    "schema",
    "output_prefix",
    "text",
    "sampling",
    "stands_alone",
    "question",
    "answer",
    "program",
    "checks",
    "check_program",
)
SAMPLING_FIELDS = {field.name: field for field in fields(Sampling)}
FOLDER_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")  # it becomes a folder of the output


def read_use_case(path: str, taken: frozenset[str]) -> UseCase:
    """The use case in a file. Raises UseCaseError, which names the file, the key and the remedy."""
    entries = read_yaml(path)
    unknown = [key for key in entries if key not in USE_CASE_KEYS]
    if unknown:
        raise UseCaseError(f"{path}: unknown key {unknown[0]!r}; there are {', '.join(USE_CASE_KEYS)}")
    name = text_at(entries, "name", path)
    if not FOLDER_NAME.fullmatch(name):
        raise UseCaseError(f"{path}: name: {name[:80]!r} must be lower-case letters, digits and _, at most 64 in all")
    if name in taken:
        raise UseCaseError(f"{path}: name: {name!r} is the name of a packaged use case; choose another")
    if ("schema" in entries) == ("output_prefix" in entries):
        raise UseCaseError(f"{path}: give either schema (for JSON) or output_prefix (for free text), and not both")
    schema = schema_in(entries, path) if "schema" in entries else ""
    fields = fields_in(entries, schema, path)
    checks, proofs = checks_in(entries, fields, path)
    return UseCase(
        name=name,
        description=text_at(entries, "description", path),
        prompt=prompt_in(entries, name, path),
        schema=schema,
        output_prefix="" if schema else text_at(entries, "output_prefix", path),
        text=template_in(entries, schema, path) if "text" in entries else "",
        sampling=sampling_in(entries, path),
        stands_alone=truth_at(entries, "stands_alone", path),
        question=field_named(entries, "question", fields, path),
        answer=fields.answer,
        programs=frozenset({fields.program} - {""}),
        checks=checks,
        proofs=proofs,
        checked_by=content_id(checks_told(checks))[:12]
        if {"checks", "check_program", "program"} & entries.keys()
        else "",
    )


def fields_in(entries: dict[Any, Any], schema: str, path: str) -> Fields:
    """The fields that every answer has, and which of them hold a stated answer and a program. Raises UseCaseError."""
    wanted = json.loads(schema) if schema else {}
    names = tuple(name for name in wanted.get("required", ()) if name in wanted["properties"])
    every = Fields(names)
    found = {key: field_named(entries, key, every, path) for key in ("answer", "program")}
    if found["answer"] and not entries.get("question"):
        raise UseCaseError(f"{path}: answer: name the field of the question, too, as question: FIELD")
    return Fields(names, **found)


def field_named(entries: dict[Any, Any], key: str, fields: Fields, path: str) -> str:
    """The field that a key names, "" where it is left out. Raises UseCaseError."""
    return field_at(entries, key, fields, f"{path}: {key}")


def checks_in(
    entries: dict[Any, Any], fields: Fields, path: str
) -> tuple[tuple[SampleCheck, ...], tuple[SampleCheck, ...]]:
    """The checks of a file in its order, and those of them that prove the stated answer. Raises UseCaseError."""
    listed = entries.get("checks") or []
    if not isinstance(listed, list):
        raise UseCaseError(f"{path}: checks: must be a list of names; see examples/use_case.yaml")
    checks = [named_check(entry, fields, f"{path}: checks") for entry in listed]
    if "check_program" in entries:
        checks.append(check_program_in(entries, path))
    if fields.program and fields.answer and not any(isinstance(check, ProgramPrintsAnswer) for check in checks):
        checks.append(ProgramPrintsAnswer(fields.program, fields.answer))
    if not fields.answer and not fields.program:
        checks.append(proved_by_schema)
    proofs = [check for check in checks if isinstance(check, ProgramPrintsAnswer) or check is proved_by_schema]
    return tuple(checks), tuple(proofs)


def checks_told(checks: Sequence[SampleCheck]) -> str:
    """The checks and their arguments as text, the same in every process."""
    return "\n".join(repr(check) if is_dataclass(check) else getattr(check, "__name__", "") for check in checks)


def check_program_in(entries: dict[Any, Any], path: str) -> CheckProgram:
    """The user's own check, of a Python file beside this one. Raises UseCaseError."""
    file = text_at(entries, "check_program", path)
    beside = split_path(path)[0]
    try:
        program = read_text(join_path(beside, file) if beside else file)
        require_check(program, file)
    except FileError as error:
        raise UseCaseError(f"{path}: check_program: {error}") from error
    except InvalidInputError as error:
        raise UseCaseError(f"{path}: check_program: {error}") from error
    return CheckProgram(program, file)


def read_yaml(path: str) -> dict[Any, Any]:
    """The mapping in a YAML file. Raises UseCaseError."""
    try:
        entries = load_yaml(read_text(path))
    except FileError as error:
        raise UseCaseError(f"use case {error}") from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise UseCaseError(f"{path}: {line}{error.problem}; see examples/use_case.yaml") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UseCaseError(f"{path}: not valid YAML ({type(error).__name__}); see examples/use_case.yaml") from error
    if not isinstance(entries, dict):
        raise UseCaseError(f"{path}: not a mapping of {', '.join(USE_CASE_KEYS)}; see examples/use_case.yaml")
    return entries


def text_at(entries: dict[Any, Any], key: str, path: str) -> str:
    """The text under a key. Raises UseCaseError where it is missing or something else."""
    value = entries.get(key)
    if value is None:
        raise UseCaseError(f"{path}: {key}: missing; see examples/use_case.yaml")
    if not isinstance(value, str) or not value.strip():
        raise UseCaseError(f"{path}: {key}: must be a text that is not empty; put it in quotes")
    return value.strip()


def truth_at(entries: dict[Any, Any], key: str, path: str) -> bool:
    """The truth value under a key, true where it is missing. Raises UseCaseError where it is something else."""
    value = entries.get(key, True)
    if not isinstance(value, bool):
        raise UseCaseError(f"{path}: {key}: {value!r} is neither true nor false")
    return value


def prompt_in(entries: dict[Any, Any], name: str, path: str) -> Prompt:
    """The prompt, in the file itself or beside it. Raises UseCaseError."""
    if ("prompt" in entries) == ("prompt_file" in entries):
        raise UseCaseError(f"{path}: give either prompt or prompt_file, and not both")
    return bare_prompt_in(entries, name, path).with_values({"modules": ", ".join(allowed_modules())})


def bare_prompt_in(entries: dict[Any, Any], name: str, path: str) -> Prompt:
    """The prompt with all placeholders. Raises UseCaseError."""
    try:
        if "prompt" in entries:
            return parse_prompt(
                name, text_at(entries, "prompt", path), USE_CASE_PLACEHOLDERS, f"{path}: prompt", REQUIRED_PLACEHOLDERS
            )
        beside, file = split_path(path)[0], text_at(entries, "prompt_file", path)
        file = join_path(beside, file) if beside else file
        return parse_prompt(name, read_text(file), USE_CASE_PLACEHOLDERS, file, REQUIRED_PLACEHOLDERS)
    except PromptError as error:
        raise UseCaseError(str(error)) from error
    except FileError as error:
        raise UseCaseError(f"{path}: prompt_file: {error}") from error


def schema_in(entries: dict[Any, Any], path: str) -> str:
    """The JSON schema of an answer, as JSON. Raises UseCaseError."""
    schema = entries["schema"]
    if not isinstance(schema, dict) or schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        raise UseCaseError(f"{path}: schema: must be 'type: object' with properties; see examples/use_case.yaml")
    try:
        text = json.dumps(schema)
        compiled(schema)
    except jsonschema_rs.ValidationError as error:
        place = ".".join(map(str, error.instance_path)) or "at the top"
        raise UseCaseError(f"{path}: schema: {place}: {error.message[:200]}") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise UseCaseError(f"{path}: schema: cannot be written as JSON ({error})") from error
    if not schema.get("required"):
        raise UseCaseError(f"{path}: schema: name the required properties; without them {{}} would be an answer")
    return text


def template_in(entries: dict[Any, Any], schema: str, path: str) -> str:
    """How the fields of an answer make a text. Raises UseCaseError."""
    text = text_at(entries, "text", path)
    if not schema:
        raise UseCaseError(f"{path}: text: only a schema has $fields to put in; leave it out")
    if not Template(text).is_valid():
        raise UseCaseError(f"{path}: text: a '$' that begins no field; write '$$' for the sign itself")
    wanted = json.loads(schema)
    for name in Template(text).get_identifiers():
        if name not in wanted["properties"] or name not in wanted.get("required", ()):
            raise UseCaseError(f"{path}: text: ${name} is not one of the required properties of the schema")
    return text


def sampling_in(entries: dict[Any, Any], path: str) -> Sampling:
    """How answers are drawn. Raises UseCaseError."""
    values = entries.get("sampling") or {}
    if not isinstance(values, dict):
        raise UseCaseError(f"{path}: sampling: must be a mapping of {', '.join(SAMPLING_FIELDS)}")
    for key, value in values.items():
        if key not in SAMPLING_FIELDS:
            raise UseCaseError(f"{path}: sampling: unknown key {key!r}; there are {', '.join(SAMPLING_FIELDS)}")
        whole = key in ("max_tokens", "seed")
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not 0 <= value < math.inf:
            kind = "whole number" if whole else "number"
            raise UseCaseError(f"{path}: sampling: {key}: {value!r} is not a {kind} of 0 or more")
    if values.get("max_tokens") == 0 or values.get("top_p", 1) > 1:
        raise UseCaseError(f"{path}: sampling: max_tokens must be at least 1, top_p at most 1")
    return Sampling(**values)
