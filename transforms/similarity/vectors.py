"""Sentence vectors: how they are stored, packed for a shuffle, and compared so that every machine decides alike.

A float32 product differs in its last bits with the shape of the block and the kind of processor. Two ways around it
are used here. Stored values are float16, whose float64 products have no rounding at all: every float16 is a multiple of
2^-24, so a product is one of 2^-48, and a sum below 16 of those fits the 53 bits of a float64 in whatever order. And
what only prepares a decision is computed on a grid of whole numbers, where float32 sums are exact below 2^24.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from transforms.similarity import spill

GRID = 4000.0  # length of a vector on the grid: by Cauchy-Schwarz every partial sum stays under (4000 + 32)^2 < 2^24
FLOAT32_MARGIN = 1e-3  # over the error of a float32 product, 384 * 2^-24 = 2e-5, and of stored lengths
BLOCK = 1024  # rows of a block of products: 1,024 x 8,192 float32 are 32 MB
PAIRS = 256  # pairs compared at once: what stays in the second-level cache

Stored = npt.NDArray[np.float16]
Grid = npt.NDArray[np.float32]
Ranks = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.intp]


def pack(*arrays: npt.NDArray[Any]) -> bytes:
    """Arrays as one value of a shuffle."""
    packed = pickle.dumps(arrays, pickle.HIGHEST_PROTOCOL)
    place = spill.put(packed)
    return packed if place is None else pickle.dumps(place, pickle.HIGHEST_PROTOCOL)


def unpack(packed: bytes) -> tuple[npt.NDArray[Any], ...]:
    """The arrays that `pack` was given."""
    arrays: tuple[npt.NDArray[Any], ...] | spill.Place = pickle.loads(packed)
    return pickle.loads(spill.get(arrays)) if isinstance(arrays, spill.Place) else arrays


def stack(packs: Iterable[bytes]) -> list[npt.NDArray[Any]]:
    """The arrays of many packs, each joined along its rows, in the order of the first array."""
    joined = [np.concatenate(arrays) for arrays in zip(*map(unpack, packs), strict=True)]
    order = np.argsort(joined[0], kind="stable")
    return [array[order] for array in joined]


def stored(vectors: npt.NDArray[np.float32]) -> Stored:
    """Vectors as they are kept: unit length, float16. Raises ValueError for one that has no direction."""
    length = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not (np.isfinite(length) & (length > 0)).all():
        raise ValueError("the embedder gave a vector that is zero or not finite")
    return (vectors / length).astype(np.float16)


def on_grid(vectors: Stored) -> Grid:
    """Whole numbers that stand for stored vectors: a vector of unit length gets the length `GRID`."""
    grid = vectors.astype(np.float32)
    grid *= np.float32(GRID)
    return np.rint(grid, out=grid)


def true_places(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """(row, column) of what is true, as `np.nonzero`, which takes ten times as long on a table as on a line."""
    flat = np.flatnonzero(mask)
    row = flat // mask.shape[1] if mask.shape[1] else flat
    return row, flat - row * mask.shape[1]


class Wide(NamedTuple):
    """Stored vectors, ready to be compared: as float32, and their squared lengths."""

    rows: Grid
    squares: npt.NDArray[np.float64]


def widen(vectors: Stored) -> Wide:
    """Both are exact."""
    rows, squares = np.empty(vectors.shape, np.float32), np.empty(len(vectors))
    for start in range(0, len(vectors), PAIRS):
        block = slice(start, start + PAIRS)
        rows[block] = vectors[block]
        squares[block] = products(rows[block], rows[block])
    return Wide(rows, squares)


def products(left: Grid, right: Grid) -> npt.NDArray[np.float64]:
    """Product of each row with the same row of the other: of float16 values a float32 holds a product whole."""
    return (left * right).sum(axis=1, dtype=np.float64)


def cosines(wide: Wide, first: Positions, second: Positions) -> npt.NDArray[np.float64]:
    """Cosine of each pair of rows: the same bits on every machine."""
    out = np.empty(len(first))
    for start in range(0, len(first), PAIRS):
        a, b = first[start : start + PAIRS], second[start : start + PAIRS]
        lengths = np.sqrt(wide.squares[a] * wide.squares[b])
        out[start : start + PAIRS] = products(wide.rows[a], wide.rows[b]) / lengths
    return out


def exactly(
    wide: Wide, first: Positions, second: Positions, threshold: float
) -> tuple[Positions, Positions, npt.NDArray[np.float64]]:
    """Those pairs of rows whose cosine reaches `threshold`, and their cosines."""
    cosine = cosines(wide, first, second)
    near = cosine >= threshold
    return first[near], second[near], cosine[near]
