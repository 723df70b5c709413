"""Which samples are near each other: pairs at a cosine or above, and the clusters that such pairs hold together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from persona_hub.transforms.vectors.arrays import BLOCK_ROWS, Positions, nonzero_2d
from persona_hub.transforms.vectors.float16 import FLOAT32_MARGIN, StoredVectors, cosines, to_float32, with_norms

Labels = npt.NDArray[np.intp]  # the cluster of each sample, from 0, shape (samples,)


class Neighbours(NamedTuple):
    """Pairs of samples, each once, and how many samples there are."""

    first: Positions
    second: Positions
    samples: int

    @property
    def degrees(self) -> Positions:
        """How many others are near to each sample."""
        return np.bincount(np.concatenate([self.first, self.second]), minlength=self.samples).astype(np.intp)

    @property
    def labels(self) -> Labels:
        """Connected components, numbered by their first samples.

        They do not depend on the order of the samples, as the number of leaders of a greedy pass does.
        """
        shape = (self.samples, self.samples)
        graph = coo_array((np.ones(len(self.first), bool), (self.first, self.second)), shape=shape)
        return connected_components(graph, directed=False)[1].astype(np.intp)


def neighbours(vectors: StoredVectors, threshold: float) -> Neighbours:
    """All pairs of rows whose cosine is `threshold` or more: exact, the same on every machine.

    n rows of d numbers take n^2 d / 2 products, 2,000 rows of 512 half a second of CPU.
    """
    rows, normed = to_float32(vectors), with_norms(vectors)
    parts = [(np.empty(0, np.intp), np.empty(0, np.intp))]
    for start in range(0, len(rows), BLOCK_ROWS):
        products = rows[start : start + BLOCK_ROWS] @ rows[start:].T
        later = np.triu(np.ones(products.shape, bool), 1)
        row, column = nonzero_2d(later & (products >= np.float32(threshold + FLOAT32_MARGIN)))
        parts.append((row + start, column + start))
        row, column = nonzero_2d(later & (np.abs(products - np.float32(threshold)) <= np.float32(2 * FLOAT32_MARGIN)))
        open_pairs = products[row, column] < np.float32(threshold + FLOAT32_MARGIN)
        first, second = row[open_pairs] + start, column[open_pairs] + start
        near = cosines(normed, first, second) >= threshold
        parts.append((first[near], second[near]))
    first, second = (np.concatenate(side) for side in zip(*parts, strict=True))
    return Neighbours(first, second, len(rows))
