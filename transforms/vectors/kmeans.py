"""k-means on the sphere, in whole numbers: the same centroids on every machine and for every order of the rows.

Rows and centroids are whole numbers of a common length, so products are exact (`vectors.vectors`), sums
are exact as well, and what rounding there is happens element by element.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.vectors.vectors import BLOCK, Grid, Ranks, true_places

EMPTY, FULL = 3, 8  # cells of a third of the mean crowd and of eight times as much are as different as any


def mix(ranks: Ranks, seed: int) -> npt.NDArray[np.uint64]:
    """A hash of each rank (splitmix64): a choice that depends on nothing but the rows themselves."""
    x = ranks + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def chosen(ranks: Ranks, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Which rows belong to a sample of about a `share` of all, each by its own hash."""
    if share >= 1:
        return np.ones(len(ranks), bool)
    return mix(ranks, seed) < np.uint64(int(share * 2**64))


def sample(ranks: Ranks, size: int, seed: int) -> npt.NDArray[np.intp]:
    """At most `size` positions, chosen and ordered by the hash of their ranks."""
    hashes = mix(ranks, seed)
    if size >= len(ranks):
        return np.argsort(hashes, kind="stable")
    taken = np.argpartition(hashes, size)[:size]
    return taken[np.argsort(hashes[taken], kind="stable")]


def nearest(rows: Grid, centroids: Grid) -> npt.NDArray[np.intp]:
    """The nearest centroid of each row; the first of equals."""
    labels = np.empty(len(rows), np.intp)
    scratch = np.empty((min(BLOCK, len(rows)), len(centroids)), np.float32)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        labels[start : start + BLOCK] = np.argmax(np.matmul(block, centroids.T, out=scratch[: len(block)]), axis=1)
    return labels


def nearby(
    rows: Grid, centroids: Grid, spread: float, most: int, length: float, scratch: Grid | None = None
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """(row, centroid) for the nearest centroid of each row and those at most `spread` of cosine farther, by row.

    Of each row at most `most`, the nearest; the first of equals. At most a million centroids. `scratch`, of a row for
    each of a block and a column for each centroid, spares a caller with many blocks as many pages from the system.
    """
    found = []
    scratch = np.empty((max(1, min(BLOCK, len(rows))), len(centroids)), np.float32) if scratch is None else scratch
    for start in range(0, len(rows), len(scratch)):
        block = rows[start : start + len(scratch)]
        products = np.matmul(block, centroids.T, out=scratch[: len(block)])
        least = products.max(axis=1, keepdims=True) - np.float32(round(spread * length**2))
        row, cell = true_places(products >= least)
        far = (products.max(initial=0) - products[row, cell]).astype(np.int64)  # whole, and under 2^25
        order = np.sort((row << 45 | far << 20) | cell)  # one number to sort by: as `np.lexsort` of three, and faster
        row, cell = order >> 45, order & (1 << 20) - 1
        place = np.arange(len(row)) - np.searchsorted(row, np.arange(len(products)))[row]
        found.append((row[place < most] + start, cell[place < most]))
    if not found:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    return np.concatenate([row for row, _ in found]), np.concatenate([cell for _, cell in found])


def train(rows: Grid, cells: int, length: float, iterations: int) -> Grid:
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


def balanced(rows: Grid, centroids: Grid, spread: float, length: float) -> Grid:
    """Centroids of about the same crowd: the more of `rows` come within `spread` of one, the shorter it is made.

    Rows go where the product is largest, so they rather go to the emptier of two cells that are about as near; work in
    a cell grows with the square of its rows. By the eighth root, which is square roots and so the same everywhere.
    """
    crowd = np.zeros(len(centroids), np.int64)
    for start in range(0, len(rows), BLOCK):
        products = rows[start : start + BLOCK] @ centroids.T
        crowd += (products >= products.max(axis=1, keepdims=True) - np.float32(round(spread * length**2))).sum(axis=0)
    least = crowd.mean() / EMPTY
    share = least / np.clip(crowd, least, least * EMPTY * FULL)
    return np.rint(centroids * np.sqrt(np.sqrt(np.sqrt(share)))[:, None]).astype(np.float32)
