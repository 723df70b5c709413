"""Counts of personas by all their attributes at once: whole numbers that merge exactly, and give all else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import orjson

from persona_hub.transforms.attributes import UNSPECIFIED

READ_ATTRIBUTES = ("language", "occupation", "seniority", "life_stage", "country", "education")  # from texts
SEX = "sex"  # from a column that given personas came with
ATTRIBUTES = (*READ_ATTRIBUTES, SEX)
SEX_COLUMNS = ("sex", "gender")
SEXES = {"male": "male", "m": "male", "man": "male", "female": "female", "f": "female", "woman": "female"}

Cell = tuple[str, ...]  # a value of each attribute


@dataclass(frozen=True)
class PairTable:
    """A table of two attributes as far as both are known: `counts` is (values of the first, values of the second)."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """How many personas have each combination of values, UNSPECIFIED where an attribute is not known.

    Memory goes with the combinations that there are, 0.3 KB each: of 1,000,000 personas some ten thousand.
    """

    attributes: tuple[str, ...] = ATTRIBUTES
    counts: Mapping[Cell, int] = field(default_factory=dict)

    def add(self, rows: Iterable[Cell]) -> Cells:
        """These and rows of values, one for each attribute in order; "" counts as UNSPECIFIED."""
        return self.merged(self.of(rows, self.attributes))

    @classmethod
    def of(cls, rows: Iterable[Cell], attributes: Sequence[str] = ATTRIBUTES) -> Cells:
        """The counts of rows. Raises ValueError for a row of another length."""
        found: Counter[Cell] = Counter()
        for row, count in Counter(rows).items():
            if len(row) != len(attributes):
                raise ValueError(f"{len(row)} values where {len(attributes)} attributes are: {', '.join(attributes)}")
            found[tuple(value or UNSPECIFIED for value in row)] += count
        return cls(tuple(attributes), found)

    def merged(self, other: Cells) -> Cells:
        """These and others. Raises ValueError where the attributes differ."""
        if self.attributes != other.attributes:
            raise ValueError(f"counts of {self.attributes} do not merge with those of {other.attributes}")
        few, many = sorted((self.counts, other.counts), key=len)
        found = Counter(many)
        found.update(few)
        return replace(self, counts=found)

    @property
    def total(self) -> int:
        """Personas."""
        return sum(self.counts.values())

    def place(self, attribute: str) -> int:
        """Where an attribute stands in a cell. Raises ValueError, which names those that there are."""
        if attribute not in self.attributes:
            raise ValueError(f"no attribute {attribute!r}; there are {', '.join(self.attributes)}")
        return self.attributes.index(attribute)

    def over(self, attributes: Sequence[str]) -> Cells:
        """The counts over some of the attributes, in their order, cells sorted."""
        places = [self.place(attribute) for attribute in attributes]
        found: Counter[Cell] = Counter()
        for cell, count in self.counts.items():
            found[tuple(cell[place] for place in places)] += count
        return Cells(tuple(attributes), dict(sorted(found.items())))

    def margin(self, attribute: str) -> dict[str, int]:
        """Personas by the value of an attribute, UNSPECIFIED among them, sorted."""
        return {cell[0]: count for cell, count in self.over([attribute]).counts.items()}

    def known(self, attribute: str) -> dict[str, int]:
        """The same without UNSPECIFIED."""
        return {value: count for value, count in self.margin(attribute).items() if value != UNSPECIFIED}

    def pair(self, first: str, second: str) -> PairTable:
        """The table of two attributes, of the personas of which both are known."""
        cells = {cell: n for cell, n in self.over([first, second]).counts.items() if UNSPECIFIED not in cell}
        rows, columns = (tuple(sorted({cell[side] for cell in cells})) for side in (0, 1))
        counts = np.zeros((len(rows), len(columns)), np.int64)
        row, column = ({value: place for place, value in enumerate(side)} for side in (rows, columns))
        for (a, b), count in cells.items():
            counts[row[a], column[b]] = count
        return PairTable(rows, columns, counts)


def sex_of(given: str) -> str:
    """The sex that a column of a given persona says; UNSPECIFIED without one. `given`: a JSON object, or ""."""
    if not given:
        return UNSPECIFIED
    try:
        columns = orjson.loads(given)
    except orjson.JSONDecodeError:
        return UNSPECIFIED
    if not isinstance(columns, dict):  # a damaged row
        return UNSPECIFIED
    said = {name.lower(): str(value).strip().lower() for name, value in columns.items()}
    return next((SEXES[said[name]] for name in SEX_COLUMNS if said.get(name) in SEXES), UNSPECIFIED)
