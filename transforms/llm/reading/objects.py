"""The JSON objects in a text, in whatever is put around them: fences, remarks, lists, objects, strings of JSON.

Each object of the text is decoded once, and looked through from its end: `candidates` gives the outer one before those
within it, and the later before the earlier.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from persona_hub.transforms.llm.protocol import well_formed
from persona_hub.transforms.llm.reading.escapes import Commands, settle
from persona_hub.transforms.llm.reading.marks import MARKED, mark_escapes
from persona_hub.transforms.llm.reading.programs import settle_program

EFFORT = 8  # characters that may be decoded, in lengths of the text: with ATTEMPTS, what keeps hostile text linear
ATTEMPTS = 200  # places where an object may begin; each failure counts the lines before it, a pass over the text
ENCODINGS = 3  # how many times an answer may be a string of JSON within a string of JSON
LEVELS = 50  # of nesting; answers have three or four
RELAXED_CHARACTERS = 100_000  # a longer text is no answer with the wrong kind of quotes
# Where an object begins, or a string that holds one: `"{\"persona\": ...`, or `"{\n\"...` with \n as two characters (or
# marked), or such a string within a string. The bounds keep a text of nothing but quotes and backslashes linear.
START = re.compile(
    rf'\{{(?=\s*+["}}])|"(?=(?:[\s{MARKED}]|\\{{1,9}}[nrt"]){{0,40}}+\{{(?:[\s{MARKED}]|\\{{1,9}}[nrt]){{0,40}}+\\{{1,9}}")'
)
# Strings in either kind of quotes, and trailing commas; `\\.` outside of strings keeps a text of `\'` linear.
LOOSE = re.compile(r""""(?:[^"\\]|\\.)*+"|'((?:[^'\\]|\\.)*+)'|,(?=\s*+[}\]])|\\.""", re.DOTALL)
LOOSE_START = re.compile(r"\{\s*+[\"']")
# Fields of an object around others whose value is no answer: {"draft": {...}, "answer": {...}}
DRAFTS = re.compile(
    r"draft|think|thought|reason|reject|discard|example|alternative|first_|attempt|previous", re.IGNORECASE
)


class Found(NamedTuple):
    """An object, or a string that holds one, that is no part of another."""

    value: Any
    begin: int  # where it stands in the text
    end: int


class Reading(NamedTuple):
    """What was found in a text."""

    text: str  # as it was decoded
    found: list[Found]
    cut: set[int]  # where objects begin that the text does not end
    complete: bool  # False where the text had too many beginnings to try them all


def read_objects(text: str, programs: frozenset[str] = frozenset()) -> Iterator[Reading]:
    """The objects in `text`: first in JSON's own notation, then in Python's where that is another.

    `programs` are names of fields that hold programs, at any depth.
    """
    yield decode(mark_escapes(text), ENCODINGS, programs)
    start = LOOSE_START.search(text)
    if start and len(text) <= RELAXED_CHARACTERS and (relaxed := relax(text[start.start() :])) != text[start.start() :]:
        yield decode(mark_escapes(relaxed), 1, programs)


def objects_in(text: str) -> Iterator[dict[str, Any]]:
    """The objects in `text` in the order in which they begin, also those within others or within strings."""
    for reading in read_objects(text):
        for found in reading.found:
            yield from candidates(found.value, ENCODINGS, last_first=False)


def candidates(
    value: Any, encodings: int = ENCODINGS, last_first: bool = True, programs: frozenset[str] = frozenset()
) -> Iterator[dict[str, Any]]:
    """The objects in a decoded value, each before those within it, and the last of equals first."""
    if isinstance(value, dict):
        yield value
        items = [item for name, item in value.items() if not (last_first and DRAFTS.search(name))]
    elif isinstance(value, list):
        items = value
    elif isinstance(value, str) and encodings and "{" in value:
        items = [found.value for found in decode(mark_escapes(value), encodings - 1, programs).found]
    else:
        return
    for item in reversed(items) if last_first else items:
        yield from candidates(item, encodings, last_first, programs)


def decode(text: str, encodings: int, programs: frozenset[str] = frozenset()) -> Reading:
    """The outermost objects of a text whose escapes are marked, in JSON's notation but for line ends in strings."""
    found: list[Found] = []
    cut: set[int] = set()
    effort, place, last = EFFORT * len(text), 0, len(text.rstrip())
    for _ in range(ATTEMPTS):
        start = START.search(text, place)
        if start is None:
            return Reading(text, found, cut, True)
        if effort < 0:
            break
        begin, place = start.start(), start.start() + 1
        try:
            value, end = DECODER.raw_decode(text, begin)
            effort -= end - begin
            value = plain(value, programs)
        except json.JSONDecodeError as error:
            effort -= error.pos - begin
            if error.pos >= last or error.msg.startswith("Unterminated"):
                cut.add(begin)
        except (ValueError, RecursionError):
            continue
        else:
            if isinstance(value, dict) or (encodings and any(True for _ in candidates(value, encodings))):
                place = end
                found.append(Found(value, begin, end))
    return Reading(text, found, cut, START.search(text, place) is None)


def plain(value: Any, programs: frozenset[str] = frozenset()) -> Any:
    """A decoded value that any of our files can hold, its escapes settled.

    Raises ValueError for infinite numbers and deep nesting.
    """
    texts: list[str] = []
    collect(value, texts, LEVELS)
    known = Commands(texts)

    def settled(value: Any, program: bool = False) -> Any:
        if isinstance(value, str):
            return well_formed(settle_program(value) if program else settle(value, known))
        if isinstance(value, dict):
            return {settled(name): settled(item, name in programs) for name, item in value.items()}
        return [settled(item, program) for item in value] if isinstance(value, list) else value

    return settled(value)


def collect(value: Any, texts: list[str], levels: int) -> None:
    """Adds the strings within `value` to `texts`. Raises ValueError for infinite numbers and deep nesting."""
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number beyond all bounds")
    elif isinstance(value, dict | list):
        if levels == 0:
            raise ValueError("nested too deep")
        for item in value.values() if isinstance(value, dict) else value:
            collect(item, texts, levels - 1)


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
