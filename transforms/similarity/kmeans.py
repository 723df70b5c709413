"""k-means on the sphere, in whole numbers: the same centroids on every machine and for every order of the rows.

Rows and centroids are whole numbers of a common length, so products are exact (`transforms.similarity.vectors`), sums
are exact as well, and what rounding there is happens element by element.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from transforms.similarity.vectors import BLOCK, Grid, Ranks

ITERATIONS = 8  # more than eight change the recall of cells by less than 0.001


def mix(ranks: Ranks, seed: int) -> npt.NDArray[np.uint64]:
    """A hash of each rank (splitmix64): a choice that depends on nothing but the rows themselves."""
    x = ranks + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def sample(ranks: Ranks, size: int, seed: int) -> npt.NDArray[np.intp]:
    """At most `size` positions, chosen and ordered by the hash of their ranks."""
    hashes = mix(ranks, seed)
    if size >= len(ranks):
        return np.argsort(hashes, kind="stable")
    chosen = np.argpartition(hashes, size)[:size]
    return chosen[np.argsort(hashes[chosen], kind="stable")]


def nearest(rows: Grid, centroids: Grid) -> npt.NDArray[np.intp]:
    """The nearest centroid of each row; the first of equals."""
    labels = np.empty(len(rows), np.intp)
    for start in range(0, len(rows), BLOCK):
        labels[start : start + BLOCK] = np.argmax(rows[start : start + BLOCK] @ centroids.T, axis=1)
    return labels


def train(rows: Grid, cells: int, length: float, iterations: int = ITERATIONS) -> Grid:
    """Centroids of `rows`, shape (at most `cells`, dimension), whole numbers of length `length`.

    The first rows are the first centroids, so `rows` comes in a random order (`sample`).
    """
    centroids = rows[: min(cells, len(rows))].copy()
    for _ in range(iterations):
        labels = nearest(rows, centroids)
        order = np.argsort(labels, kind="stable")
        occupied, starts = np.unique(labels[order], return_index=True)
        sums = np.add.reduceat(rows[order].astype(np.float64), starts, axis=0)
        size = np.sqrt(np.einsum("ij,ij->i", sums, sums))
        moved = size > 0  # rows that cancel out leave their centroid where it was
        centroids[occupied[moved]] = np.rint(sums[moved] / size[moved, None] * length)
    return centroids
