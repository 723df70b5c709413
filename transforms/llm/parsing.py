"""What a model answered, read without trust: the last JSON object that fits a schema, or the text after a prefix.

Where a backend has structured output, the answer is one JSON object and the first attempt succeeds. Others think
aloud, wrap it in code fences, greetings, remarks or a string of JSON; they write several answers, or only
"Persona: ...". Which one counts:

| the answer | what is taken |
|---|---|
| `<think>{draft}?</think>{object}`, in any notation of thoughts | the object after them |
| `{object}` and a remark | the object |
| `Perhaps {draft}? No: {object}` | the last that fits the schema and is not the form of the prompt |
| `{"persona": "A", "inner": {"persona": "B"}}` | the outer one, if it fits |
| `{"draft": {...}, "answer": {"persona": "A"}}` | the inner one that is no draft |
| `{draft} No: {"persona": "A nur`, `<think>{draft}` | nothing: what is cut off is malformed, and so is all before it |
| `Reasoning: {draft}? Too coarse.` | nothing: after such a beginning the answer comes last |
| `relation: friend` and more such lines | the fields, if nothing else can be meant (`reading.fields`) |
| `{"problem": "\\frac{1}{2}"}` with one backslash | what was meant, else malformed (`reading.escapes`) |

What is cut off, holds NaN or lacks a field is malformed: the caller asks once more, which is safer than to guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from persona_hub.transforms.llm.forms import Form
from persona_hub.transforms.llm.protocol import MalformedAnswer, well_formed
from persona_hub.transforms.llm.reading.escapes import BENT, is_bent, settle
from persona_hub.transforms.llm.reading.fields import read_fields
from persona_hub.transforms.llm.reading.objects import (
    START,
    Found,
    Reading,
    candidates,
    objects_in,
    read_objects,
)
from persona_hub.transforms.llm.reading.schema import Schema, schema_of
from persona_hub.transforms.llm.reading.thoughts import parts_outside, without_thoughts

BACKSLASHES = "; in a string of JSON each backslash is doubled"
CUT = "the last JSON object is cut off"
# An answer that begins as thoughts without marks: "Thinking Process:", "**Reasoning**", "Okay, so the user wants ..."
LABEL = re.compile(
    r"[\s#*_>\ufeff]{0,8}(?:(?:my |here(?: i|')s my )?"
    r"(?:thinking|thoughts?|thought process|thinking process|reasoning|chain of thought)\b[*_]{0,3}\s{0,3}[:\n]"
    r"|(?:okay|ok|alright|hmm|well)[,.]? (?:so|let|the|i|first)\b|let me think|let's think)",
    re.IGNORECASE,
)
AFTER = re.compile(r"(?:[\s`.\])}>\"'*]|</?\w{1,20}>|<\|\w{1,20}\|>)*+")
END_TOKEN = re.compile(r"(?:<\|[\w▁]{1,30}\|>|<｜[\w▁]{1,30}｜>|</s>|<end_of_turn>|<eos>|\[/INST\])\Z")
SPACED_CHARACTERS = 200  # of white space between the words of a prefix
QUOTES = {'"': '"', "“": "”", "„": "“”", "«": "»"}

EXAMPLES = re.compile(r"<example>.*?</example>", re.DOTALL)  # as `synthesis.examples` renders them

Check = Callable[[dict[str, Any]], None]  # raises MalformedAnswer


def parse_json(
    text: str,
    schema: str,
    check: Check = lambda found: None,
    asked: str = "",
    programs: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The last object in an answer that fits `schema` (in JSON) and is not in the prompt `asked`; it must pass `check`.

    `programs` are names of fields that hold programs: a backslash there means what it means in Python.

    Fields that the schema does not allow are left out, and a number stands for a string of it. Raises MalformedAnswer:
    what is wrong with that object or, where none fits, with the last one, or that there is none.
    """
    wanted = schema_of(schema)
    text = without_thoughts(well_formed(text))
    complaints: list[str] = []
    for reading in read_objects(text, programs):
        form = form_of(asked, schema)
        chosen, fields = last_that_fits(reading, wanted, form, forms_in(asked), complaints, programs)
        if chosen is None:
            continue
        if is_unfinished(reading, chosen, wanted):
            complaints.insert(0, CUT)
            continue
        return taken(fields, check)
    if "{" not in text or not START.search(text):
        text = settle(text)
        fields = {} if is_bent(text) else read_fields(text, wanted)
        if fields:
            wanted.require(fields)
            form_of(asked, schema).require_filled_in(fields)
            return taken(fields, check)
    missing = "no complete JSON object" if "{" in text else "no JSON object"
    raise MalformedAnswer(complaints[0] if complaints else missing + BACKSLASHES if "\\" in text else missing)


def last_that_fits(
    reading: Reading,
    wanted: Schema,
    form: Form,
    forms: list[dict[str, Any]],
    complaints: list[str],
    programs: frozenset[str] = frozenset(),
) -> tuple[Found | None, dict[str, Any]]:
    """The last object that fits, and where it stands; what is wrong with others is added to `complaints`."""
    for found in reversed(reading.found):
        for candidate in candidates(found.value, programs=programs):
            fields = wanted.fit(candidate)
            try:
                wanted.require(fields)
                if fields in forms:
                    raise MalformedAnswer("the form of the prompt, not filled in")
                form.require_filled_in(fields)
            except MalformedAnswer as error:
                complaints.append(str(error))
            else:
                return found, fields
    return None, {}


