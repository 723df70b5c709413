"""Distinct clusters: how many different meanings a sample of rows has.

Rows whose cosine reaches a threshold are joined, and what is joined, directly or by others between, is one cluster: the
connected components of that graph. They do not depend on the order of rows, as the number of leaders of a greedy pass
does. The threshold is the embedder's own (`persona_hub.transforms.embedding.thresholds`); for problems, whose copies
have other numbers and names, vectors are of masked texts (`persona_hub.transforms.contamination.masks`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.vectors.arrays import BLOCK_ROWS, Positions, nonzero_2d
from persona_hub.transforms.vectors.float16 import (
    FLOAT32_MARGIN,
    StoredVectors,
    confirmed_pairs,
    to_float32,
    with_norms,
)

Labels = npt.NDArray[np.intp]  # the cluster of each row, shape (rows,)
ClusterSizes = npt.NDArray[np.intp]  # rows of each cluster, shape (clusters,)


def near_pairs_of(vectors: StoredVectors, threshold: float) -> tuple[Positions, Positions]:
    """All pairs of rows, the earlier first, whose cosine is `threshold` or more: exact, the same on every machine.

    n rows of d numbers take n^2 d / 2 products; 47 MB of memory beside the pairs of 5,000 rows of 512 numbers.
    """
    rows, normed = to_float32(vectors), with_norms(vectors)
    first, second = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for start in range(0, len(rows), BLOCK_ROWS):
        products = rows[start : start + BLOCK_ROWS] @ rows[start:].T
        row, column = nonzero_2d(products >= np.float32(threshold - FLOAT32_MARGIN))
        row, column = row[column > row], column[column > row]
        sure = products[row, column] >= np.float32(threshold + FLOAT32_MARGIN)
        open_pairs = confirmed_pairs(normed, row[~sure] + start, column[~sure] + start, threshold)
        first += [row[sure] + start, open_pairs.first]
        second += [column[sure] + start, open_pairs.second]
    return np.concatenate(first), np.concatenate(second)


def components(first: Positions, second: Positions, rows: int) -> Labels:
    """The connected component of each row, by pairs that are joined; numbered from 0 by their first rows."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(rows, rows))
    labels = connected_components(graph, directed=False)[1]
    _, begin, number = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(begin))[number].astype(np.intp)


def cluster_labels(vectors: StoredVectors, threshold: float) -> Labels:
    """The cluster of each row, numbered from 0 by their first rows."""
    return components(*near_pairs_of(vectors, threshold), len(vectors))


def cluster_sizes(vectors: StoredVectors, threshold: float) -> ClusterSizes:
    """How many rows each cluster has, by the number of the cluster."""
    return np.bincount(cluster_labels(vectors, threshold)).astype(np.intp)
