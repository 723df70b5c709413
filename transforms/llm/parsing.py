"""What a model answered, read without trust: the first JSON object that fits a schema, or the text after a prefix.

Where a backend has structured output, the answer is one JSON object and the first attempt succeeds. Others wrap it in
code fences, greetings, remarks or a string of JSON; they write several answers, or only "Persona: ...". What is cut
off, holds NaN or lacks a field is malformed: the caller asks once more, which is safer than to guess. Libraries that
repair JSON (such as json-repair) close what was cut off, which would make half a sentence into a persona.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema

from persona_hub.transforms.llm.forms import Form
from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.records import excerpt

EFFORT = 8  # characters that may be decoded, in lengths of the text: with ATTEMPTS, what keeps hostile text linear
ATTEMPTS = 200  # places where an object may begin; each failure counts the lines before it, a pass over the text
ENCODINGS = 3  # how many times an answer may be a string of JSON within a string of JSON
LEVELS = 50  # of nesting; answers have three or four
RELAXED_CHARACTERS = 100_000  # a longer text is no answer with the wrong kind of quotes
# Where an object begins, or a string that holds one: `"{\"persona\": ...`, or `"{\n\"...` with \n as two characters, or
# such a string within a string. The bounds keep a text of nothing but quotes and backslashes linear.
START = re.compile(r'\{(?=\s*+["}])|"(?=(?:\s|\\{1,9}[nrt"]){0,40}+\{(?:\s|\\{1,9}[nrt]){0,40}+\\{1,9}")')
# Up to the end of the thoughts, or of the text if they were cut off; some chat templates swallow the opening tag.
THOUGHTS = re.compile(
    r"[\s\ufeff]*(?:<think(?:ing)?>(?:.*?</think(?:ing)?>|.*)|(?![\s{\[\"`]).*?</think(?:ing)?>)",
    re.DOTALL | re.IGNORECASE,
)
WRAPPED = (
    re.compile(r"```\w*\s*?\n(.*?)\s*```", re.DOTALL),
    re.compile(r"\*\*([^*]*)\*\*"),
    re.compile(r'["“„«]([^"“”„«»]*)["”“»]'),
)
# Strings in either kind of quotes, and trailing commas; `\\.` outside of strings keeps a text of `\'` linear.
LOOSE = re.compile(r""""(?:[^"\\]|\\.)*+"|'((?:[^'\\]|\\.)*+)'|,(?=\s*+[}\]])|\\.""", re.DOTALL)

Check = Callable[[dict[str, Any]], None]  # raises MalformedAnswer


def parse_json(text: str, schema: str, check: Check = lambda found: None, asked: str = "") -> dict[str, Any]:
    """The first object in an answer that fits `schema` (in JSON), passes `check` and is not in the prompt `asked`.

    Fields that the schema does not allow are left out, and a number stands for a string of it. Raises MalformedAnswer:
    what was wrong with the first object, or that there is none.
    """
    wanted = schema_of(schema)
    complaint = ""
    for found in objects_in(text):
        found = wanted.fit(found)
        try:
            require(wanted.validator, found)
            check(found)
            if found in forms_in(asked):
                raise MalformedAnswer("the form of the prompt, not filled in")
            form_of(asked, schema).require_filled_in(found)
        except MalformedAnswer as error:
            complaint = complaint or str(error)
        else:
            return found
    raise MalformedAnswer(complaint or ("no complete JSON object" if "{" in text else "no JSON object"))


def parse_prefixed(text: str, prefix: str, asked: str = "") -> str:
    """What follows the first line of an answer that begins with `prefix`, and is not in the prompt `asked`.

    Raises MalformedAnswer.
    """
    text = without_thoughts(well_formed(text))
    words = r"\s+".join(map(re.escape, prefix.rstrip(":： ").split()))
    marked = rf"{words}[*_]{{0,3}}\s?[:：][*_]{{0,3}}(.*)"
    flags = re.DOTALL | re.IGNORECASE | re.MULTILINE
    found = re.search(rf"^[-*_#>\s\ufeff]{{0,8}}{marked}", text, flags)
    if found is None:  # within a line it might be "I cannot write a math problem: ..."
        raise MalformedAnswer(f"no line begins with {prefix!r}")
    rest = unwrapped(found[1])
    if not rest:
        raise MalformedAnswer(f"nothing follows {prefix!r}")
    form_of(asked, prefix=prefix).require_filled_in(rest)
    return rest


