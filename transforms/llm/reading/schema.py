"""The JSON schema of an answer: what fits it, and how an object that it wants begins."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.records import excerpt

ERRORS = 50  # of an object that are looked at


@dataclass(frozen=True)
class Schema:
    """A compiled JSON schema of an object."""

    root: Any
    validator: Any
    fields: tuple[str, ...]
    required: frozenset[str]
    allowed: frozenset[str] | None  # the only fields it may have, None for any
    strings: frozenset[str]
    beginning: re.Pattern[str]  # of an object with one of the fields, or of any that the end of the text cuts

    def fit(self, found: dict[str, Any]) -> dict[str, Any]:
        """`found` without needless fields, and with its numbers as strings where strings are wanted."""
        return {
            name: str(value) if name in self.strings and type(value) in (int, float) else value
            for name, value in found.items()
            if self.allowed is None or name in self.allowed
        }

    def require(self, found: dict[str, Any]) -> None:
        """Raises MalformedAnswer in our own words: the validator's hold the answer's text, of any length."""
        try:
            errors = list(islice(self.validator.iter_errors(found), ERRORS))
        except ValueError:  # jsonschema-rs: "Recursion limit reached"
            raise MalformedAnswer("the object is nested too deep for its schema") from None
        if not errors:
            return
        first = errors[0]
        place = excerpt(".".join(map(str, first.instance_path)), 60)
        if first.kind.name == "required":
            lacking = [one.kind.value for one in errors if one.kind.name == "required" and is_at(one, first)]
            raise MalformedAnswer(f"no field {', '.join(map(repr, lacking))}" + (f" in {place!r}" if place else ""))
        value: Any = self.root
        for step in first.schema_path:
            value = value[step]
        wanted = excerpt(json.dumps(value, ensure_ascii=False), 60)
        raise MalformedAnswer(f"{repr(place) if place else 'the object'} does not fit {first.kind.name}: {wanted}")


def is_at(error: Any, other: Any) -> bool:
    """Whether two errors are of one object and one keyword of the schema."""
    return bool(error.instance_path == other.instance_path and error.schema_path == other.schema_path)


def no_other_file(address: str) -> Any:
    """For the validator, which would fetch what a `$ref` names: a schema is whole, or it is wrong."""
    raise ValueError("only references that begin with # are followed")


def compiled(schema: Any) -> Any:
    """A validator of a schema of draft 2020-12, at half a microsecond an object.

    Raises `jsonschema_rs.ValidationError` for a schema that is none, or names one that is not in it.
    """
    return jsonschema_rs.Draft202012Validator(schema, retriever=no_other_file)


@lru_cache
def schema_of(schema: str) -> Schema:
    """The schema in a JSON text."""
    wanted = json.loads(schema)
    fields = wanted.get("properties", {})
    closed = wanted.get("additionalProperties") is False and "patternProperties" not in wanted
    strings = frozenset(
        name for name, field in fields.items() if isinstance(field, dict) and field.get("type") == "string"
    )
    names = "|".join(map(re.escape, fields)) or r"[^\"'\\]{1,60}"
    beginning = re.compile(rf"\{{\s*+\\{{0,9}}[\"'](?:{names})[\"'\\]|\{{\s*+(?:\\{{0,9}}[\"'][^\"'\s]{{0,60}})?\Z")
    return Schema(
        wanted,
        compiled(wanted),
        tuple(fields),
        frozenset(wanted.get("required", ())),
        frozenset(fields) if closed else None,
        strings,
        beginning,
    )
