"""Cells: rows that lie together, the inverted lists of a k-means table; rows are compared within a cell only.

One k-means table cuts many near pairs apart: of pairs at cosine 0.9 and more, 1,000 cells of 100,000 sentence vectors
leave 0.79 together. A row therefore also goes to the cells that are hardly farther than its nearest: with those within
0.10 of cosine, at most eight, 5.2 copies of a row find 0.996 of what is to be dropped. Three things make that cheap.

Cells are told apart by 128 projected coordinates: a third of the products, and hardly a row more is lost. From 0.9 the
first 64 of them are enough, and fewer cells, as neighbours lie so near that the same coordinates part both. The mean is
taken off first: sentence vectors have 0.4 of their length in common, so some centroids are near to everything, and with
the mean a row is compared with 4,419 others, without it with 1,169 (the same slack, 948 cells). And as work in a cell
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

from persona_hub.transforms.similarity.arrays import groups
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.vectors import kmeans
from persona_hub.transforms.vectors.arrays import Positions, Ranks
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.vectors.quantised import QUANTISED_NORM, Quantised, quantise, rescaled
from persona_hub.transforms.vectors.sketches import (
    CandidatePairs,
    Scratch,
    Sketches,
    equal_rows,
    near_pairs,
    projection,
    sketch_norm,
    sketches_of,
)

EXACT_ROWS = 8192  # up to so many rows, each is compared with all that are kept: at most half a second
MOST_CELLS = 12_000  # centroids of a table that travel to every worker: 3 MB
CELL_DIMENSION = 128  # coordinates of a table; cells are told apart by all of them or the first ones
ASSIGNED_ROWS = 128  # of a block: as 384 float32 less than what a job gives back to the system at once
FULL_ROWS = 8192  # a larger cell is cut again, by its sketches
FINE_ROWS = 2000
SAMPLE_ROWS = 8  # rows that a centroid is trained on; 64 find 0.01 more of the pairs for ten times the training
ITERATIONS = 2
CROWD_ROWS, CROWD_SLACK = 4, 0.14  # which cells are full: rows of the sample for each, and how far they reach
TABLE_SEED = 0  # of the sample and of the sketches' projection


@dataclass(frozen=True)
class SearchPlan:
    """How many cells there are, to how many a row goes, and how near two sketches must be for an exact check."""

    cells_per_root: int  # cells of a table, by the root of the number of rows
    coordinates: int  # that cells are told apart by: the first ones of CELL_DIMENSION
    slack: float  # cosine by which a cell may be farther than the nearest, of a row with centroids as long as they are
    most_cells: int  # of a row
    sketch_bytes: int
    least_cosine: float  # of two sketches whose rows are candidates

    @classmethod
    def for_threshold(cls, threshold: float) -> SearchPlan:
        """Found, of the rows that all pairs would drop: 0.99 at 0.95, 0.996 at 0.93 and 0.9, 0.98 at 0.8, 0.957 at 0.7.

        The nearer two rows are that are to be found, the fewer cells they need in common: at 0.965 a row goes to 3.0 of
        948 cells and is compared with 1,114 others, where at 0.85 it goes to 5.2 of 1,580 and is compared with 1,890.

        A sketch's cosine deviates by (1 - threshold^2) / sqrt(bytes): at 0.9 by 0.024, so candidates begin three of
        those below it, at 0.829.
        """
        cells_per_root, coordinates = (3, 64) if threshold >= 0.9 else (5, CELL_DIMENSION)
        if threshold >= 0.95:
            slack, most_cells, sketch_bytes, deviations = 0.06, 5, 64, 3.0
        elif threshold >= 0.92:
            slack, most_cells, sketch_bytes, deviations = 0.08, 6, 64, 3.0
        elif threshold >= 0.85:
            slack, most_cells, sketch_bytes, deviations = 0.10, 8, 64, 3.0
        elif threshold >= 0.75:
            slack, most_cells, sketch_bytes, deviations = 0.12, 9, 64, 2.0
        else:
            slack, most_cells, sketch_bytes, deviations = 0.12, 9, 128, 1.3
        least_cosine = threshold - deviations * (1 - threshold**2) / sketch_bytes**0.5
        return cls(cells_per_root, coordinates, slack, most_cells, sketch_bytes, least_cosine)

    def cells_for(self, rows: int) -> int:
        """Cells of a table over `rows` rows: products with centroids and products in cells cost about the same."""
        return max(1, min(MOST_CELLS, self.cells_per_root * isqrt(rows)))


class CellTable(NamedTuple):
    """A k-means table over projected rows: their mean, and the centroids of what they are less that.

    Both are whole numbers in float32, of shape (CELL_DIMENSION,) and (cells, CELL_DIMENSION).
    """

    mean: Quantised
    centroids: Quantised

    @property
    def is_balanced(self) -> bool:
        """Whether its centroids went through `kmeans.balanced_centroids`, which those of earlier releases did not.

        A balanced table holds a centroid of 3^-1/8, 0.87, of the full length, or a shorter one.
        """
        squared_norms = np.einsum("ij,ij->i", self.centroids, self.centroids)
        return bool((squared_norms < (0.9 * QUANTISED_NORM) ** 2).any())

    def of_first(self, coordinates: int) -> CellTable:
        """The table by the first `coordinates` alone; its centroids are as long as they were, but for rounding."""
        if coordinates == len(self.mean):
            return self
        norms = np.sqrt(np.einsum("ij,ij->i", self.centroids, self.centroids, dtype=np.float64))
        return CellTable(self.mean[:coordinates], rescaled(self.centroids[:, :coordinates], norms))


def train_table(ranks: Ranks, vectors: StoredVectors, cells: int) -> CellTable:
    """A table of at most `cells`, from rows that a choice by hash has taken, as `kmeans.in_sample`."""
    order = kmeans.sample_positions(ranks, len(ranks), TABLE_SEED)
    projected = quantise(vectors[order]) @ projection(vectors.shape[1], CELL_DIMENSION, TABLE_SEED)
    mean = np.rint(projected.sum(axis=0, dtype=np.float64) / len(order)).astype(np.float32)
    rows = rescaled(projected - mean, QUANTISED_NORM)
    centroids = kmeans.train_centroids(rows, cells, QUANTISED_NORM, ITERATIONS)
    crowd = rows[: cells * CROWD_ROWS]
    return CellTable(mean, kmeans.balanced_centroids(crowd, centroids, CROWD_SLACK, QUANTISED_NORM))


class AssignedRows(NamedTuple):
    """Sketches, a row for each vector; and the cells that vectors go to: (row[i], cell[i]) for each of them, by row."""

    sketches: Sketches
    row: Positions
    cell: Positions


def assign_cells(vectors: StoredVectors, table: CellTable, plan: SearchPlan) -> AssignedRows:
    """Sketches of all rows, and the cells that each goes to: its nearest, and those at most `plan.slack` farther.

    They are compared by the coordinates that the table has (`CellTable.of_first`). A block of rows at a time, so that
    it stays in the cache for all that is done to it.
    """
    coordinates = len(table.mean)
    signs = projection(vectors.shape[1], CELL_DIMENSION, TABLE_SEED)[:, : max(coordinates, plan.sketch_bytes)]
    products = np.empty((ASSIGNED_ROWS, len(table.centroids)), np.float32)
    quantised = np.empty((ASSIGNED_ROWS, vectors.shape[1]), np.float32)
    parts = []
    for start in range(0, len(vectors), ASSIGNED_ROWS):
        block = vectors[start : start + ASSIGNED_ROWS]
        projected = quantise(block, quantised[: len(block)]) @ signs
        rows = rescaled(projected[:, :coordinates] - table.mean, QUANTISED_NORM)
        row, cell = kmeans.nearby_centroids(
            rows, table.centroids, plan.slack, plan.most_cells, QUANTISED_NORM, products
        )
        parts.append((sketches_of(projected[:, : plan.sketch_bytes]), row + start, cell))
    return AssignedRows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def candidates_of_cell(
    ranks: Ranks, sketches: Sketches, plan: SearchPlan, seed: int, scratch: Scratch | None = None
) -> tuple[Ranks, Ranks]:
    """Pairs of ranks (earlier, later) out of one cell whose sketches are near. Rows come in order of rank.

    The later is never one that a hub holds.
    """
    if not len(ranks) or ranks[-1] < NEW:
        return ranks[:0], ranks[:0]
    if len(ranks) <= FULL_ROWS:
        pairs = near_pairs(sketches, plan.least_cosine, first_new(ranks), scratch)
    else:
        parts = list(candidates_of_full_cell(ranks, sketches, plan, seed, scratch))
        pairs = CandidatePairs(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return ranks[pairs.earlier], ranks[pairs.later]


def first_new(ranks: Ranks) -> int:
    """How many rows a hub holds: they rank before the new ones."""
    return int(np.searchsorted(ranks, NEW))


def candidates_of_full_cell(
    ranks: Ranks, sketches: Sketches, plan: SearchPlan, seed: int, scratch: Scratch | None = None
) -> Iterator[CandidatePairs]:
    """Pairs of positions out of a cell that is too large to be compared whole.

    Rows with equal sketches are a pair with the first of them, which alone stays in the cell. What is left is cut into
    cells of about FINE_ROWS by a k-means over the sketches: 30,000 rows, of which 10,000 repeat another's sketch, are
    10,000 pairs, and 20,000 rows in 10 cells. A row goes to several of those as it did to several cells.
    """
    first, follower, leader = equal_rows(sketches)
    is_new = ranks[follower] >= NEW
    yield CandidatePairs(leader[is_new], follower[is_new])
    for part in fine_cells(first, ranks, sketches, plan, seed):
        pairs = near_pairs(sketches[part], plan.least_cosine, first_new(ranks[part]), scratch)
        yield CandidatePairs(part[pairs.earlier], part[pairs.later])


def fine_cells(rows: Positions, ranks: Ranks, sketches: Sketches, plan: SearchPlan, seed: int) -> Iterator[Positions]:
    """Some rows of a cell cut into cells of about FINE_ROWS by a k-means over the sketches; a row may be in several."""
    norm = sketch_norm(plan.sketch_bytes)
    cells = -(-len(rows) // FINE_ROWS)
    trained_on = rows[kmeans.sample_positions(ranks[rows], cells * SAMPLE_ROWS, seed)]
    centroids = kmeans.train_centroids(sketches[trained_on].astype(np.float32), cells, norm, ITERATIONS)
    whole = sketches[rows].astype(np.float32)
    row, cell = kmeans.nearby_centroids(whole, centroids, plan.slack, plan.most_cells, norm)
    for _, members in groups(cell):
        yield rows[row[members]]
