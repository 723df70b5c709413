"""Sketches: 64 or 128 bytes that stand for a vector, and the pairs of them that may be near-duplicates.

A sketch is a random projection of the vector, brought to one norm and rounded to signed bytes, so that the cosine of
two is a product of whole numbers over the square of that norm. With 64 bytes the norm is 36 x 8 = 288: two sketches
whose product is 70,000 have a cosine of 0.84, and their vectors one that differs from it by 0.037 (standard deviation).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.vectors.arrays import Positions, nonzero_2d
from persona_hub.transforms.vectors.quantised import Quantised, rescaled

PRODUCTS_AT_ONCE = 1 << 17  # float32: half a megabyte, which stays in the second-level cache
MOST_BLOCK_ROWS, LEAST_BLOCK_ROWS = 128, 16  # of a block's square, half is computed in vain
COORDINATE_DEVIATION = 36.0  # standard deviation of a coordinate: 127 is 3.5 of them
NEIGHBOURS = 32  # candidates of a row in a cell, the earliest ranked: a dense cluster stays linear ...
TWIN_COSINE = 0.985  # ... and of a row with an earlier one as near as this, which will be dropped, TWIN_NEIGHBOURS do
TWIN_NEIGHBOURS = 8

Sketches = npt.NDArray[np.int8]  # shape (rows, bytes of a sketch)


class CandidatePairs(NamedTuple):
    """Positions of pairs of rows whose sketches are near, each of shape (pairs,); `earlier` ranks before `later`."""

    earlier: Positions
    later: Positions


def sketch_norm(sketch_bytes: int) -> float:
    """The norm of a sketch of so many bytes."""
    return COORDINATE_DEVIATION * float(sketch_bytes) ** 0.5


@lru_cache(8)
def projection(dimension: int, width: int, seed: int) -> Quantised:
    """A random projection of 1 and -1, shape (dimension, width): rows of a Hadamard matrix, in random order and signs.

    Sums of whole numbers stay whole, and as the rows are orthogonal, a cosine of 128 out of 384 coordinates is off by
    0.87 of what independent signs give; with as many coordinates as the vectors have it is that of the vectors.
    """
    rng = np.random.Generator(np.random.PCG64([dimension, width, seed]))
    order = 1 << (max(dimension, width) - 1).bit_length()
    row, flip = rng.permutation(order)[:width], rng.integers(0, 2, (dimension, 1))
    odd = np.bitwise_count(np.arange(dimension)[:, None] & row) + flip & 1  # bits in common, as Hadamard's signs go
    signs = (1 - 2 * odd.astype(np.int8)).astype(np.float32)
    signs.flags.writeable = False
    return signs


def sketches_of(projected: Quantised) -> Sketches:
    """Sketches of projected vectors, shape (rows, bytes of a sketch)."""
    return np.clip(rescaled(projected, sketch_norm(projected.shape[1])), -127, 127).astype(np.int8)


@dataclass
class Scratch:
    """Memory that is used again for every cell: a new array for each would be as many pages from the system."""

    arrays: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def take(self, name: str, shape: tuple[int, int], dtype: type) -> npt.NDArray[Any]:
        """An array of that shape, with whatever was left in it."""
        size = shape[0] * shape[1]
        if name not in self.arrays or len(self.arrays[name]) < size:
            self.arrays[name] = np.empty(max(size, PRODUCTS_AT_ONCE), dtype)
        return self.arrays[name][:size].reshape(shape)


def near_pairs(sketches: Sketches, least: float, first_new: int = 0, scratch: Scratch | None = None) -> CandidatePairs:
    """Pairs of sketches whose cosine is at least `least`: of each row the earliest NEIGHBOURS; of one with a twin the
    earliest TWIN_NEIGHBOURS and the first twin.

    Rows come in order of rank. Those before `first_new` are compared with later ones only.
    """
    if len(sketches) < 2 or first_new >= len(sketches):
        return CandidatePairs(np.empty(0, np.intp), np.empty(0, np.intp))
    scratch = scratch or Scratch()
    rows = scratch.take("rows", sketches.shape, np.float32)
    rows[:] = sketches
    square = sketch_norm(rows.shape[1]) ** 2
    near, twin = np.float32(least * square), np.float32(TWIN_COSINE * square)
    step = min(MOST_BLOCK_ROWS, max(LEAST_BLOCK_ROWS, PRODUCTS_AT_ONCE // len(rows)))
    found = []
    for start in range(first_new, len(rows), step):
        block = rows[start : start + step]
        shape = len(block), start + len(block)
        products = np.matmul(block, rows[: shape[1]].T, out=scratch.take("products", shape, np.float32))
        later, earlier = nonzero_2d(np.greater_equal(products, near, out=scratch.take("mask", shape, np.bool_)))
        before = earlier < later + start
        later, earlier = later[before], earlier[before]
        wanted = earliest_neighbours(later, products[later, earlier] >= twin, len(block))
        found.append((earlier[wanted], later[wanted] + start))
    return CandidatePairs(np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found]))


def earliest_neighbours(later: Positions, is_twin: npt.NDArray[np.bool_], rows: int) -> npt.NDArray[np.bool_]:
    """Which pairs of a block are candidates; they come by `later`, a row of the block, then by `earlier`.

    With NEIGHBOURS = 3 and TWIN_NEIGHBOURS = 1, a row whose neighbours are (far, far, far, far) has the first three of
    them, and one of (far, far, twin, twin) the first, and the first twin.
    """
    twins = np.flatnonzero(is_twin)
    has_twin = np.zeros(rows, bool)
    has_twin[later[twins]] = True
    place = np.arange(len(later)) - np.searchsorted(later, np.arange(rows))[later]  # among the neighbours of its row
    wanted = place < np.where(has_twin, TWIN_NEIGHBOURS, NEIGHBOURS)[later]
    wanted[twins[np.diff(later[twins], prepend=-1) > 0]] = True
    return wanted


class EqualRows(NamedTuple):
    """Equal sketches, by position: the first of each, ascending; all others, and the first that each is equal to."""

    first: Positions
    follower: Positions
    leader: Positions


def equal_rows(sketches: Sketches) -> EqualRows:
    """Of the rows a, b, a, a: first (0, 1), follower (2, 3), leader (0, 0)."""
    whole = np.ascontiguousarray(sketches).view(f"V{sketches.shape[1]}").ravel()
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    leader = first[inverse]
    follower = np.flatnonzero(leader != np.arange(len(sketches)))
    return EqualRows(np.sort(first), follower, leader[follower])
