"""What `--choose` and its companions ask for, as a plain value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from persona_hub.transforms.choice.columns import ChoiceError, Column, JoinedRow, tables_of
from persona_hub.transforms.choice.conditions import Condition
from persona_hub.transforms.choice.own_columns import OWN_COLUMNS
from persona_hub.transforms.choice.where import parse_columns, parse_where

RANDOM, DIVERSE, STRATIFIED = "random", "diverse", "stratified"
MOST_COLUMNS = 4  # of strata
MOST_DIVERSE = 20_000  # personas: beyond it a choice by meaning costs hours, and strata of clusters serve as well
BETWEEN = "\x1f"  # the values in the name of a stratum


@dataclass(frozen=True)
class Method:
    """How personas are chosen among those that a condition lets pass."""

    name: str = RANDOM
    columns: tuple[Column, ...] = ()  # of strata

    def __str__(self) -> str:
        """As it is typed."""
        return f"{self.name}:{','.join(map(str, self.columns))}" if self.columns else self.name


def parse_method(text: str) -> Method:
    """The method that a text names. Raises ChoiceError."""
    name, colon, rest = text.strip().partition(":")
    if name not in (RANDOM, DIVERSE, STRATIFIED):
        raise ChoiceError(f"{text!r}: no such choice; there are random, diverse and stratified:COLUMN[,COLUMN...]")
    if name != STRATIFIED:
        if colon:
            raise ChoiceError(f"{text!r}: {name} takes no columns; stratified:COLUMN[,COLUMN...] does")
        return Method(name)
    if not rest.strip():
        raise ChoiceError(f"{text!r}: name the columns of the strata, as in stratified:language,hop")
    columns = parse_columns(rest)
    if len(columns) > MOST_COLUMNS or len(set(columns)) < len(columns):
        raise ChoiceError(f"{text!r}: at most {MOST_COLUMNS} columns, each once")
    return Method(STRATIFIED, columns)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which personas samples are made of: `samples` of each use case in all, `each` of a persona; 0: of all personas.

    The last persona of a choice gives what is left: of 5 samples, 3 of each, the first gives 3 and the second 2.
    """

    where: str = ""  # a condition
    method: Method = Method()
    seed: int = 0
    samples: int = 0
    each: int = 1
    own_files: tuple[str, ...] = ()  # a table of the user's own, whose columns are asked for as given.NAME
    own_digest: str = ""  # of what these hold

    @property
    def personas(self) -> int:
        """How many personas are chosen at most; 0: all."""
        return -(-self.samples // self.each)

    @property
    def samples_of_last(self) -> int:
        """Samples of the last persona, where so many are chosen."""
        return self.samples - (self.personas - 1) * self.each if self.samples else self.each

    @property
    def condition(self) -> Condition | None:
        """What a persona must fulfil."""
        return parse_where(self.where) if self.where else None

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns that the choice asks for."""
        condition = self.condition
        return (*(condition.columns if condition else ()), *self.method.columns)

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables beside that of personas that hold any of these."""
        own = (OWN_COLUMNS,) if self.own_files and any(column.is_given for column in self.columns) else ()
        return (*tables_of(self.columns), *own)

    @property
    def told(self) -> str:
        """The choice in a fingerprint or a message; "" for the lowest ids of all, which needs no words."""
        return " ".join(
            part
            for part in (
                f"where {self.where}" if self.where else "",
                str(self.method) if self.method != Method() else "",
                f"seed {self.seed}" if self.seed else "",
                f"columns {self.own_digest}" if self.own_digest else "",
            )
            if part
        )


def stratum_of(columns: tuple[Column, ...]) -> Callable[[JoinedRow], str]:
    """Row -> name of its stratum: its values, one after another."""
    readers = [column.reader for column in columns]
    return lambda row: BETWEEN.join(str(read(row)).casefold() for read in readers)
