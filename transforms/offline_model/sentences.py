"""Sentences with places to fill: "{Role} who reads about {p}", "{Role}, [der/die] über {p} liest"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

SLOT = re.compile(r"\{(\w+)\}")
GENDERED = re.compile(r"\[([^\]/]*)/([^\]/]*)\]")  # [masculine/feminine]


class Sentence:
    """One template of a phrase table, filled with slots and read back from what it filled."""

    def __init__(self, template: str):
        self.forms = (GENDERED.sub(r"\1", template), GENDERED.sub(r"\2", template))
        self.slots = frozenset(SLOT.findall(template))

    def fill(self, slots: Mapping[str, str], feminine: bool = False) -> str:
        """The sentence; what is put in is never rendered again."""
        return self.forms[feminine].format_map(slots)

    def read(self, text: str) -> dict[str, str] | None:
        """The slots of a `text` that this sentence was filled to, None where another one was."""
        return read(self.pieces[0], text) or read(self.pieces[1], text)

    @cached_property
    def pieces(self) -> tuple[list[str], list[str]]:
        """For both genders: literal, slot, literal, slot ... literal."""
        return SLOT.split(self.forms[0]), SLOT.split(self.forms[1])


def read(pieces: list[str], text: str) -> dict[str, str] | None:
    """The slots between the literal `pieces`, found from left to right: no search, 1 µs where they are not there."""
    literals = pieces[::2]
    if not text.startswith(literals[0]) or not text.endswith(literals[-1]):
        return None
    slots: dict[str, str] = {}
    at, end = len(literals[0]), len(text) - len(literals[-1])
    for i, (slot, literal) in enumerate(zip(pieces[1::2], literals[1:], strict=True), 2):
        until = end if i == len(literals) else text.find(literal, at, end)
        if until <= at:
            return None
        slots[slot] = text[at:until]
        at = until + len(literal)
    return slots
