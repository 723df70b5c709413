"""Sentence vectors: how they are stored, and compared so that every machine decides alike.

A float32 product differs in its last bits with the shape of the block and the kind of processor. Two ways around it
are used here. Stored values are float16, whose float64 products have no rounding at all: every float16 is a multiple of
2^-24, so a product is one of 2^-48, and a sum below 16 of those fits the 53 bits of a float64 in whatever order. And
what only prepares a decision is computed on a grid of whole numbers, where float32 sums are exact below 2^24.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

GRID = 4000.0  # length of a vector on the grid: by Cauchy-Schwarz every partial sum stays under (4000 + 32)^2 < 2^24
FLOAT32_MARGIN = 1e-3  # over the error of a float32 product, 384 * 2^-24 = 2e-5, and of stored lengths
BLOCK = 1024  # rows of a block of products: 1,024 x 8,192 float32 are 32 MB
HALF_EXPONENT = 2.0**112  # what the exponents of float16 and float32 are apart by: 127 - 15
HALF_BITS = ~0x70000000  # of a float16, moved up by 13: all but copies of its sign
PAIRS = 64  # pairs compared at once: under the 256 KB of memory that a job gives back as soon as it is freed

Stored = npt.NDArray[np.float16]
Grid = npt.NDArray[np.float32]
Ranks = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.intp]


def stored(vectors: npt.NDArray[np.float32]) -> Stored:
    """Vectors as they are kept: unit length, float16. Raises ValueError for one that has no direction."""
    length = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not (np.isfinite(length) & (length > 0)).all():
        raise ValueError("the embedder gave a vector that is zero or not finite")
    return (vectors / length).astype(np.float16)


def singles(vectors: Stored, times: float = 1.0, out: Grid | None = None) -> Grid:
    """Stored vectors as float32, exactly, `times` a small whole number; in `out` if given. They are finite.

    Their bits are moved to where a float32 has them, and the exponent is set right by a product. `astype` converts
    number by number: 0.57 us for 384 of them, where this takes 0.10.
    """
    single = np.empty(vectors.shape, np.float32) if out is None else out
    bits = single.view(np.int32)
    bits[...] = vectors.view(np.int16)
    bits <<= 13
    bits &= HALF_BITS
    single *= np.float32(HALF_EXPONENT * times)
    return single


def on_grid(vectors: Stored, out: Grid | None = None) -> Grid:
    """Whole numbers that stand for stored vectors, in `out` if given: one of unit length gets the length `GRID`."""
    grid = singles(vectors, GRID, out)
    return np.rint(grid, out=grid)


def rescaled(rows: Grid, length: float) -> Grid:
    """Whole numbers as ones of about `length` a row: its sum of squares is exact, then each is rounded by itself."""
    wide = rows.astype(np.float64)
    size = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    size[size == 0] = 1.0
    wide *= (length / size)[:, None]
    return np.rint(wide, out=wide).astype(np.float32)


def true_places(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """(row, column) of what is true, as `np.nonzero`, which takes ten times as long on a table as on a line."""
    flat = np.flatnonzero(mask)
    row = flat // mask.shape[1] if mask.shape[1] else flat
    return row, flat - row * mask.shape[1]


class Measured(NamedTuple):
    """Stored vectors and their squared lengths."""

    vectors: Stored
    squares: npt.NDArray[np.float64]


def measured(vectors: Stored) -> Measured:
    """The lengths are exact."""
    squares = np.empty(len(vectors))
    for start in range(0, len(vectors), PAIRS):
        block = singles(vectors[start : start + PAIRS])
        squares[start : start + PAIRS] = products(block, block)
    return Measured(vectors, squares)


def products(left: Grid, right: Grid) -> npt.NDArray[np.float64]:
    """Product of each row with the same row of the other: of float16 values a float32 holds a product whole."""
    return (left * right).sum(axis=1, dtype=np.float64)


def cosines(rows: Measured, first: Positions, second: Positions) -> npt.NDArray[np.float64]:
    """Cosine of each pair of rows: the same bits on every machine."""
    out = np.empty(len(first))
    for start in range(0, len(first), PAIRS):
        a, b = first[start : start + PAIRS], second[start : start + PAIRS]
        lengths = np.sqrt(rows.squares[a] * rows.squares[b])
        out[start : start + PAIRS] = products(singles(rows.vectors[a]), singles(rows.vectors[b])) / lengths
    return out


def exactly(
    rows: Measured, first: Positions, second: Positions, threshold: float
) -> tuple[Positions, Positions, npt.NDArray[np.float64]]:
    """Those pairs of rows whose cosine reaches `threshold`, and their cosines."""
    cosine = cosines(rows, first, second)
    near = cosine >= threshold
    return first[near], second[near], cosine[near]
