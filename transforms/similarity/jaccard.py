"""Jaccard similarity in whole numbers: a threshold is a fraction, so that 0.9 is 9/10 on every machine.

With o tokens in common, sizes n and m, and d = n + m - 2 o tokens in one set only:
J >= p/q  <=>  (p + q) o >= p (n + m)  <=>  (q + p) d <= (q - p) (n + m).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from persona_hub.transforms.similarity.arrays import I64, U32, Numbers, ragged, spans

PAD_LEFT, PAD_RIGHT = U32(0xFFFFFFFF), U32(0xFFFFFFFE)
BLOCK_VALUES = 1 << 17  # tokens compared at a time: half a megabyte stays in the cache


@dataclass(frozen=True)
class Threshold:
    """The similarity p/q from which on two token sets are near-duplicates."""

    p: int
    q: int

    @classmethod
    def of(cls, value: float) -> Threshold:
        """The fraction meant by a decimal number: 0.9 is 9/10, not 0.90000000000000002."""
        fraction = Fraction(value).limit_denominator(1000)
        return cls(fraction.numerator, fraction.denominator)

    def reached(self, overlap: Numbers, sizes: Numbers) -> Numbers:
        """Whether pairs with so many tokens in common, and so many in both sets taken together, are duplicates."""
        return (self.p + self.q) * overlap >= self.p * sizes

    def slack(self, sizes: Numbers) -> Numbers:
        """How many tokens may stand in one set only, for sets that have so many tokens taken together."""
        return (self.q - self.p) * sizes // (self.q + self.p)

    def smallest(self, size: Numbers) -> Numbers:
        """The fewest tokens of a duplicate of a set of so many."""
        return -(-self.p * size // self.q)

    def largest(self, size: Numbers) -> Numbers:
        """The most tokens of a duplicate of a set of so many."""
        return self.q * size // self.p

    def __str__(self) -> str:
        return f"{self.p / self.q:g}"


def overlaps(tokens: Numbers, count: Numbers, left: Numbers, right: Numbers, begin: Numbers | None = None) -> Numbers:
    """Tokens in common of the rows left[i] and right[i] of a ragged array of sets.

    Row i is tokens[begin[i] : begin[i] + count[i]]; without `begin`, rows lie one after another.
    """
    out = np.empty(len(left), I64)
    widest = np.maximum(count[left], count[right])
    order = np.argsort(widest, kind="stable")
    offsets = spans(count)[:-1] if begin is None else begin
    at = 0
    while at < len(order):
        width = max(1, int(widest[order[at]]))
        width = -(-width // 8) * 8 if width < 64 else 1 << (width - 1).bit_length()  # a few widths, not one each
        end = int(np.searchsorted(widest, width, "right", sorter=order))
        table, place = padded(tokens, offsets, count, left, right, order[at:end], width)
        step = max(1, BLOCK_VALUES // (2 * width))
        for i in range(at, end, step):
            pairs = order[i : min(i + step, end)]
            one, two = table[place[left[pairs]]], table[place[right[pairs]]]
            two[two == PAD_LEFT] = PAD_RIGHT
            both = np.concatenate([one, two], 1)
            both.sort(1)
            equal = np.count_nonzero(both[:, 1:] == both[:, :-1], 1)
            spare = np.maximum(width - count[left[pairs]] - 1, 0) + np.maximum(width - count[right[pairs]] - 1, 0)
            out[pairs] = equal - spare
        at = end
    return out


def padded(
    tokens: Numbers, offsets: Numbers, count: Numbers, left: Numbers, right: Numbers, pairs: Numbers, width: int
) -> tuple[Numbers, Numbers]:
    """(table of the rows in some pairs, filled up to `width`; the line of each row in it)."""
    used = np.zeros(len(count), bool)
    used[left[pairs]] = True
    used[right[pairs]] = True
    rows = np.flatnonzero(used)
    place = np.zeros(len(count), I64)
    place[rows] = np.arange(len(rows))
    table = np.full((len(rows), width), PAD_LEFT, U32)
    table[np.arange(width) < count[rows, None]] = tokens[ragged(offsets[rows], count[rows])]
    return table, place
