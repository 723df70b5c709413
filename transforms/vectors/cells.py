"""Cells: rows that lie together, compared only among each other.

One k-means table cuts many near pairs apart: of pairs at cosine 0.9 and more, 1,000 cells of 100,000 sentence vectors
leave 0.79 together. A row therefore also goes to the cells that are hardly farther than its nearest: with those within
0.10 of cosine, at most eight, 5.2 copies of a row find 0.996 of what is to be dropped. Three things make that cheap.

Cells are told apart by 128 projected coordinates: a third of the products, and hardly a row more is lost. The mean is
taken off first: sentence vectors have 0.4 of their length in common, so some centroids are near to everything, and with
the mean a row is compared with 4,419 others, without it with 1,169 (the same spread, 948 cells). And as work in a cell
grows with the square of its rows, centroids of full cells are made shorter: at 0.7 a row is compared with 1,490 others
where it was with 1,920, for the same recall (1,580 cells).

Four independent tables cost four times the products with centroids. Looking only at the quarter of the centroids around
a row's coarse one, of 64, finds 0.975 where all find 0.999: coarse borders part neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.records import Centroids
from persona_hub.transforms.similarity.arrays import groups
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.vectors import kmeans
from persona_hub.transforms.vectors.sketches import (
    Candidates,
    Positions,
    Scratch,
    Sketch,
    equal_rows,
    length_of,
    near_pairs,
    projection,
    sketch,
)
from persona_hub.transforms.vectors.vectors import GRID, Grid, Ranks, Stored, on_grid, rescaled

EXACT_ROWS = 8192  # up to so many rows, each is compared with all that are kept: at most half a second
CELLS = 12_000  # centroids of a table that travel to every worker: 3 MB
WIDTH = 128  # coordinates that cells are told apart by
ROWS = 128  # of a block: as 384 float32 less than what a job gives back to the system at once
FULL_ROWS = 8192  # a larger cell is cut again, by its sketches
FINE_ROWS = 2000
SAMPLE_ROWS = 8  # rows that a centroid is trained on; 64 find 0.01 more of the pairs for ten times the training
ITERATIONS = 2
CROWD_ROWS, CROWD_SPREAD = 4, 0.14  # which cells are full: rows of the sample for each, and how far they reach
SEED = 0  # of the sample and of the sketches' projection


@dataclass(frozen=True)
class Plan:
    """How many copies a threshold needs, and how closely sketches tell candidates."""

    spread: float  # cosine by which a cell may be farther than the nearest, of a row with centroids as long as they are
    most: int  # cells of a row
    width: int  # bytes of a sketch
    least: float  # cosine of sketches from which a pair is a candidate

    @classmethod
    def of(cls, threshold: float) -> Plan:
        """Found, of the rows that all pairs would drop: 0.996 at 0.9, 0.98 at 0.8, 0.957 at 0.7."""
        spread, most, width, deviations = (
            (0.10, 8, 64, 3.0)
            if threshold >= 0.85
            else (0.12, 9, 64, 2.0)
            if threshold >= 0.75
            else (0.12, 9, 128, 1.3)
        )
        return cls(spread, most, width, threshold - deviations * (1 - threshold**2) / width**0.5)


class Table(NamedTuple):
    """The mean of projected rows, shape (WIDTH,), and centroids of what they are less that, shape (cells, WIDTH)."""

    mean: Grid
    centroids: Grid

    @classmethod
    def read(cls, table: Centroids) -> Table:
        """As a hub keeps it."""
        centroids = np.frombuffer(table.centroids, "<i2").reshape(-1, table.dimension)
        return cls(np.frombuffer(table.mean, "<i4").astype(np.float32), centroids.astype(np.float32))

    @classmethod
    def fits(cls, table: Centroids) -> bool:
        """Whether it is of this kind: in hubs of earlier releases there is no mean, or `kmeans.balanced` was not there.

        What is balanced holds a centroid of 3^-1/8, 0.87, of the full length, or a shorter one.
        """
        if len(table.mean) != WIDTH * 4 or table.dimension != WIDTH:
            return False
        centroids = cls.read(table).centroids
        return bool((np.einsum("ij,ij->i", centroids, centroids) < (0.9 * GRID) ** 2).any())

    def stored(self, rows: int) -> Centroids:
        """As a hub keeps it, trained for so many rows. Centroids are whole numbers under 4,096, the mean under 2^17."""
        return Centroids(rows, WIDTH, self.centroids.astype("<i2").tobytes(), self.mean.astype("<i4").tobytes())


def cells_for(rows: int) -> int:
    """Cells of a table over `rows` rows: products with centroids and products in cells cost about the same."""
    return max(1, min(CELLS, 5 * isqrt(rows)))


def train_table(ranks: Ranks, vectors: Stored, cells: int) -> Table:
    """A table of at most `cells`, from rows that `kmeans.sample` or a like choice by hash has taken."""
    order = kmeans.sample(ranks, len(ranks), SEED)
    projected = on_grid(vectors[order]) @ projection(vectors.shape[1], WIDTH, SEED)
    mean = np.rint(projected.sum(axis=0, dtype=np.float64) / len(order)).astype(np.float32)
    rows = rescaled(projected - mean, GRID)
    centroids = kmeans.train(rows, cells, GRID, ITERATIONS)
    return Table(mean, kmeans.balanced(rows[: cells * CROWD_ROWS], centroids, CROWD_SPREAD, GRID))


def place(vectors: Stored, table: Table, plan: Plan) -> tuple[Sketch, Positions, Positions]:
    """Sketches of all rows, and (row, cell) for each cell that a row goes to.

    A block of rows at a time, so that it stays in the cache for all that is done to it.
    """
    signs = projection(vectors.shape[1], WIDTH, SEED)
    scratch = np.empty((ROWS, len(table.centroids)), np.float32)
    grid = np.empty((ROWS, vectors.shape[1]), np.float32)
    parts = []
    for start in range(0, len(vectors), ROWS):
        block = vectors[start : start + ROWS]
        projected = on_grid(block, grid[: len(block)]) @ signs
        rows = rescaled(projected - table.mean, GRID)
        row, cell = kmeans.nearby(rows, table.centroids, plan.spread, plan.most, GRID, scratch)
        parts.append((sketch(projected[:, : plan.width]), row + start, cell))
    sketches, row, cell = (np.concatenate(column) for column in zip(*parts, strict=True))
    return sketches, row, cell


def candidates(
    ranks: Ranks, sketches: Sketch, plan: Plan, seed: int, scratch: Scratch | None = None
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Pairs of ranks (earlier, later) out of one cell whose sketches are near. Rows come in order of rank.

    The later is never one that a hub holds.
    """
    if not len(ranks) or ranks[-1] < NEW:
        return ranks[:0], ranks[:0]
    found = (
        [near_pairs(sketches, plan.least, int(np.searchsorted(ranks, NEW)), scratch)]
        if len(ranks) <= FULL_ROWS
        else list(full_cell(ranks, sketches, plan, seed, scratch))
    )
    earlier, later = (ranks[np.concatenate(column)] for column in zip(*found, strict=True))
    return earlier, later


def full_cell(
    ranks: Ranks, sketches: Sketch, plan: Plan, seed: int, scratch: Scratch | None = None
) -> Iterator[Candidates]:
    """Pairs of positions out of a cell that is too large to be compared whole: equal rows folded, the others cut up."""
    first, follower, leader = equal_rows(sketches)
    fresh = ranks[follower] >= NEW
    yield leader[fresh], follower[fresh]
    length = length_of(plan.width)
    cells = -(-len(first) // FINE_ROWS)
    chosen = first[kmeans.sample(ranks[first], cells * SAMPLE_ROWS, seed)]
    centroids = kmeans.train(sketches[chosen].astype(np.float32), cells, length, ITERATIONS)
    row, cell = kmeans.nearby(sketches[first].astype(np.float32), centroids, plan.spread, plan.most, length)
    for _, members in groups(cell):
        part = first[row[members]]
        earlier, later = near_pairs(sketches[part], plan.least, int(np.searchsorted(ranks[part], NEW)), scratch)
        yield part[earlier], part[later]
