"""Which samples are near each other, and the clusters that they form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from persona_hub.transforms.evaluation.diversity.distinct_clusters import Labels, components, near_pairs_of
from persona_hub.transforms.vectors.arrays import Positions
from persona_hub.transforms.vectors.float16 import StoredVectors


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
        """The cluster of each sample: the connected components."""
        return components(self.first, self.second, self.samples)


def neighbours(vectors: StoredVectors, threshold: float) -> Neighbours:
    """All pairs of rows whose cosine is `threshold` or more: exact, the same on every machine."""
    return Neighbours(*near_pairs_of(vectors, threshold), len(vectors))
