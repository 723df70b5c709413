"""How often keys occur (words, templates, duplicate groups), exact for a part of the keys that is drawn by their hash.

Of n keys those stay whose mixed bits are below 2^-level of all; the level rises when there are more than `most`. It
ends where it would have ended in any order, and a key that stays was counted from the beginning (the adaptive sampling
of M. Wegman; P. Flajolet, On adaptive sampling, Computing 1990). The number of keys has a standard error of about
1.2 / sqrt(most), 0.5% at MOST_KEYS; up to `most` keys all is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.evaluation.diversity.coverage import Abundance, abundance_of
from persona_hub.transforms.similarity.arrays import U64, Numbers, mix, runs

MOST_KEYS = 1 << 16


@dataclass(frozen=True, eq=False)
class KeyCounts:
    """Keys and how often each occurs. Weighs at most 16 bytes a key: 1 MB of MOST_KEYS."""

    most: int = MOST_KEYS
    level: int = 0
    keys: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))  # ascending
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    units: int = 0  # rows, or texts, that keys were counted in

    def add(self, keys: Numbers, units: int) -> KeyCounts:
        """With the keys of `units` further units, 64-bit numbers; a key that comes twice counts twice."""
        inside = np.sort(keys[below(keys, self.level)])
        begin, count = runs(inside)
        return self.with_counts(self.level, inside[begin], count.astype(np.int64), units)

    def merged(self, other: KeyCounts) -> KeyCounts:
        """Both. Raises ValueError where they hold different numbers of keys."""
        if self.most != other.most:
            raise ValueError(f"counts of {self.most} keys do not merge with those of {other.most}")
        return self.with_counts(other.level, other.keys, other.counts, other.units)

    def with_counts(self, level: int, keys: Numbers, counts: Numbers, units: int) -> KeyCounts:
        """With counts of different keys, which were drawn at a level."""
        every, number = np.unique(np.concatenate([self.keys, keys]), return_inverse=True)
        total = np.zeros(len(every), np.int64)
        np.add.at(total, number, np.concatenate([self.counts, counts]))
        level = max(level, self.level)
        while True:
            stays = below(every, level)
            every, total = every[stays], total[stays]
            if len(every) <= self.most:
                return replace(self, level=level, keys=every, counts=total, units=self.units + units)
            level += 1

    @property
    def part(self) -> float:
        """The part of all keys that is counted: 1 where all are."""
        return 2.0**-self.level

    @property
    def abundance(self) -> Abundance:
        """Of all keys, as estimated from those that are counted."""
        return abundance_of(self.counts, self.units, 1 / self.part)


def below(keys: Numbers, level: int) -> npt.NDArray[np.bool_]:
    """Which keys stay at a level."""
    if level == 0:
        return np.ones(len(keys), bool)
    stays: npt.NDArray[np.bool_] = mix(keys.astype(U64)) >> U64(64 - level) == 0
    return stays
