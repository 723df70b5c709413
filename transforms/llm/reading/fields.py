r"""An answer as a block of `field: value` lines, as YAML has it, where an object in JSON was asked for.

    relation: apprentice
    persona: |
      A girl of sixteen who learns to grind lenses.

It is read only where nothing can be mistaken: nothing but the block stands there, with each field once, all of them
texts, and it can be seen that the last one is whole: by a fence around the block, quotes, or a full stop.
"""

from __future__ import annotations

import json
import re

from persona_hub.transforms.llm.reading.escapes import settle
from persona_hub.transforms.llm.reading.marks import mark_escapes
from persona_hub.transforms.llm.reading.schema import Schema

LINE = re.compile(r"[\"'*_]{0,3}(\w[\w -]{0,60}?)[\"'*_]{0,3}:(?:[*_]{1,3})?(?:[ \t]+(\S.*))?")
BLOCK = re.compile(r"[|>][+-]?\d?[+-]?\s*(?:#.*)?")
FULL_STOP = re.compile(r"[.!?…。！？।؟][\"'”’»)\]*]{0,3}\Z")


def read_fields(text: str, wanted: Schema) -> dict[str, str]:
    """The fields of a block that fits a schema of texts, none for anything else."""
    lines = text.strip().splitlines()
    closed = len(lines) > 2 and lines[0].startswith("```") and lines[-1].strip() == "```"
    if closed:
        lines = lines[1:-1]
    if lines and lines[0].strip() == "---":
        lines = lines[1:]
    if lines and lines[-1].strip() in ("...", "---"):
        lines, closed = lines[:-1], True
    values: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        if not line.strip() or line[0] in " \t":
            if name:
                values[name].append(line)
            elif line.strip():
                return {}
            continue
        found = LINE.fullmatch(line)
        if found is None or found[1] in values or found[1] not in wanted.strings:
            return {}
        name = found[1]
        values[name] = [(found[2] or "").strip()]
    if set(values) != set(wanted.fields) or not values:
        return {}
    texts = {field: value_of(value) for field, value in values.items()}
    whole = closed or values[name][0][:1] in ("'", '"') or FULL_STOP.search(texts[name] or "")
    return texts if whole and all(texts.values()) else {}


def value_of(lines: list[str]) -> str:
    """The text of a value: within quotes, of a block, or plain. "" where it cannot be read."""
    first, rest = lines[0], [line.rstrip() for line in lines[1:]]
    if first[:1] == '"':
        try:
            value = json.loads(mark_escapes(" ".join([first, *map(str.strip, rest)]).strip()), strict=False)
        except json.JSONDecodeError:
            return ""
        return settle(value) if isinstance(value, str) else ""
    if first[:1] == "'":
        joined = " ".join([first, *map(str.strip, rest)]).strip()
        inner = joined[1:-1].replace("''", "\0")
        return inner.replace("\0", "'") if len(joined) > 1 and joined[-1] == "'" and "'" not in inner else ""
    if BLOCK.fullmatch(first):
        indent = min((len(line) - len(line.lstrip()) for line in rest if line), default=0)
        return ("\n" if first[0] == "|" else " ").join(line[indent:] for line in rest).strip()
    if first[:1] in ("{", "[", "&", "*", "!", "|", ">", "%", "@", "`"):
        return ""
    return " ".join(filter(None, [first, *map(str.strip, rest)]))
