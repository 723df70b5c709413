"""Conditions on a persona's columns, as a tree that can be asked and printed.

Texts are compared without regard to case. By `<`, `<=`, `>` and `>=` they are compared letter by letter, so "2310" is
less than "3112"; what is "unspecified" or lacks is neither less nor more than anything. Columns of given personas are
compared as numbers where both sides are numbers: 9 is less than 30. A cluster is equal to those above it: 3.1.4 to 3.1.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from persona_hub.transforms.choice.columns import UNSPECIFIED, Column, JoinedRow, is_bare, quoted

ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
KEYWORDS = ("and", "or", "not", "in", "contains")
PATH_MARK = "."  # between the levels of a cluster's id
NUMBER_CHARACTERS = 40  # of a text that may be a number


class Condition(Protocol):
    """What holds of a row or does not."""

    def holds(self, row: JoinedRow) -> bool:
        """Whether it holds."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that it asks for."""


@dataclass(frozen=True)
class Comparison:
    """Column, operator, value: `hop < 2`, `country = DE`, `text contains 'night shift'`."""

    column: Column
    sign: str  # = != < <= > >= contains
    value: str
    test: Callable[[Any], bool] = field(init=False, repr=False, compare=False)
    read: Callable[[JoinedRow], Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "test", test_of(self.column, self.sign, self.value))
        object.__setattr__(self, "read", self.column.reader)

    def __reduce__(self) -> tuple[Any, ...]:
        return Comparison, (self.column, self.sign, self.value)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The one that is compared."""
        return (self.column,)

    def holds(self, row: JoinedRow) -> bool:
        """Whether the row's value compares so."""
        return self.test(self.read(row))

    def __str__(self) -> str:
        """As it can be typed."""
        sign = f" {self.sign} " if self.sign.isalpha() else self.sign
        return f"{self.column}{sign}{value_text(self.value)}"


@dataclass(frozen=True)
class OneOf:
    """`column in (a, b)`."""

    column: Column
    values: tuple[str, ...]
    parts: tuple[Comparison, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(Comparison(self.column, "=", value) for value in self.values))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The one that is compared."""
        return (self.column,)

    def holds(self, row: JoinedRow) -> bool:
        """Whether the row's value is one of these."""
        return any(part.holds(row) for part in self.parts)

    def __str__(self) -> str:
        """As it can be typed."""
        return f"{self.column} in ({', '.join(map(value_text, self.values))})"


@dataclass(frozen=True)
class Not:
    """What does not hold."""

    part: Condition

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those of the part."""
        return self.part.columns

    def holds(self, row: JoinedRow) -> bool:
        """Whether the part does not hold."""
        return not self.part.holds(row)

    def __str__(self) -> str:
        """As it can be typed."""
        return f"not ({self.part})"


@dataclass(frozen=True)
class AllOf:
    """Parts joined by `and`."""

    parts: tuple[Condition, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those of all parts."""
        return tuple(column for part in self.parts for column in part.columns)

    def holds(self, row: JoinedRow) -> bool:
        """Whether every part holds."""
        return all(part.holds(row) for part in self.parts)

    def __str__(self) -> str:
        """As it can be typed."""
        return " and ".join(f"({part})" if isinstance(part, AnyOf) else str(part) for part in self.parts)


@dataclass(frozen=True)
class AnyOf:
    """Parts joined by `or`."""

    parts: tuple[Condition, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those of all parts."""
        return tuple(column for part in self.parts for column in part.columns)

    def holds(self, row: JoinedRow) -> bool:
        """Whether any part holds."""
        return any(part.holds(row) for part in self.parts)

    def __str__(self) -> str:
        """As it can be typed."""
        return " or ".join(map(str, self.parts))


def test_of(column: Column, sign: str, value: str) -> Callable[[Any], bool]:
    """Value of a row -> whether it compares so with `value`."""
    if column.is_number:
        number = int(value)
        if sign in ORDERINGS:
            order = ORDERINGS[sign]
            return lambda found: order(found, number)
        return lambda found: (found == number) == (sign == "=")
    wanted = value.casefold()
    if sign == "contains":
        return lambda found: wanted in found.casefold()
    if sign not in ORDERINGS and column.is_path:
        below = f"{wanted}{PATH_MARK}"
        return lambda found: (found == wanted or found.startswith(below)) == (sign == "=")
    if sign not in ORDERINGS:
        return lambda found: (found.casefold() == wanted) == (sign == "=")
    compare, numeric = ORDERINGS[sign], number_in(value) if column.is_given else None
    if numeric is not None:
        return lambda found: (it := number_in(found)) is not None and compare(it, numeric)
    return lambda found: found not in ("", UNSPECIFIED) and compare(found.casefold(), wanted)


def number_in(text: str) -> float | None:
    """The number that a text is, None where it is none."""
    try:
        number = float(text) if len(text) <= NUMBER_CHARACTERS else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def value_text(value: str) -> str:
    """A value as it is typed."""
    return value if is_bare(value) and value.lower() not in KEYWORDS else quoted(value)
