"""Sketches: 64 or 128 bytes that stand for a vector, and the pairs of them that may be near-duplicates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from transforms.similarity.vectors import Grid, true_places

BLOCK = 128  # rows of a block of products: with 500 others 256 KB, which stay in the cache and in the heap
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


def projection(dimension: int, width: int, table: int) -> Grid:
    """Random signs of a table, shape (dimension, width): sums of whole numbers stay whole."""
    signs = np.random.Generator(np.random.PCG64([dimension, width, table])).integers(0, 2, (dimension, width))
    return (2 * signs - 1).astype(np.float32)


def sketch(rows: Grid, signs: Grid) -> Sketch:
    """Sketches of vectors on the grid: their projections, all of one length, as bytes."""
    length = length_of(signs.shape[1])
    out = np.empty((len(rows), signs.shape[1]), np.int8)
    for start in range(0, len(rows), BLOCK):
        projected = (rows[start : start + BLOCK] @ signs).astype(np.float64)
        size = np.sqrt(np.einsum("ij,ij->i", projected, projected))
        size[size == 0] = 1.0
        out[start : start + BLOCK] = np.clip(np.rint(projected * (length / size)[:, None]), -127, 127)
    return out


def near_pairs(rows: Grid, least: float, fresh: int = 0) -> Candidates:
    """Pairs of sketches whose cosine is at least `least`; of each row the earliest NEIGHBOURS, or TWIN_NEIGHBOURS.

    The rows before `fresh` are compared with later ones only.
    """
    if len(rows) < 2 or fresh >= len(rows):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    square = np.float32(length_of(rows.shape[1]) ** 2)
    found = []
    for start in range(fresh, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        products = block @ rows[: start + len(block)].T
        later, earlier = true_places(products >= np.float32(least) * square)
        before = earlier < later + start
        later, earlier = later[before], earlier[before]
        twin = np.zeros(len(block), bool)
        twin[later[products[later, earlier] >= np.float32(TWIN) * square]] = True
        place = np.arange(len(later)) - np.searchsorted(later, np.arange(len(block)))[later]
        few = place < np.where(twin, TWIN_NEIGHBOURS, NEIGHBOURS)[later]
        found.append((earlier[few], later[few] + start))
    return np.concatenate([earlier for earlier, _ in found]), np.concatenate([later for _, later in found])


def equal_rows(sketches: Sketch) -> tuple[Positions, Positions, Positions]:
    """(the first of each different sketch, ascending; the others; the first of each of those)."""
    whole = np.ascontiguousarray(sketches).view(f"V{sketches.shape[1]}").ravel()
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    leader = first[inverse]
    follower = np.flatnonzero(leader != np.arange(len(sketches)))
    return np.sort(first), follower, leader[follower]
