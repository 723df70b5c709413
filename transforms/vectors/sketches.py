"""Sketches: 64 or 128 bytes that stand for a vector, and the pairs of them that may be near-duplicates."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.vectors.vectors import Grid, rescaled, true_places

PRODUCTS = 1 << 17  # products at a time: half a megabyte, which stays in the second-level cache
BLOCK = 128  # rows of a block of them at most: of its square, half is looked at in vain
COORDINATE = 36.0  # standard deviation of a coordinate: 127 is 3.5 of them
NEIGHBOURS = 32  # candidates of a row in a cell, the earliest ranked: a dense cluster stays linear ...
TWIN = 0.985  # ... and for a row that has an earlier one as near as this, and so will be dropped, TWIN_NEIGHBOURS do
TWIN_NEIGHBOURS = 8

Sketch = npt.NDArray[np.int8]
Positions = npt.NDArray[np.intp]
Candidates = tuple[Positions, Positions]  # earlier, later


def length_of(width: int) -> float:
    """The length of a sketch of so many bytes."""
    return COORDINATE * float(width) ** 0.5


@lru_cache(8)
def projection(dimension: int, width: int, seed: int) -> Grid:
    """Signs, shape (dimension, width): rows of a Hadamard matrix in random order, with flipped coordinates.

    Sums of whole numbers stay whole, and as the rows are orthogonal, a cosine of 128 out of 384 coordinates is off by
    0.87 of what independent signs give; of as many coordinates as the vectors have it is that of the vectors.
    """
    rng = np.random.Generator(np.random.PCG64([dimension, width, seed]))
    order = 1 << (max(dimension, width) - 1).bit_length()
    row, flip = rng.permutation(order)[:width], rng.integers(0, 2, (dimension, 1))
    odd = np.bitwise_count(np.arange(dimension)[:, None] & row) + flip & 1
    signs = (1 - 2 * odd.astype(np.int8)).astype(np.float32)
    signs.flags.writeable = False
    return signs


def sketch(projected: Grid) -> Sketch:
    """Sketches of projected vectors: all of one length, as bytes."""
    return np.clip(rescaled(projected, length_of(projected.shape[1])), -127, 127).astype(np.int8)


@dataclass
class Scratch:
    """Memory that is used again for every cell: a new piece for each would be as many pages from the system."""

    pieces: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def take(self, name: str, shape: tuple[int, int], kind: type) -> npt.NDArray[Any]:
        """An array of that shape; what it holds is whatever was left there."""
        size = shape[0] * shape[1]
        if name not in self.pieces or len(self.pieces[name]) < size:
            self.pieces[name] = np.empty(max(size, PRODUCTS), kind)
        return self.pieces[name][:size].reshape(shape)


def near_pairs(sketches: Sketch, least: float, fresh: int = 0, scratch: Scratch | None = None) -> Candidates:
    """Pairs of sketches whose cosine is at least `least`; of each row the earliest NEIGHBOURS, or TWIN_NEIGHBOURS and
    the earliest twin.

    The rows before `fresh` are compared with later ones only.
    """
    if len(sketches) < 2 or fresh >= len(sketches):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    scratch = scratch or Scratch()
    rows = scratch.take("rows", sketches.shape, np.float32)
    rows[:] = sketches
    square = length_of(rows.shape[1]) ** 2
    near, twin = np.float32(least * square), np.float32(TWIN * square)
    step = min(BLOCK, max(16, PRODUCTS // len(rows)))
    found = []
    for start in range(fresh, len(rows), step):
        block = rows[start : start + step]
        shape = len(block), start + len(block)
        products = np.matmul(block, rows[: shape[1]].T, out=scratch.take("products", shape, np.float32))
        later, earlier = true_places(np.greater_equal(products, near, out=scratch.take("mask", shape, np.bool_)))
        before = earlier < later + start
        later, earlier = later[before], earlier[before]
        alike = np.flatnonzero(products[later, earlier] >= twin)
        twins = np.zeros(len(block), bool)
        twins[later[alike]] = True
        place = np.arange(len(later)) - np.searchsorted(later, np.arange(len(block)))[later]
        few = place < np.where(twins, TWIN_NEIGHBOURS, NEIGHBOURS)[later]
        few[alike[np.diff(later[alike], prepend=-1) > 0]] = True  # the first twin in any case
        found.append((earlier[few], later[few] + start))
    return np.concatenate([earlier for earlier, _ in found]), np.concatenate([later for _, later in found])


def equal_rows(sketches: Sketch) -> tuple[Positions, Positions, Positions]:
    """(the first of each different sketch, ascending; the others; the first of each of those)."""
    whole = np.ascontiguousarray(sketches).view(f"V{sketches.shape[1]}").ravel()
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    leader = first[inverse]
    follower = np.flatnonzero(leader != np.arange(len(sketches)))
    return np.sort(first), follower, leader[follower]
