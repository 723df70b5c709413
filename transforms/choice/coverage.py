"""A choice that covers: rows that lie in as many different cells as can be, whichever k-means table cuts them.

Several tables of n cells are trained, each from rows and first centroids of its own. Rows are then taken one by one,
always the one that adds most: in each table a row counts for its cell, the more, the clearer it lies in it, and a cell
that has been covered counts for little. What covers many tables covers one that it has never seen.

Cells covered, of 1,000 trained independently, by 1,000 of 100,000 real vectors, for each that a random choice covers:
farthest first (k-centre), which takes what is like nothing else, 0.92; the rows nearest to the centroids of one table
1.13; of 8 tables, each cell once, 1.25; of 24, and clear rows first, 1.34.

All in whole numbers and in a fixed order: the same rows on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.vectors.arrays import BLOCK_ROWS, Positions, Ranks
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.vectors.kmeans import rank_hashes, sample_positions, train_centroids
from persona_hub.transforms.vectors.quantised import QUANTISED_NORM, Quantised, quantise, rescaled
from persona_hub.transforms.vectors.sketches import projection

WIDTH = 256  # coordinates that rows are told apart by: half the products of 512, and 0.01 less is covered
MOST_TABLES, LEAST_TABLES = 24, 4
TABLE_PRODUCTS = 24 * 100_000 * 1000  # rows x cells of all tables together, about
TRAINED_ROWS = 50  # for each centroid
TABLE_ITERATIONS = 4
PROJECTION_SEED = 0
WHOLE_BITS = 10
WHOLE = 1 << WHOLE_BITS  # the weight of a row in the middle of its cell; on a border half of that
CLEAR_MARGIN = int(0.25 * QUANTISED_NORM**2)  # by which the nearest centroid is nearer than the next one
TAKEN = 1 << 60  # off the score of a row that is taken
ONE = 1 << 10  # a unit of weight in a score, below which stands how near a row is to its centroids

Weights = npt.NDArray[np.int64]  # shape (rows,)


class CellsOfTable(NamedTuple):
    """The cell of each row, its weight in it, and the product with its centroid."""

    cell: Positions
    weight: Weights
    product: Weights


def reduced(vectors: StoredVectors) -> npt.NDArray[np.int16]:
    """Stored vectors as whole numbers of at most WIDTH coordinates and norm QUANTISED_NORM."""
    rows = quantise(vectors)
    if rows.shape[1] > WIDTH:
        rows = rescaled(rows @ projection(rows.shape[1], WIDTH, PROJECTION_SEED), QUANTISED_NORM)
    return rows.astype(np.int16)


def covering_rows(ranks: Ranks, rows: npt.NDArray[np.int16], n: int, seed: int) -> Positions:
    """Positions of `n` rows, or of all, the one that adds most first. `ranks` are different numbers, one for each row.

    Rows come as `reduced` makes them; their order makes no difference, but for equal ranks.
    """
    order = np.argsort(rank_hashes(ranks, seed), kind="stable")
    if n >= len(rows):
        return order
    ranks, data = ranks[order], rows[order].astype(np.float32)
    count = max(LEAST_TABLES, min(MOST_TABLES, TABLE_PRODUCTS // (len(rows) * n)))
    tables = [cells_of_table(ranks, data, max(2, n), seed * MOST_TABLES + table + 1) for table in range(count)]
    return order[greedy(tables, n)]


def cells_of_table(ranks: Ranks, rows: Quantised, cells: int, seed: int) -> CellsOfTable:
    """Trains a table from a sample by hash, and puts every row into its cell."""
    sample = sample_positions(ranks, cells * TRAINED_ROWS, seed)
    centroids = train_centroids(rows[sample], cells, QUANTISED_NORM, TABLE_ITERATIONS)
    cell, nearest, margin = np.empty(len(rows), np.intp), np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
    for start in range(0, len(rows), BLOCK_ROWS):
        products = rows[start : start + BLOCK_ROWS] @ centroids.T
        row, block = np.arange(len(products)), slice(start, start + len(products))
        cell[block] = products.argmax(axis=1)
        nearest[block] = products[row, cell[block]]
        products[row, cell[block]] = -np.inf
        margin[block] = nearest[block] - products.max(axis=1)
    weight = (WHOLE // 2) + np.minimum(margin, CLEAR_MARGIN) * (WHOLE // 2) // CLEAR_MARGIN
    return CellsOfTable(cell, weight, nearest)


def greedy(tables: Sequence[CellsOfTable], n: int) -> Positions:
    """`n` rows, each the one that adds most to those before it; of equal ones the first.

    A row of weight w leaves of a cell, of which the part u was open, u (1 - w), and adds u w.
    """
    nearness = np.sum([table.product for table in tables], axis=0)
    nearness -= nearness.min()
    score = nearness * (ONE // 2) // max(1, int(nearness.max()))
    cover = [OpenCells(table, score) for table in tables]
    chosen = np.empty(n, np.intp)
    for i in range(n):
        best = chosen[i] = int(score.argmax())
        score[best] -= TAKEN
        for cells in cover:
            cells.take(best)
    return chosen


class OpenCells:
    """How far the cells of a table are open, and what a row would add there: that is kept in the scores of all rows."""

    def __init__(self, table: CellsOfTable, score: Weights):
        self.table, self.score = table, score
        self.order = np.argsort(table.cell, kind="stable")
        self.start = np.searchsorted(table.cell[self.order], np.arange(int(table.cell.max()) + 2))
        self.open = np.full(len(self.start) - 1, WHOLE, np.int64)
        score += table.weight * ONE

    def take(self, row: int) -> None:
        """Closes the cell of a row as far as its weight goes."""
        cell, before = self.table.cell[row], self.open[self.table.cell[row]]
        now = before * (WHOLE - self.table.weight[row]) >> WHOLE_BITS
        rows = self.order[self.start[cell] : self.start[cell + 1]]
        weight = self.table.weight[rows]
        self.score[rows] += ((weight * now >> WHOLE_BITS) - (weight * before >> WHOLE_BITS)) * ONE
        self.open[cell] = now
