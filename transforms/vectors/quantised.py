"""Quantised vectors: whole numbers in float32, whose products are exact and so the same on every machine.

What only prepares a decision (centroids, cells, sketches) is computed on these: a float32 product of whole numbers is
exact while every partial sum stays below 2^24. Rows have the norm 4,000, and by Cauchy-Schwarz no partial sum of two of
them exceeds (4,000 + 32)^2, which is 16.3 million, where 2^24 is 16.8. The 32 is for rounding: up to 4,096 coordinates
by a half each. The unit vector (0.6, 0.8, 0.0) is (2400, 3200, 0), and its product with itself is 16,000,000.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.vectors.float16 import StoredVectors, to_float32

QUANTISED_NORM = 4000.0

Quantised = npt.NDArray[np.float32]  # shape (rows, dimension), whole numbers


def quantise(vectors: StoredVectors, out: Quantised | None = None) -> Quantised:
    """Stored vectors as whole numbers with rows of norm QUANTISED_NORM; written to `out` if it is given."""
    rows = to_float32(vectors, QUANTISED_NORM, out)
    return np.rint(rows, out=rows)


def rescaled(rows: Quantised, norm: float | npt.NDArray[np.float64]) -> Quantised:
    """Whole numbers as others with rows of about `norm`, one for all or each its own; zero rows as they are.

    A row's sum of squares is exact, and then each number is rounded by itself, so nothing depends on an order.
    """
    wide = rows.astype(np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    norms[norms == 0] = 1.0
    wide *= (norm / norms)[:, None]
    return np.rint(wide, out=wide).astype(np.float32)
