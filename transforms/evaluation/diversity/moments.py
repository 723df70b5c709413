"""Mean pairwise cosine and Vendi score of all rows, from sums of their vectors: exact, in one pass, order-free.

Vectors are taken as whole numbers of norm 4,000 (`quantised`), whose products and sums of up to 500 million rows are
exact in float64. So parts merge to the last bit, however rows are sharded and whatever the order of a product's terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.evaluation.figures import Figure, clipped, jackknife
from persona_hub.transforms.evaluation.hash_sample import Keys
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.vectors.quantised import quantise

MOMENT_GROUPS = 10  # of rows by hash, for the intervals
LEAST_EIGENVALUE = 1e-12

Sums = npt.NDArray[np.float64]
Statistic = Callable[[int, Sums, Sums], float]  # of rows, their sum, and the sum of their products


@dataclass(frozen=True, eq=False)
class VectorMoments:
    """Per group: rows, sum of vectors and X^T X. Weighs 8 d (d + 1) bytes a group: of d = 512 numbers 2.1 MB.

    With one group (for hops, languages, clusters) the figures have no interval; with MOMENT_GROUPS 21 MB.
    """

    rows: npt.NDArray[np.int64]  # shape (groups,)
    sums: Sums  # shape (groups, d), whole numbers
    products: Sums  # shape (groups, d, d), whole numbers

    @classmethod
    def of(cls, dimension: int, groups: int = MOMENT_GROUPS) -> VectorMoments:
        """Nothing yet."""
        return cls(np.zeros(groups, np.int64), np.zeros((groups, dimension)), np.zeros((groups, dimension, dimension)))

    def add(self, keys: Keys, vectors: StoredVectors) -> VectorMoments:
        """With rows: their hashes by `row_keys`, and vectors of shape (rows, d). Batches of 1,000 or more are fast."""
        groups = len(self.rows)
        group = (keys >> np.uint64(32)).astype(np.int64) % groups
        rows, sums, products = self.rows + np.bincount(group, minlength=groups), self.sums.copy(), self.products.copy()
        for k in range(groups):
            x = quantise(np.ascontiguousarray(vectors[group == k])).astype(np.float64)
            sums[k] += x.sum(axis=0)
            products[k] += x.T @ x
        return VectorMoments(rows, sums, products)

    def merged(self, other: VectorMoments) -> VectorMoments:
        """Both. Raises ValueError where dimensions or numbers of groups differ."""
        if self.sums.shape != other.sums.shape:
            raise ValueError(f"moments of shape {self.sums.shape} do not merge with those of {other.sums.shape}")
        return VectorMoments(self.rows + other.rows, self.sums + other.sums, self.products + other.products)

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
        n, total, products = int(self.rows.sum()), self.sums.sum(axis=0), self.products.sum(axis=0)
        if n < least_rows:
            return Figure(math.nan, n=n)
        value = float(statistic(n, total, products))
        if len(self.rows) == 1:
            return Figure(value, n=n)
        left = [
            float(statistic(n - rows, total - own, products - square)) if n - rows >= least_rows else math.nan
            for rows, own, square in zip(self.rows.tolist(), self.sums, self.products, strict=True)
        ]
        sizes = [0 if math.isnan(one) else rows for one, rows in zip(left, self.rows.tolist(), strict=True)]
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
