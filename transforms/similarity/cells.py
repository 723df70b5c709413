"""Cells: rows that lie together, compared only among each other.

One k-means table cuts many near pairs apart: of pairs at cosine 0.9 and more, 1,000 cells of 100,000 sentence vectors
leave 0.79 together. A row therefore also goes to the cells that are hardly farther than its nearest. With those within
0.06 of cosine, at most six, 3.7 copies of a row find 0.997 of the pairs; four independent tables find 0.998, and
cost four times the products with centroids: 30 us a row instead of 7. A coarse table with a fine one in each of its
cells is worse than either (0.64, where one table with as many cells finds 0.77): coarse borders part neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt

import numpy as np
import numpy.typing as npt

from transforms.similarity import kmeans
from transforms.similarity.arrays import groups
from transforms.similarity.ranks import NEW
from transforms.similarity.sketches import (
    Candidates,
    Positions,
    Sketch,
    equal_rows,
    length_of,
    near_pairs,
    projection,
    sketch,
)
from transforms.similarity.vectors import BLOCK, GRID, Grid, Ranks, Stored, on_grid

EXACT_ROWS = 8192  # up to so many rows, each is compared with all that are kept: at most half a second
CELLS = 4000  # centroids of a table that travel to every worker: 6 MB at 384 dimensions
FULL_ROWS = 8192  # a larger cell is cut again, by its sketches
FINE_ROWS = 2000
SAMPLE_ROWS = 8  # rows that a centroid is trained on; 64 find 0.01 more of the pairs for ten times the training
ITERATIONS = 2
SEED = 0  # of the sample and of the sketches' projection


@dataclass(frozen=True)
class Plan:
    """How many copies a threshold needs, and how closely sketches tell candidates."""

    spread: float  # cosine by which a cell may be farther than the nearest
    most: int  # cells of a row
    width: int  # bytes of a sketch
    least: float  # cosine of sketches from which a pair is a candidate

    @classmethod
    def of(cls, threshold: float) -> Plan:
        """Found, of the rows that all pairs would drop: 0.996 at 0.9, 0.983 at 0.8, 0.965 at 0.7."""
        spread, most, width, deviations = (
            (0.06, 6, 64, 3.0)
            if threshold >= 0.85
            else (0.08, 8, 64, 2.0)
            if threshold >= 0.75
            else (0.08, 8, 128, 1.5)
        )
        return cls(spread, most, width, threshold - deviations * (1 - threshold**2) / width**0.5)


def cells_for(rows: int) -> int:
    """Cells of a table over `rows` rows: products with centroids and products in cells cost about the same."""
    return max(1, min(CELLS, 3 * isqrt(rows)))


def train_table(ranks: Ranks, rows: Grid, cells: int) -> Grid:
    """Centroids, from rows that `kmeans.sample` or a like choice by hash has taken."""
    order = kmeans.sample(ranks, len(ranks), SEED)
    return kmeans.train(rows[order], cells, GRID, ITERATIONS)


def place(vectors: Stored, centroids: Grid, plan: Plan) -> tuple[Sketch, Positions, Positions]:
    """Sketches of all rows, and (row, cell) for each cell that a row goes to.

    A block of rows at a time, so that it stays in the cache for all that is done to it.
    """
    signs = projection(vectors.shape[1], plan.width, SEED)
    scratch = np.empty((BLOCK, len(centroids)), np.float32)
    parts = []
    for start in range(0, len(vectors), BLOCK):
        rows = on_grid(vectors[start : start + BLOCK])
        row, cell = kmeans.nearby(rows, centroids, plan.spread, plan.most, GRID, scratch)
        parts.append((sketch(rows, signs), row + start, cell))
    sketches, row, cell = (np.concatenate(column) for column in zip(*parts, strict=True))
    return sketches, row, cell


def candidates(
    ranks: Ranks, sketches: Sketch, plan: Plan, seed: int
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Pairs of ranks (earlier, later) out of one cell whose sketches are near. Rows come in order of rank.

    The later is never one that a hub holds.
    """
    if not len(ranks) or ranks[-1] < NEW:
        return ranks[:0], ranks[:0]
    rows = sketches.astype(np.float32)
    found = (
        [near_pairs(rows, plan.least, int(np.searchsorted(ranks, NEW)))]
        if len(rows) <= FULL_ROWS
        else list(full_cell(ranks, rows, sketches, plan, seed))
    )
    earlier, later = (ranks[np.concatenate(column)] for column in zip(*found, strict=True))
    return earlier, later


def full_cell(ranks: Ranks, rows: Grid, sketches: Sketch, plan: Plan, seed: int) -> Iterator[Candidates]:
    """Pairs of positions out of a cell that is too large to be compared whole: equal rows folded, the others cut up."""
    first, follower, leader = equal_rows(sketches)
    fresh = ranks[follower] >= NEW
    yield leader[fresh], follower[fresh]
    length = length_of(plan.width)
    cells = -(-len(first) // FINE_ROWS)
    chosen = first[kmeans.sample(ranks[first], cells * SAMPLE_ROWS, seed)]
    centroids = kmeans.train(rows[chosen], cells, length, ITERATIONS)
    row, cell = kmeans.nearby(rows[first], centroids, plan.spread, plan.most, length)
    for _, members in groups(cell):
        part = first[row[members]]
        earlier, later = near_pairs(rows[part], plan.least, int(np.searchsorted(ranks[part], NEW)))
        yield part[earlier], part[later]
