"""Sketches: 64 bytes that stand for a vector, and the pairs of them that may be near-duplicates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from transforms.similarity.vectors import BLOCK, Grid

WIDTH = 64  # bytes of a sketch
LENGTH = 288.0  # of a sketch: a coordinate is a normal variate of deviation 288 / 8, and 127 is 3.5 deviations
NEIGHBOURS = 64  # candidates of a row in a cell, the earliest ranked: a dense cluster stays linear

Sketch = npt.NDArray[np.int8]


def projection(dimension: int, table: int) -> Grid:
    """Random signs of a table, shape (dimension, WIDTH): sums of whole numbers stay whole."""
    signs = np.random.Generator(np.random.PCG64([dimension, table])).integers(0, 2, (dimension, WIDTH))
    return (2 * signs - 1).astype(np.float32)


def sketch(rows: Grid, signs: Grid) -> Sketch:
    """Sketches of vectors on the grid: their projections, all of one length, as bytes."""
    projected = (rows @ signs).astype(np.float64)
    size = np.sqrt(np.einsum("ij,ij->i", projected, projected))
    size[size == 0] = 1.0
    return np.clip(np.rint(projected * (LENGTH / size)[:, None]), -127, 127).astype(np.int8)


def cut(threshold: float, deviations: float = 2.0) -> float:
    """The cosine of sketches from which a pair is a candidate: the threshold less the noise of projection."""
    return threshold - deviations * (1 - threshold**2) / WIDTH**0.5


def near_pairs(rows: Grid, least: float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Pairs (earlier, later) of sketches whose cosine is at least `least`; of each row its NEIGHBOURS earliest."""
    earlier_all, later_all = [], []
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        mask = block @ rows[: start + len(block)].T >= np.float32(least * LENGTH**2)
        mask[:, start:] &= np.tri(len(block), k=-1, dtype=bool)
        later, earlier = np.nonzero(mask)
        firsts = np.searchsorted(later, np.arange(len(block)))
        few = np.arange(len(later)) - firsts[later] < NEIGHBOURS
        earlier_all.append(earlier[few])
        later_all.append(later[few] + start)
    if not later_all:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    return np.concatenate(earlier_all), np.concatenate(later_all)
