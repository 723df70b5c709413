"""Untrusted texts in a Markdown page: names, labels and settings show as they are, and never as markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from persona_hub.transforms.records import excerpt, printable

SHOWN_CHARACTERS = 200  # characters of an untrusted text
# Whatever Markdown, its tables, or HTML in it may take for more than a character; "://" and "www." become links.
MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+!|~$&@^=\"]|://|(?i:www)(?=\.)|^[-\d.]+(?=[.\s])|^-")
FENCE = re.compile(r"`+")


def prose(text: str, characters: int = SHOWN_CHARACTERS) -> str:
    """A text on one line of a page."""
    return MARKUP.sub(lambda found: "".join(f"&#{ord(c)};" for c in found[0]), excerpt(text, characters))


def code(text: str, characters: int = SHOWN_CHARACTERS) -> str:
    """A text on one line as code, also in a table, where a bar would end the cell: it becomes another sign like it."""
    shown = excerpt(text, characters).replace("|", "\u00a6")
    fence = "`" * (1 + max((len(run) for run in FENCE.findall(shown)), default=0))
    padding = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def code_block(text: str, language: str = "") -> str:
    """Lines as a block of code, in a fence that none of them closes."""
    lines = [printable(line) for line in text.split("\n")]
    longest = max((len(run) for line in lines for run in FENCE.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; cells are escaped already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
