"""The JSON schema of an answer: what fits it, and how an object that it wants begins."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema

from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.records import excerpt


@dataclass(frozen=True)
class Schema:
    """A compiled JSON schema of an object."""

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
            error = next(self.validator.iter_errors(found), None)
        except RecursionError:
            raise MalformedAnswer("the object is nested too deep for its schema") from None
        if error is None:
            return
        place = excerpt(".".join(map(str, error.absolute_path)), 60)
        if error.validator == "required":
            lacking = [name for name in error.validator_value if name not in error.instance]
            raise MalformedAnswer(f"no field {', '.join(map(repr, lacking))}" + (f" in {place!r}" if place else ""))
        wanted = excerpt(json.dumps(error.validator_value, ensure_ascii=False), 60)
        raise MalformedAnswer(f"{repr(place) if place else 'the object'} does not fit {error.validator}: {wanted}")


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
        jsonschema.Draft202012Validator(wanted),
        tuple(fields),
        frozenset(wanted.get("required", ())),
        frozenset(fields) if closed else None,
        strings,
        beginning,
    )
