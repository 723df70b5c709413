"""What an answer is read as: one of these types, each with what is needed to compare it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from persona_hub.transforms.answers.formulas.trees import Node
from persona_hub.transforms.answers.notation.units import Unit

LONG_DIGITS = 15  # significant digits from which a decimal is a float that a program printed
PERCENT = "percent"


@dataclass(frozen=True)
class Number:
    """An exact number, and how it was written.

    `step` is one unit of the last decimal place ("3.33": 1/100; "1.5 million": 100,000), None for what is no decimal.
    """

    value: Fraction
    step: Fraction | None = None
    decimals: int = 0  # after the point
    digits: int = 0  # significant ones

    @property
    def long(self) -> bool:
        """Whether it looks like a float that a program printed."""
        return self.decimals > 0 and self.digits >= LONG_DIGITS

    def times(self, factor: Fraction) -> Number:
        """The number in another unit."""
        return Number(self.value * factor, self.step * abs(factor) if self.step else None, self.decimals, self.digits)


@dataclass(frozen=True)
class Quantity:
    """A number or a formula, with its unit; `about`: it says that it is rounded."""

    number: Number | Node
    unit: Unit | None = None
    about: bool = False
    doubtful: bool = False  # its unit may be a variable: 5m


@dataclass(frozen=True)
class Clock:
    """A time of day; `half_day`: it may be before noon or after it."""

    minutes: Fraction
    half_day: bool


@dataclass(frozen=True)
class Date:
    """A day; what is not said is 0."""

    year: int
    month: int
    day: int


@dataclass(frozen=True)
class Ratio:
    """Numbers of which only the proportion counts."""

    parts: tuple[Fraction, ...]


@dataclass(frozen=True)
class Group:
    """Several values.

    `kind`: set {}, tuple (), list [], plain (without brackets), alternatives (with "or"), union of intervals, assigned
    (several variables with their values).
    """

    kind: str
    items: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True)
class Interval:
    """Numbers between two, None where there is no bound; `name` of the variable, if any."""

    low: Quantity | None
    high: Quantity | None
    closed: tuple[bool, bool]
    name: str = ""


@dataclass(frozen=True)
class Assigned:
    """A value with the variable that has it: x = 5."""

    name: str
    value: tuple[Value, ...]


@dataclass(frozen=True)
class Equation:
    """A formula that is zero."""

    zero: Node


@dataclass(frozen=True)
class Choice:
    """A letter of several answers, with what stands after it."""

    letter: str
    content: str = ""


@dataclass(frozen=True)
class Truth:
    """Yes or no."""

    value: bool


@dataclass(frozen=True)
class Words:
    """A text that is nothing else."""

    text: str


Value = Quantity | Clock | Date | Ratio | Group | Interval | Assigned | Equation | Choice | Truth | Words
