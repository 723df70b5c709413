"""What the product prints and logs: lines that hold nothing but what can be shown.

Personas, answers, names of files and words of servers come from strangers. Whatever is printed goes through `say`, and
whatever is logged through `Lines`, so that none of it steers the terminal.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterable
from types import TracebackType
from typing import TextIO

from persona_hub.transforms.records import printable

OWN = "persona_hub"


def say(*texts: object, file: TextIO | None = None, flush: bool = False) -> None:
    """Prints texts, one below the other, on standard output; what is not printable in their lines becomes a space."""
    print("\n".join(printable_lines(str(text)) for text in texts), file=file, flush=flush)


def say_lines(lines: Iterable[str]) -> None:
    """Prints each text on one line, whatever it holds: no name or value makes a line of its own."""
    print("\n".join(map(printable, lines)))


def printable_lines(text: str) -> str:
    """A text of one or more lines, each of them `printable`."""
    return "\n".join(map(printable, text.split("\n")))


def say_traceback(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """Prints a traceback as Python does, without what would steer the terminal: messages quote what was read."""
    say("".join(traceback.format_exception(kind, error, at)).rstrip("\n"), file=sys.stderr)


class Lines(logging.Formatter):
    """`persona-hub: warning: ...` for the product's own records; those of libraries keep Python's usual form."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as it is printed."""
        text = printable_lines(super().format(record))
        own = record.name.partition(".")[0] == OWN
        return f"persona-hub: {record.levelname.lower()}: {text}" if own else f"{record.levelname}:{record.name}:{text}"


def show_log() -> None:
    """Sets the handler of the process, unless it has one: of a program that uses this one as a library."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler])
