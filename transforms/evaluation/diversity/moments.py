"""Mean pairwise cosine and Vendi score of all rows, from sums of their vectors: exact, in one pass, order-free.

Vectors are taken as whole numbers of norm 4,000 (`quantised`), whose products and sums of up to 500 million rows are
exact in float64. So parts merge to the last bit, however rows are sharded and whatever the order of a product's terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.evaluation.figures import Figure, clipped, jackknife
from persona_hub.transforms.evaluation.hash_sample import Keys
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.vectors.quantised import quantise

MOMENT_GROUPS = 10  # of rows by hash, for the intervals
FOLDED = 8192  # rows
LEAST_EIGENVALUE = 1e-12

Sums = npt.NDArray[np.float64]
Statistic = Callable[[int, Sums, Sums], float]  # of rows, their sum, and the sum of their products


class Folded(NamedTuple):
    """Sums of rows by group."""

    rows: npt.NDArray[np.int64]  # shape (groups,)
    sums: Sums  # shape (groups, d), whole numbers
    products: Sums  # shape (groups, d, d), whole numbers


@dataclass(frozen=True, eq=False)
class VectorMoments:
    """Per group: rows, sum of vectors and X^T X. Weighs 8 d (d + 1) bytes a group: of d = 512 numbers 2.1 MB.

    With one group the figures have no interval; with MOMENT_GROUPS 21 MB. Up to FOLDED rows wait as they are, 1 KB
    each, and are folded in together: 1,000 at a time took 2.2 times the CPU.
    """

    dimension: int
    groups: int = MOMENT_GROUPS
    folded: Folded | None = None
    waiting: tuple[tuple[Keys, StoredVectors], ...] = ()

    def add(self, keys: Keys, vectors: StoredVectors) -> VectorMoments:
        """With rows: their hashes by `row_keys`, and vectors of shape (rows, d). Raises ValueError for another d."""
        if vectors.shape != (len(keys), self.dimension):
            raise ValueError(f"vectors of shape {vectors.shape} where {(len(keys), self.dimension)} is wanted")
        waiting = (*self.waiting, (keys, vectors))
        if sum(len(rows) for rows, _ in waiting) < FOLDED:
            return replace(self, waiting=waiting)
        return replace(self, folded=self.fold(waiting), waiting=())

    def merged(self, other: VectorMoments) -> VectorMoments:
        """Both. Raises ValueError where dimensions or numbers of groups differ."""
        if (self.dimension, self.groups) != (other.dimension, other.groups):
            raise ValueError(
                f"moments of {self.dimension} numbers in {self.groups} groups do not merge with those of "
                f"{other.dimension} in {other.groups}"
            )
        both = self.folded or other.folded
        if self.folded and other.folded:
            one, two = self.folded, other.folded
            both = Folded(one.rows + two.rows, one.sums + two.sums, one.products + two.products)
        return replace(self, folded=both).add_waiting(other.waiting)

    def add_waiting(self, rows: tuple[tuple[Keys, StoredVectors], ...]) -> VectorMoments:
        """With rows that waited elsewhere."""
        state = self
        for keys, vectors in rows:
            state = state.add(keys, vectors)
        return state

    def fold(self, waiting: tuple[tuple[Keys, StoredVectors], ...]) -> Folded:
        """The sums with the rows that wait."""
        groups, d = self.groups, self.dimension
        before = self.folded or Folded(np.zeros(groups, np.int64), np.zeros((groups, d)), np.zeros((groups, d, d)))
        if not waiting:
            return before
        rows, sums, products = before.rows.copy(), before.sums.copy(), before.products.copy()
        group = (np.concatenate([keys for keys, _ in waiting]) >> np.uint64(32)).astype(np.int64) % groups
        vectors = np.concatenate([each for _, each in waiting])
        rows += np.bincount(group, minlength=groups)
        for k in range(groups):
            x = quantise(vectors[group == k]).astype(np.float64)
            sums[k] += x.sum(axis=0)
            products[k] += x.T @ x
        return Folded(rows, sums, products)

    @property
    def whole(self) -> Folded:
        """The sums of all rows."""
        return self.fold(self.waiting)

    @property
    def mean_cosine(self) -> Figure:
        """The mean cosine of all pairs, (|sum|^2 - sum of |x|^2) / (n (n - 1)): 0 is most diverse, 1 all alike."""
        return self.by_groups(mean_cosine_of, -1.0, 1.0, least_rows=2)

    @property
    def vendi(self) -> Figure:
        """Vendi score of cosine (D. Friedman and A. B. Dieng, 2023): the number of different rows that would be as
        diverse, at most d. It grows with n: compare as many rows.
        """
        return self.by_groups(lambda _rows, _total, products: vendi_of(products), 1.0, math.inf)

    def by_groups(self, statistic: Statistic, least: float, most: float, least_rows: int = 1) -> Figure:
        """A statistic of all groups, and its jackknife where there are several."""
        whole = self.whole
        n, total, products = int(whole.rows.sum()), whole.sums.sum(axis=0), whole.products.sum(axis=0)
        if n < least_rows:
            return Figure(math.nan, n=n)
        value = float(statistic(n, total, products))
        if self.groups == 1:
            return Figure(value, n=n)
        left = [
            float(statistic(n - rows, total - own, products - square)) if n - rows >= least_rows else math.nan
            for rows, own, square in zip(whole.rows.tolist(), whole.sums, whole.products, strict=True)
        ]
        sizes = [0 if math.isnan(one) else rows for one, rows in zip(left, whole.rows.tolist(), strict=True)]
        figure = clipped(jackknife(value, left, sizes), least, most)
        return Figure(figure.value, figure.low, figure.high, n)


def mean_cosine_of(n: int, total: Sums, products: Sums) -> float:
    """Of the sum and the sum of products of n vectors of about one norm."""
    squares = float(np.trace(products))
    return (float(total @ total) - squares) / (n - 1) / squares


def vendi_of(products: Sums) -> float:
    """Exp of the entropy of the eigenvalues: X^T X and X X^T have the same ones, so d x d is enough."""
    shares = np.linalg.eigvalsh(products)
    shares = shares[shares > LEAST_EIGENVALUE * shares.sum()] / shares.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))
