"""Cells: rows that lie together, compared only among each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from transforms.similarity import kmeans
from transforms.similarity.sketches import LENGTH, Sketch, near_pairs
from transforms.similarity.vectors import Grid, Ranks

EXACT_ROWS = 8192  # up to so many rows all pairs are compared: 0.4 s
COARSE_ROWS = 16384  # rows of a coarse cell, so long as COARSE_CELLS allows it
COARSE_CELLS = 4000  # centroids of a table that travel to every worker: 6 MB at 384 dimensions
FINE_ROWS = 1000
FULL_ROWS = 4000
SAMPLE_ROWS = 64  # rows that a centroid is trained on
DEEPEST = 4  # times that a full cell is split again


def tables_for(threshold: float) -> int:
    """How many independent tables a threshold needs: near rows are parted by a cell's border at times."""
    return 4 if threshold >= 0.9 else 6 if threshold >= 0.8 else 8


def coarse_cells(rows: int) -> int:
    """Coarse cells of a table over `rows` rows; 0 where all pairs are compared."""
    if rows <= EXACT_ROWS:
        return 0
    return min(COARSE_CELLS, -(-rows // COARSE_ROWS))


def candidates(
    ranks: Ranks, sketches: Sketch, least: float, seed: int
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Pairs of ranks (earlier, later) out of one coarse cell whose sketches lie within `least`. Rows come by rank."""
    rows = sketches.astype(np.float32)
    pairs = []
    for members in fine_cells(ranks, rows, seed):
        earlier, later = near_pairs(rows[members], least)
        pairs.append((ranks[members[earlier]], ranks[members[later]]))
    if not pairs:
        return np.empty(0, np.uint64), np.empty(0, np.uint64)
    return np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])


def fine_cells(ranks: Ranks, rows: Grid, seed: int, depth: int = 0) -> Iterator[npt.NDArray[np.intp]]:
    """Positions of the rows of each fine cell, ascending; cells over FULL_ROWS are split again."""
    cells = -(-len(rows) // FINE_ROWS)
    if cells <= 1 or depth > DEEPEST:
        yield np.arange(len(rows))
        return
    chosen = kmeans.sample(ranks, cells * SAMPLE_ROWS, seed + 1000 * depth)
    centroids = kmeans.train(rows[chosen], cells, LENGTH)
    labels = kmeans.nearest(rows, centroids)
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(cells + 1))
    for start, end in pairwise(bounds):
        members = order[start:end]
        if len(members) <= FULL_ROWS:
            yield members
        else:
            for part in fine_cells(ranks[members], rows[members], seed, depth + 1):
                yield members[part]
