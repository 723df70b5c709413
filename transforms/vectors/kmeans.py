"""Spherical k-means in whole numbers: the same centroids on every machine and for every order of the rows.

Rows and centroids are quantised (`persona_hub.transforms.vectors.quantised`), so their products are exact. A centroid
is the sum of its rows, in float64 and exact as well, brought back to the norm that they have and rounded:

    rows (4000, 0) and (2400, 3200)    sum (6400, 3200), of norm 7155.4
    centroid                           (6400, 3200) x 4000 / 7155.4 = (3577.7, 1788.9), so (3578, 1789)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.vectors.arrays import BLOCK_ROWS, Positions, Ranks, nonzero_2d
from persona_hub.transforms.vectors.quantised import Quantised

# Cells of a third of the mean number of rows, or fewer, are treated alike, and so are those of eight times as many.
EMPTY_DIVISOR, FULL_FACTOR = 3, 8
CELL_BITS, DISTANCE_BITS = 20, 25  # of a sort key; products are under 2^24, so two differ by less than 2^25


def rank_hashes(ranks: Ranks, seed: int) -> npt.NDArray[np.uint64]:
    """A hash of each rank (splitmix64), for a choice that depends on nothing but the rows themselves."""
    x = ranks + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def in_sample(ranks: Ranks, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Which rows belong to a sample of about a `share` of all, each by its own hash."""
    if share >= 1:
        return np.ones(len(ranks), bool)
    return rank_hashes(ranks, seed) < np.uint64(int(share * 2**64))


def sample_positions(ranks: Ranks, size: int, seed: int) -> Positions:
    """At most `size` positions, chosen and ordered by the hash of their ranks: those of the lowest hashes."""
    hashes = rank_hashes(ranks, seed)
    if size >= len(ranks):
        return np.argsort(hashes, kind="stable")
    lowest = np.argpartition(hashes, size)[:size]
    return lowest[np.argsort(hashes[lowest], kind="stable")]


def nearest_centroids(rows: Quantised, centroids: Quantised) -> Positions:
    """The nearest centroid of each row, shape (rows,); the first of equals."""
    nearest = np.empty(len(rows), np.intp)
    products = np.empty((min(BLOCK_ROWS, len(rows)), len(centroids)), np.float32)
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        nearest[start : start + BLOCK_ROWS] = np.argmax(
            np.matmul(block, centroids.T, out=products[: len(block)]), axis=1
        )
    return nearest


def nearby_centroids(
    rows: Quantised,
    centroids: Quantised,
    slack: float,
    most: int,
    norm: float,
    scratch: npt.NDArray[np.float32] | None = None,
) -> tuple[Positions, Positions]:
    """(row, centroid) for the nearest centroid of each row and those at most `slack` of cosine farther.

    They come by row, and of each row by distance, at most `most` of them, the first of equals. There are at most a
    million centroids. `scratch`, shape (rows of a block, centroids), is for callers with many blocks: a new array for
    each would be as many pages from the system.
    """
    found = []
    if scratch is None:
        scratch = np.empty((max(1, min(BLOCK_ROWS, len(rows))), len(centroids)), np.float32)
    for start in range(0, len(rows), len(scratch)):
        block = rows[start : start + len(scratch)]
        products = np.matmul(block, centroids.T, out=scratch[: len(block)])
        least = products.max(axis=1, keepdims=True) - np.float32(round(slack * norm**2))
        row, cell = nonzero_2d(products >= least)
        distance = (products.max(initial=0) - products[row, cell]).astype(np.int64)
        row, cell = by_row_and_distance(row, distance, cell)
        place = np.arange(len(row)) - np.searchsorted(row, np.arange(len(products)))[row]  # among those of its row
        found.append((row[place < most] + start, cell[place < most]))
    if not found:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    return np.concatenate([row for row, _ in found]), np.concatenate([cell for _, cell in found])


def by_row_and_distance(
    row: Positions, distance: npt.NDArray[np.int64], cell: Positions
) -> tuple[Positions, Positions]:
    """(row, cell) in the order of row, distance and cell: as `np.lexsort` of the three, and faster.

    They are sorted as one number: row 3 at distance 5 of cell 7 is 3 x 2^45 + 5 x 2^20 + 7.
    """
    order = np.sort((row << CELL_BITS + DISTANCE_BITS | distance << CELL_BITS) | cell)
    return order >> CELL_BITS + DISTANCE_BITS, order & (1 << CELL_BITS) - 1


def train_centroids(rows: Quantised, cells: int, norm: float, iterations: int) -> Quantised:
    """Centroids of `rows`, shape (at most `cells`, dimension), of norm `norm`.

    The first rows are the first centroids, so `rows` comes in a random order (`sample_positions`). A centroid without
    a row, or whose rows cancel out, stays where it is.
    """
    centroids = rows[: min(cells, len(rows))].copy()
    for _ in range(iterations):
        nearest = nearest_centroids(rows, centroids)
        order = np.argsort(nearest, kind="stable")
        occupied, starts = np.unique(nearest[order], return_index=True)
        sums = np.add.reduceat(rows[order].astype(np.float64), starts, axis=0)
        norms = np.sqrt(np.einsum("ij,ij->i", sums, sums))
        moved = norms > 0
        centroids[occupied[moved]] = np.rint(sums[moved] / norms[moved, None] * norm)
    return centroids


def balanced_centroids(rows: Quantised, centroids: Quantised, slack: float, norm: float) -> Quantised:
    """Centroids made shorter, the more of `rows` come within `slack` of cosine of them.

    A row goes where its product is largest, so of two cells that are about as near it rather goes to the emptier; work
    in a cell grows with the square of its rows. By the eighth root, which is three square roots and so the same on
    every machine. Of 900 rows in 9 cells the mean is 100; a cell of 33 or fewer keeps the length 1, one of 100 gets
    3^-1/8 = 0.87, one of 800 or more 24^-1/8 = 0.67.
    """
    rows_near = np.zeros(len(centroids), np.int64)
    for start in range(0, len(rows), BLOCK_ROWS):
        products = rows[start : start + BLOCK_ROWS] @ centroids.T
        least = products.max(axis=1, keepdims=True) - np.float32(round(slack * norm**2))
        rows_near += (products >= least).sum(axis=0)
    fewest = rows_near.mean() / EMPTY_DIVISOR
    share = fewest / np.clip(rows_near, fewest, fewest * EMPTY_DIVISOR * FULL_FACTOR)
    return np.rint(centroids * np.sqrt(np.sqrt(np.sqrt(share)))[:, None]).astype(np.float32)