def is_unfinished(reading: Reading, chosen: Found, wanted: Schema) -> bool:
    """Whether more of an answer began after the chosen object, or around it, and was not ended."""
    if not reading.complete:
        return True
    whole = {found.begin: found.end for found in reading.found}
    place = 0
    while start := wanted.beginning.search(reading.text, place):
        begin = start.start()
        if begin in whole:
            place = whole[begin]
        elif begin >= chosen.end or begin in reading.cut:
            return True
        else:
            place = begin + 1
    after = AFTER.match(reading.text, chosen.end)
    return LABEL.match(reading.text) is not None and after is not None and after.end() < len(reading.text)


def taken(fields: dict[str, Any], check: Check) -> dict[str, Any]:
    """`fields`, checked. Raises MalformedAnswer, also for a backslash that nobody can tell from a control character."""
    if holds_bent(fields):
        raise MalformedAnswer(BENT)
    check(fields)
    return fields


def holds_bent(value: Any) -> bool:
    """Whether there is a string in a value of JSON that `is_bent`."""
    if isinstance(value, str):
        return is_bent(value)
    if isinstance(value, dict):
        return any(is_bent(name) or holds_bent(item) for name, item in value.items())
    return isinstance(value, list) and any(map(holds_bent, value))


def parse_prefixed(text: str, prefix: str, asked: str = "") -> str:
    """What follows the last line of an answer that begins with `prefix`, and is not in the prompt `asked`.

    Raises MalformedAnswer.
    """
    parts = [part for part in parts_outside(well_formed(text)) if part.strip()] or [""]
    words = rf"\s{{1,{SPACED_CHARACTERS}}}".join(map(re.escape, prefix.rstrip(":： ").split()))
    marked = rf"^[-*_#>\s\ufeff]{{0,8}}{words}[*_]{{0,3}}\s?[:：][*_]{{0,3}}"
    # Within a line it might be "I cannot write a math problem: ...".
    part = settle(parts[-1])
    found = list(re.finditer(marked, part, re.IGNORECASE | re.MULTILINE))
    if not found:
        raise MalformedAnswer(f"no line begins with {prefix!r}")
    rest = part[found[-1].end() :]
    if is_bent(rest):
        raise MalformedAnswer(BENT)
    rest = unwrapped(without_end_tokens(rest))
    if not rest:
        raise MalformedAnswer(f"nothing follows {prefix!r}")
    form_of(asked, prefix=prefix).require_filled_in(rest)
    return rest


def parse_line(text: str, schema: str, field: str, asked: str = "") -> str:
    """The text of a field: of an object that fits `schema`, else of the line after "Field:". Raises MalformedAnswer."""

    def check(found: dict[str, Any]) -> None:
        if not str(found[field]).strip():
            raise MalformedAnswer(f"{field!r} is empty")

    try:
        line = parse_json(text, schema, check, asked)[field]
    except MalformedAnswer as error:
        if "{" in without_thoughts(well_formed(text)):  # an object was meant, and is cut off or wrong
            raise
        try:
            line = parse_prefixed(text, f"{field}:")
        except MalformedAnswer:
            raise error from None
        line = unwrapped(line.splitlines()[0])
        if line[:1] in ("|", ">"):  # a block of YAML that is not whole
            raise
        form_of(asked, schema).require_filled_in(line)
    return " ".join(str(line).split())


@lru_cache
def forms_in(asked: str) -> list[dict[str, Any]]:
    """The objects that a prompt shows: weak models repeat them."""
    return list(objects_in(asked))


@lru_cache
def form_of(asked: str, schema: str = "", prefix: str = "") -> Form:
    """What a prompt shows and says of its answer, an object or a text after a prefix; nothing without a prompt.

    Few-shot examples are no part of it: answers may share their words, as the names of a tool's arguments.
    """
    if not asked:
        return Form.of("")
    asked = EXAMPLES.sub("", asked)
    following = re.findall(rf"{re.escape(prefix)}[ \t]*(\S.*)", asked, re.IGNORECASE) if prefix else []
    return Form.of(asked, (*forms_in(asked), *following), schema)


def without_end_tokens(text: str) -> str:
    """`text` without the tokens of a chat template that a server left at its end."""
    text = text.rstrip()
    while text[-1:] in (">", "]") and (token := END_TOKEN.search(text, max(0, len(text) - 40))):
        text = text[: token.start()].rstrip()
    return text


def unwrapped(text: str) -> str:
    """`text` out of the code fence, the bold signs or the quotes that are all around it."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```"):
        first, line_end, rest = text[3:-3].partition("\n")
        if line_end and (not first.strip() or first.strip().isalnum()):
            text = rest.strip()
    if len(text) > 4 and text.startswith("**") and text.endswith("**") and "*" not in text[2:-2]:
        text = text[2:-2].strip()
    closing = QUOTES.get(text[:1], "")
    inner = text[1:-1]
    if len(text) > 1 and text[-1] in closing and not any(sign in inner for sign in '"“”„«»'):
        text = inner.strip()
    return text
