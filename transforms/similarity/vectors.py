"""Sentence vectors: how they are stored, packed for a shuffle, and compared so that every machine decides alike.

A float32 product differs in its last bits with the shape of the block and the kind of processor. Two ways around it
are used here. Stored values are float16, whose float64 products have no rounding at all: every float16 is a multiple of
2^-24, so a product is one of 2^-48, and a sum below 16 of those fits the 53 bits of a float64 in whatever order. And
what only prepares a decision is computed on a grid of whole numbers, where float32 sums are exact below 2^24.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from transforms.similarity import spill

GRID = 4000.0  # length of a vector on the grid: by Cauchy-Schwarz every partial sum stays under (4000 + 32)^2 < 2^24
FLOAT32_MARGIN = 1e-3  # over the error of a float32 product, 384 * 2^-24 = 2e-5, and of stored lengths
BLOCK = 1024  # rows of a block of products: 1,024 x 8,192 float32 are 32 MB

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


def cosines(left: Stored, right: Stored) -> npt.NDArray[np.float64]:
    """Cosine of each row of `left` with the same row of `right`: the same bits on every machine."""
    out = np.empty(len(left))
    for start in range(0, len(left), BLOCK):
        a = left[start : start + BLOCK].astype(np.float64)
        b = right[start : start + BLOCK].astype(np.float64)
        squares = np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b)
        out[start : start + BLOCK] = np.einsum("ij,ij->i", a, b) / np.sqrt(squares)
    return out


def exactly(
    vectors: Stored, first: Positions, second: Positions, threshold: float
) -> tuple[Positions, Positions, npt.NDArray[np.float64]]:
    """Those pairs of rows whose cosine reaches `threshold`, and their cosines."""
    cosine = cosines(vectors[first], vectors[second])
    near = cosine >= threshold
    return first[near], second[near], cosine[near]


def check(
    vectors: Stored, first: Positions, second: Positions, threshold: float
) -> tuple[Positions, Positions, npt.NDArray[np.float64]]:
    """As `exactly`, where most pairs are far: float32 tells those, in a third of the time."""
    single = vectors.astype(np.float32)
    near = np.zeros(len(first), bool)
    for start in range(0, len(first), BLOCK):
        a, b = single[first[start : start + BLOCK]], single[second[start : start + BLOCK]]
        near[start : start + BLOCK] = np.einsum("ij,ij->i", a, b) >= threshold - FLOAT32_MARGIN
    return exactly(vectors, first[near], second[near], threshold)
