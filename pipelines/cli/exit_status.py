"""What a command ends with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from persona_hub.transforms.errors import InvalidInputError

DONE, FAILED, WRONG_COMMAND, BUDGET_SPENT, NOTHING_TO_READ = 0, 1, 2, 3, 4

LONGEST_NAME = 256  # of a file: what is longer is none
MOST_MEANT, SHORTEST_PART = 3, 3  # flags that a question names; letters of a word that may be a part of one


class UsageError(InvalidInputError):
    """The command was wrong; the message names the flag and the remedy."""


class UnknownArgument(UsageError):
    """An argument that neither the command knows nor Beam. Its value is never shown: it may be a key."""

    def __init__(self, argument: str, known: Iterable[str]):
        self.argument, self.known = argument, tuple(known)
        super().__init__(self.told(self.known))

    def told(self, known: Iterable[str]) -> str:
        """What is wrong, and which of the flags `known` may have been meant."""
        if not self.argument.startswith("-"):
            name = f" {self.argument}" if len(self.argument) < LONGEST_NAME and Path(self.argument).exists() else ""
            hint = "quote a glob, so that the shell leaves it alone"
            if "like" in known:
                hint = "put the text that is searched for in quotes"
            elif "version" in known and "input" not in known:
                hint = "name a version with --version"
            return f"an argument{name} that belongs to no flag ({hint})"
        name = self.argument.partition("=")[0]
        return f"unknown argument {name}{meant(name, [f'--{one}' for one in known])}"


def meant(typed: str, known: Iterable[str]) -> str:
    """A question after what may have been meant by a word with a slip in it, or by a part of a name; "" if by nothing.

    >>> meant("--hops", ["--output", "--expand_hops"]), meant("--outptu", ["--output", "--expand_hops"])
    ('; did you mean --expand_hops?', '; did you mean --output?')
    """
    names = list(dict.fromkeys(known))
    near = [name for name in names if is_part(typed, name)] or get_close_matches(typed, names, n=1, cutoff=0.7)
    return f"; did you mean {' or '.join(near[:MOST_MEANT])}?" if near else ""


def is_part(typed: str, name: str) -> bool:
    """Whether each word of `typed` begins a word of `name`: "--max_doc" is a part of "--max_documents"."""
    parts, words = ([word for word in re.split("[-_]", text) if word] for text in (typed, name))
    return bool(parts) and all(
        len(part) >= SHORTEST_PART and any(word.startswith(part) for word in words) for part in parts
    )


class Submitted(Exception):
    """No error: the job runs on without this process. The message says where to look at it."""


class NothingToRead(Exception):
    """What a refresh is to read is not there, or not yet; the message names the pattern."""


class JobError(RuntimeError):
    """The job failed; the message says in one line what happened."""
