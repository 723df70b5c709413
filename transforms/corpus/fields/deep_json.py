"""A JSON object that is nested deeper than a parser goes -> its fields, without those that are so deep."""

from __future__ import annotations

import json
import re
from typing import Any

from persona_hub.transforms.corpus.fields.row_fields import NumberAsWritten

STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
SPACE = re.compile(r"\s*+")
FIELD_NAME = re.compile(rf"\s*+({STRING})\s*+:\s*+", re.DOTALL)
OPENING, CLOSING = "[{", "]}"
SCALAR = re.compile(rf'{STRING}|[^\s\[\]{{}},:"]++', re.DOTALL)
BRACKETS = re.compile(rf'{STRING}|[\[{{]++|[\]}}]++|"', re.DOTALL)  # the last: a string that does not end
SHALLOW = 100  # a value no deeper than this is parsed


def fields_of_deep(text: str) -> dict[str, Any]:
    """The fields of an object; one that is nested deeper than `SHALLOW` is None. Raises ValueError for no object."""
    at = SPACE.match(text).end()  # type: ignore[union-attr]  # it matches everywhere
    if text[at : at + 1] != "{":
        raise ValueError("nested too deep")
    record: dict[str, Any] = {}
    separator = ","
    at += 1
    while separator == ",":
        key = FIELD_NAME.match(text, at)
        if not key:
            raise ValueError(f"no field at character {at}")
        end, depth = _end_of_value(text, key.end())
        record[_loads(key[1])] = _loads(text[key.end() : end]) if depth <= SHALLOW else None
        at = SPACE.match(text, end).end() + 1  # type: ignore[union-attr]
        separator = text[at - 1 : at]
    if separator != "}" or text[at:].strip():
        raise ValueError(f"no end of the object at character {at}")
    return record


def _loads(text: str) -> Any:
    return json.loads(text, strict=False, parse_int=NumberAsWritten, parse_float=NumberAsWritten)


def _end_of_value(text: str, start: int) -> tuple[int, int]:
    """(where a value ends, how deep it is nested); brackets are counted, whatever their kind."""
    if text[start : start + 1] not in ("[", "{"):
        scalar = SCALAR.match(text, start)
        if not scalar:
            raise ValueError(f"no value at character {start}")
        return scalar.end(), 0
    depth = deepest = 0
    for found in BRACKETS.finditer(text, start):
        first = found[0][0]
        if first in OPENING:
            depth += len(found[0])
            deepest = max(deepest, depth)
        elif first in CLOSING:
            if len(found[0]) >= depth:
                return found.start() + depth, deepest
            depth -= len(found[0])
        elif len(found[0]) == 1:
            break
    raise ValueError("a bracket or a string is not closed")
