"""What a model answered, read without trust: the first JSON object that fits a schema, or the text after a prefix.

Where a backend has structured output, the answer is one JSON object and the first attempt succeeds. Others wrap it in
code fences, greetings, remarks or a string of JSON; they write several answers, or only "Persona: ...". What is cut off,
holds NaN or lacks a field is malformed: the caller asks once more, which is safer than to guess. Libraries that repair
JSON (such as json-repair) close what was cut off, which would make half a sentence into a persona.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import jsonschema

from transforms.llm.protocol import MalformedAnswer
from transforms.records import excerpt

EFFORT = 8  # characters that may be read, in lengths of the text: what keeps hostile text linear
ATTEMPTS = 400  # failures: the decoder counts the lines before each, which is a pass over the text
ENCODINGS = 3  # how many times an answer may be a string of JSON within a string of JSON
LEVELS = 50  # of nesting; answers have three or four
RELAXED_CHARACTERS = 100_000  # a longer text is no answer with the wrong kind of quotes
# Where an object begins, or a string that holds one: `"{\"persona\": ...`, or `"{\n\"...` with \n as two characters.
START = re.compile(r'\{(?=\s*["}])|"(?=(?:\s|\\[nrt])*+\{(?:\s|\\[nrt])*+\\+")')
THOUGHTS = re.compile(r"\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
FENCED = re.compile(r"```\w*\s*?\n(.*?)\n?\s*```", re.DOTALL)
QUOTED = re.compile(r"""(["'`“”«„*])(.*)["'`”“»*]""", re.DOTALL)
# Strings in either kind of quotes, and trailing commas; `\\.` outside of strings keeps a text of `\'` linear.
LOOSE = re.compile(r""""(?:[^"\\]|\\.)*+"|'((?:[^'\\]|\\.)*+)'|,(?=\s*+[}\]])|\\.""", re.DOTALL)

Check = Callable[[dict[str, Any]], None]  # raises MalformedAnswer


def parse_json(text: str, schema: str, check: Check = lambda found: None) -> dict[str, Any]:
    """The first object in an answer that fits `schema` (in JSON) and passes `check`, without fields it does not allow.

    Raises MalformedAnswer: what was wrong with the first object, or that there is none.
    """
    validator, allowed = validator_of(schema)
    complaint = ""
    for found in objects_in(text):
        if allowed is not None:
            found = {name: value for name, value in found.items() if name in allowed}
        try:
            require(validator, found)
            check(found)
        except MalformedAnswer as error:
            complaint = complaint or str(error)
        else:
            return found
    raise MalformedAnswer(complaint or ("no complete JSON object" if "{" in text else "no JSON object"))


def parse_prefixed(text: str, prefix: str) -> str:
    """What follows `prefix` in an answer: at the beginning of a line, else anywhere. Raises MalformedAnswer."""
    text = without_thoughts(well_formed(text))
    words = r"\s+".join(map(re.escape, prefix.rstrip(":： ").split()))
    marked = rf"{words}[*_]{{0,3}}\s?[:：][*_]{{0,3}}(.*)"
    flags = re.DOTALL | re.IGNORECASE | re.MULTILINE
    found = re.search(rf"^[^\S\n]*[-*_#>\s]{{0,8}}{marked}", text, flags) or re.search(marked, text, flags)
    if found is None:
        raise MalformedAnswer(f"nothing begins with {prefix!r}")
    rest = unwrapped(found[1])
    if not rest:
        raise MalformedAnswer(f"nothing follows {prefix!r}")
    return rest


def parse_line(text: str, schema: str, field: str) -> str:
    """The text of a field: of an object that fits `schema`, else of the line after "Field:". Raises MalformedAnswer."""

    def check(found: dict[str, Any]) -> None:
        if not str(found[field]).strip():
            raise MalformedAnswer(f"{field!r} is empty")

    try:
        line = parse_json(text, schema, check)[field]
    except MalformedAnswer as error:
        if "{" in text:  # an object was meant, and is cut off or wrong: half of it is no answer
            raise
        try:
            line = parse_prefixed(text, f"{field}:")
        except MalformedAnswer:
            raise error from None
        line = unwrapped(line.splitlines()[0])
    return " ".join(str(line).split())


def objects_in(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in `text` in the order in which they begin, also those within others or within strings."""
    text = without_thoughts(well_formed(text))
    yield from strict_objects_in(text, ENCODINGS)
    if len(text) <= RELAXED_CHARACTERS and (relaxed := relax(text)) != text:
        yield from strict_objects_in(relaxed, 1)


def strict_objects_in(text: str, encodings: int) -> Iterator[dict[str, Any]]:
    """`objects_in` in JSON's own notation, but for line ends within strings."""
    effort, attempts = EFFORT * len(text), ATTEMPTS
    for start in START.finditer(text):
        if effort < 0 or attempts == 0:
            return
        try:
            value, end = DECODER.raw_decode(text, start.start())
            effort -= end - start.start()
            value = plain(value)
        except json.JSONDecodeError as error:
            effort -= error.pos - start.start()
            attempts -= 1
        except (ValueError, RecursionError):
            effort -= len(text) // ATTEMPTS
            attempts -= 1
        else:
            if isinstance(value, dict):
                yield value
            elif encodings:
                yield from strict_objects_in(value, encodings - 1)


def plain(value: Any, levels: int = LEVELS) -> Any:
    """A decoded value that any of our files can hold. Raises ValueError for infinite numbers and deep nesting."""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number beyond all bounds")
    if levels == 0 and isinstance(value, dict | list):
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        return {well_formed(key): plain(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, levels - 1) for item in value]
    return value


def refuse_constant(name: str) -> None:
    """For the decoder: NaN and Infinity are no JSON."""
    raise ValueError(name)


DECODER = json.JSONDecoder(strict=False, parse_constant=refuse_constant)


def relax(text: str) -> str:
    """`text` with Python's quotes and trailing commas turned into JSON's notation."""

    def replace(found: re.Match[str]) -> str:
        if found[1] is not None:
            return '"' + re.sub(r"\\.|\"", lambda m: {"\\'": "'", '"': '\\"'}.get(m[0], m[0]), found[1]) + '"'
        return "" if found[0] == "," else found[0]

    return LOOSE.sub(replace, text)


def require(validator: Any, found: dict[str, Any]) -> None:
    """Raises MalformedAnswer in our own words: the validator's hold the answer's text, of any length."""
    try:
        error = next(validator.iter_errors(found), None)
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
def validator_of(schema: str) -> tuple[Any, frozenset[str] | None]:
    """A validator of a schema in JSON, and the only fields that it allows, if it names them."""
    wanted = json.loads(schema)
    closed = wanted.get("additionalProperties") is False and "patternProperties" not in wanted
    return jsonschema.Draft202012Validator(wanted), frozenset(wanted.get("properties", ())) if closed else None


def without_thoughts(text: str) -> str:
    """`text` without the thoughts with which some models begin: they hold drafts of the answer."""
    found = THOUGHTS.match(text)
    return text[found.end() :] if found else text


def unwrapped(text: str) -> str:
    """`text` out of the code fence or the quotes that are all around it."""
    text = text.strip()
    for pattern in (FENCED, QUOTED):
        found = pattern.fullmatch(text)
        if found:
            text = found[found.re.groups].strip()
    return text


def well_formed(text: str) -> str:
    """`text` with halves of surrogate pairs replaced: no file can hold them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