def parse_line(text: str, schema: str, field: str, asked: str = "") -> str:
    """The text of a field: of an object that fits `schema`, else of the line after "Field:". Raises MalformedAnswer."""

    def check(found: dict[str, Any]) -> None:
        if not str(found[field]).strip():
            raise MalformedAnswer(f"{field!r} is empty")

    text = without_thoughts(text)
    try:
        line = parse_json(text, schema, check, asked)[field]
    except MalformedAnswer as error:
        if "{" in text:  # an object was meant, and is cut off or wrong: half of it is no answer
            raise
        try:
            line = parse_prefixed(text, f"{field}:")
        except MalformedAnswer:
            raise error from None
        line = unwrapped(line.splitlines()[0])
        form_of(asked, schema).require_filled_in(line)
    return " ".join(str(line).split())


def objects_in(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in `text` in the order in which they begin, also those within others or within strings."""
    text = without_thoughts(well_formed(text))
    yield from strict_objects_in(text, ENCODINGS)
    if len(text) <= RELAXED_CHARACTERS and (relaxed := relax(text)) != text:
        yield from strict_objects_in(relaxed, 1)


def strict_objects_in(text: str, encodings: int) -> Iterator[dict[str, Any]]:
    """`objects_in` in JSON's own notation, but for line ends within strings."""
    effort, place = EFFORT * len(text), 0
    for _ in range(ATTEMPTS):
        start = START.search(text, place)
        if start is None or effort < 0:
            return
        begin, place = start.start(), start.start() + 1
        try:
            value, end = DECODER.raw_decode(text, begin)
            effort -= end - begin
            value = plain(value)
        except json.JSONDecodeError as error:
            effort -= error.pos - begin
        except (ValueError, RecursionError):
            continue
        else:
            if isinstance(value, dict):
                yield value
            elif encodings:
                for found in strict_objects_in(value, encodings - 1):
                    place = end
                    yield found


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


@dataclass(frozen=True)
class Schema:
    """A compiled JSON schema of an object."""

    validator: Any
    allowed: frozenset[str] | None  # the only fields it may have, None for any
    strings: frozenset[str]

    def fit(self, found: dict[str, Any]) -> dict[str, Any]:
        """`found` without needless fields, and with its numbers as strings where strings are wanted."""
        return {
            name: str(value) if name in self.strings and type(value) in (int, float) else value
            for name, value in found.items()
            if self.allowed is None or name in self.allowed
        }


@lru_cache
def schema_of(schema: str) -> Schema:
    """The schema in a JSON text."""
    wanted = json.loads(schema)
    fields = wanted.get("properties", {})
    closed = wanted.get("additionalProperties") is False and "patternProperties" not in wanted
    strings = frozenset(
        name for name, field in fields.items() if isinstance(field, dict) and field.get("type") == "string"
    )
    return Schema(jsonschema.Draft202012Validator(wanted), frozenset(fields) if closed else None, strings)


@lru_cache
def forms_in(asked: str) -> list[dict[str, Any]]:
    """The objects that a prompt shows: weak models repeat them."""
    return list(objects_in(asked))


@lru_cache
def form_of(asked: str, schema: str = "", prefix: str = "") -> Form:
    """What a prompt shows and says of its answer, an object or a text after a prefix; nothing without a prompt."""
    if not asked:
        return Form.of("")
    following = re.findall(rf"{re.escape(prefix)}[ \t]*(\S.*)", asked, re.IGNORECASE) if prefix else []
    return Form.of(asked, (*forms_in(asked), *following), schema)


def without_thoughts(text: str) -> str:
    """`text` without the thoughts with which some models begin, opened or not: they hold drafts of the answer."""
    found = THOUGHTS.match(text)
    return text[found.end() :] if found else text


def unwrapped(text: str) -> str:
    """`text` out of the code fence or the quotes that are all around it."""
    text = text.strip()
    for pattern in WRAPPED:
        found = pattern.fullmatch(text)
        if found:
            text = found[1].strip()
    return text


def well_formed(text: str) -> str:
    """`text` with halves of surrogate pairs replaced: no file can hold them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
