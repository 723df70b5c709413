"""Few-shot prompting: examples from a file of JSON Lines, with the persona that each came from or without."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from persona_hub.transforms.files.user_text import FileError, read_text
from persona_hub.transforms.prompts import Prompt
from persona_hub.transforms.synthesis.use_case import UseCaseError

PERSONA_KEY, TEXT_KEY = "input persona", "synthesized text"  # keys of the released dataset, and so of our own samples
EXAMPLES_LIMIT = 32  # every call pays for all of them
EXAMPLE_CHARACTERS = 20_000
EXAMPLES_HEADING = """\
Here are examples of what is wanted. Match their kind and their quality; take neither topic nor words from them, and
answer in the form that is asked for at the end, whatever theirs is."""


class Example(NamedTuple):
    """A piece of data like those wanted."""

    text: str
    persona: str = ""


def read_examples(path: str) -> list[Example]:
    """The examples in a file of JSON Lines. Raises UseCaseError, which names the line and the remedy."""
    try:
        lines = read_text(path).split("\n")  # and not at the other line ends of Unicode, which JSON may hold
    except FileError as error:
        raise UseCaseError(f"--examples {error}") from error
    found = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise UseCaseError(f"--examples {path}: no example in it; give one JSON object on each line")
    if len(found) > EXAMPLES_LIMIT:
        limit = f"every prompt would carry them; keep at most {EXAMPLES_LIMIT}"
        raise UseCaseError(f"--examples {path}: {len(found)} examples, and {limit}")
    examples = [example_of(line, f"--examples {path}, line {number}") for number, line in found]
    with_persona = sum(1 for example in examples if example.persona)
    if with_persona not in (0, len(examples)):
        bare = next(number for (number, _), example in zip(found, examples, strict=True) if not example.persona)
        raise UseCaseError(
            f"--examples {path}, line {bare}: no {PERSONA_KEY!r}, which others have; all or none need it"
        )
    return examples


def example_of(line: str, where: str) -> Example:
    """The example on one line. Raises UseCaseError."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UseCaseError(f"{where}: not JSON ({error}); give one object on each line") from error
    if not isinstance(row, dict):
        raise UseCaseError(f"{where}: not a JSON object; write {{{TEXT_KEY!r}: ..., {PERSONA_KEY!r}: ...}} in JSON")
    for key in (TEXT_KEY, PERSONA_KEY):
        if not isinstance(row.get(key, ""), str):
            raise UseCaseError(f"{where}: {key!r} is not a string")
    text, persona = row.get(TEXT_KEY, "").strip(), row.get(PERSONA_KEY, "").strip()
    if not text:
        raise UseCaseError(f"{where}: no {TEXT_KEY!r}; it holds the text that a model shall take as its example")
    if len(text) > EXAMPLE_CHARACTERS:
        raise UseCaseError(f"{where}: {len(text)} characters in {TEXT_KEY!r}; at most {EXAMPLE_CHARACTERS}")
    return Example(text, persona)


def render_examples(examples: Sequence[Example], prompt: Prompt) -> str:
    """What takes the place of $examples: their texts as data, each between tags, which it cannot close."""
    if not examples:
        return ""
    parts = [EXAMPLES_HEADING]
    for example in examples:
        persona = f"<persona>\n{prompt.harmless(example.persona)}\n</persona>\n" if example.persona else ""
        parts.append(f"<example>\n{persona}{prompt.harmless(example.text)}\n</example>")
    return "\n".join(parts)
