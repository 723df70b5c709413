"""What a flag is, and the types of flags."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from persona_hub.transforms.corpus.language_codes import persona_language


@dataclass(frozen=True)
class Flag:
    """One flag. `many`: may be given several times, each time with one or more values set apart by commas.

    (Not so `paths`: a comma may be part of a file's name, so whoever looks for the files tells them apart.)
    `alone`: the value of the flag without one.
    """

    name: str
    help: str
    default: Any = ""
    type: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()
    required: bool = False
    many: bool = False
    paths: bool = False
    metavar: str = ""
    alone: Any = None


@dataclass(frozen=True)
class number:  # a type of a flag, as `int` is
    """A parser of numbers from `low` to `high`."""

    low: float
    high: float
    kind: type = int

    def __call__(self, text: str) -> Any:
        """The number that `text` says. Raises ArgumentTypeError."""
        try:
            value = self.kind(text)
        except ValueError:
            whole = "whole " if self.kind is int else ""
            raise argparse.ArgumentTypeError(f"{text!r} is no {whole}number") from None
        if not self.low <= value <= self.high or value == ANY:
            upper = "" if self.high in (ANY, LARGEST) and not value > self.high else f" to {self.high:g}"
            raise argparse.ArgumentTypeError(f"{text} is out of range: from {self.low:g}{upper}")
        return value


def truth(text: str) -> bool:
    """A parser of true and false, as a template's parameters spell them."""
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def language_of_personas(text: str) -> str:
    """A parser of `same` and of codes of languages. Raises ArgumentTypeError."""
    try:
        return persona_language(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


ANY = float("inf")
LARGEST = 1 << 53  # that a manifest, SQLite and Redis's scripts all hold exactly
COUNT, POSITIVE = number(0, LARGEST), number(1, LARGEST)
