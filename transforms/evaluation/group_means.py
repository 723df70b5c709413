"""Means of several columns with intervals, as whole numbers that merge exactly.

Values are kept as multiples of 2^-20, summed within GROUPS groups of units by their hash; the interval is of a
delete-a-group jackknife, so it holds, too, where a unit (a document, a persona) has several rows that go together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.evaluation.figures import Figure, jackknife
from persona_hub.transforms.evaluation.hash_sample import Keys

GROUPS = 32  # of units: Student's t at 31 degrees of freedom is 4% above the normal
UNIT = 2.0**20  # 10^9 rows of values up to 8,000 fit 63 bits
LARGEST = 2.0**20  # of a value, by size: what is above counts as so much


@dataclass(frozen=True, eq=False)
class GroupMeans:
    """Sums of columns by group. Weighs 16 * GROUPS bytes a column: 0.5 KB."""

    names: tuple[str, ...]
    sums: npt.NDArray[np.int64]  # shape (GROUPS, columns)
    rows: npt.NDArray[np.int64]  # the same shape: rows that have a value

    @classmethod
    def of(cls, *names: str) -> GroupMeans:
        """Nothing yet."""
        empty = np.zeros((GROUPS, len(names)), np.int64)
        return cls(names, empty, empty)

    def add(self, keys: Keys, values: npt.ArrayLike) -> GroupMeans:
        """With rows of the units of `keys`, hashes by `row_keys`; values of shape (rows, columns), NaN for none."""
        given = np.asarray(values, np.float64).reshape(len(keys), len(self.names))
        known = ~np.isnan(given)
        whole = np.rint(np.clip(np.where(known, given, 0.0), -LARGEST, LARGEST) * UNIT).astype(np.int64)
        group = (keys >> np.uint64(32)).astype(np.int64) % GROUPS
        sums, rows = np.zeros_like(self.sums), np.zeros_like(self.rows)
        np.add.at(sums, group, whole)
        np.add.at(rows, group, known.astype(np.int64))
        return GroupMeans(self.names, self.sums + sums, self.rows + rows)

    def merged(self, other: GroupMeans) -> GroupMeans:
        """Both. Raises ValueError where their columns differ."""
        if self.names != other.names:
            raise ValueError(f"means of {self.names} do not merge with those of {other.names}")
        return GroupMeans(self.names, self.sums + other.sums, self.rows + other.rows)

    def figure(self, name: str) -> Figure:
        """The mean of a column; `n` are rows. NaN of none."""
        column = self.names.index(name)
        sums, rows = self.sums[:, column].tolist(), self.rows[:, column].tolist()
        if not sum(rows):
            return Figure(math.nan)
        left = [(sum(sums) - s) / UNIT / max(sum(rows) - n, 1) for s, n in zip(sums, rows, strict=True)]
        return jackknife(sum(sums) / UNIT / sum(rows), left, rows)

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """Of all columns."""
        return {name: self.figure(name) for name in self.names}
