"""The words of a condition, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from persona_hub.transforms.choice.columns import ChoiceError
from persona_hub.transforms.records import excerpt, printable

LONGEST_CONDITION = 2000  # characters of a condition
SHOWN_BEFORE, SHOWN_AFTER = 60, 40  # characters of a condition around the place of an error
TOKEN_PATTERN = re.compile(
    r"""\s*(?:
      (?P<quoted>[^\s'"()=!<>,]*(?:'(?:[^']|'')*'|"(?:[^"]|"")*"))
    | (?P<sign><=|>=|!=|=|<|>|\(|\)|,)
    | (?P<word>[^\s'"()=!<>,]+)
    | (?P<end>$)
    )""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A word, a quoted text, a sign or the end."""

    kind: str  # "word", "quoted", "sign" or "end"
    text: str  # as it is meant: without quotes
    at: int  # where it begins, in characters
    prefix: str = ""  # what stands right before the quotes: `given.` of given.'marital status'

    @property
    def shown(self) -> str:
        """The token in a message."""
        return "the end" if self.kind == "end" else repr(excerpt(f"{self.prefix}{self.text}", SHOWN_AFTER))


def condition_tokens(text: str) -> list[Token]:
    """The tokens of a condition, the end last. Raises ChoiceError."""
    if len(text) > LONGEST_CONDITION:
        raise ChoiceError(f"has {len(text):,} characters; at most {LONGEST_CONDITION:,} are read")
    return list(scanned(text))


def scanned(text: str) -> Iterator[Token]:
    """The tokens of a condition. Raises ChoiceError."""
    at = 0
    while True:
        found = TOKEN_PATTERN.match(text, at)
        if found is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            what = "a ' or \" that is not closed" if any(c in text[at:] for c in "'\"") else "no sign of this language"
            refuse(text, at, what)
        kind = found.lastgroup or "end"
        body, at = found[kind], found.end()
        if kind == "quoted":
            prefix, mark = re.split("(['\"])", body, maxsplit=1)[:2]
            inside = body[len(prefix) + 1 : -1].replace(mark * 2, mark)
            yield Token(kind, inside, found.start(kind), prefix)
        else:
            yield Token(kind, body, found.start(kind))
        if kind == "end":
            return


def refuse(text: str, at: int, why: str) -> NoReturn:
    """Raises ChoiceError: `why`, and the text with a caret before the place."""
    before, after = printable(text[max(0, at - SHOWN_BEFORE) : at]), printable(text[at : at + SHOWN_AFTER])
    left, right = "… " * (at > SHOWN_BEFORE), " …" * (len(text) > at + SHOWN_AFTER)
    raise ChoiceError(f"{why}, at the ^ in: {left}{before}^{after}{right}")
