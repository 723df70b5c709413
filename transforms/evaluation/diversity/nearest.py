"""Nearest neighbours of a sample of rows among all rows: how far the next one is, and how many are near.

Cosines are products of vectors of whole numbers (`quantised`), exact in float32, so that neither blocks nor machines
make a difference; they are those of the stored vectors to 0.001. 1,000 rows against each further row take 1 MFLOP.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.evaluation.figures import Figure, mean_figure, share
from persona_hub.transforms.vectors.arrays import BLOCK_ROWS
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.vectors.quantised import QUANTISED_NORM, Quantised, quantise

SQUARE = QUANTISED_NORM**2
NONE_YET = -2.0  # below every cosine


@dataclass(frozen=True, eq=False)
class NearestRows:
    """Of each sampled row the largest cosine with another row. Weighs 2 KB + 12 bytes a sampled row, of 512 numbers."""

    ids: tuple[str, ...]  # of the sampled rows, each once
    sampled: Quantised  # shape (sampled, d)
    largest: npt.NDArray[np.float32]  # shape (sampled,): cosine, NONE_YET where none was seen
    near: npt.NDArray[np.int64]  # how many others reach the threshold
    threshold: float

    @classmethod
    def of(cls, ids: Sequence[str], vectors: StoredVectors, threshold: float) -> NearestRows:
        """No neighbours yet. Raises ValueError for an id that comes twice."""
        if len(set(ids)) < len(ids):
            raise ValueError("an id of the sample comes twice: ids are of rows, not of texts")
        none = np.full(len(ids), NONE_YET, np.float32)
        return cls(tuple(ids), quantise(vectors), none, np.zeros(len(ids), np.int64), threshold)

    def add(self, ids: Sequence[str], vectors: StoredVectors) -> NearestRows:
        """With rows as neighbours, each row once over all that are added; a sampled row is not its own neighbour."""
        largest, near = self.largest.copy(), self.near.copy()
        place = {row_id: at for at, row_id in enumerate(self.ids)}
        for start in range(0, len(ids), BLOCK_ROWS):
            cosine = self.sampled @ quantise(np.ascontiguousarray(vectors[start : start + BLOCK_ROWS])).T
            cosine /= np.float32(SQUARE)
            own = [(place[one], at) for at, one in enumerate(ids[start : start + BLOCK_ROWS]) if one in place]
            for row, column in own:
                cosine[row, column] = NONE_YET
            np.maximum(largest, cosine.max(axis=1), out=largest)
            near += (cosine >= self.threshold).sum(axis=1)
        return replace(self, largest=largest, near=near)

    def merged(self, other: NearestRows) -> NearestRows:
        """The neighbours of both, of the same sampled rows. Raises ValueError where those differ."""
        if self.ids != other.ids or self.threshold != other.threshold:
            raise ValueError("neighbours of different rows, or at different thresholds, do not merge")
        return replace(self, largest=np.maximum(self.largest, other.largest), near=self.near + other.near)

    @property
    def distances(self) -> npt.NDArray[np.float64]:
        """1 - cosine to the nearest, of the sampled rows that have another, at least 0."""
        return np.maximum(0.0, 1.0 - self.largest[self.largest > NONE_YET].astype(np.float64))

    @property
    def mean_distance(self) -> Figure:
        """Mean of `distances`. It falls as rows become more: compare as many."""
        return mean_figure(self.distances)

    def quantile(self, part: float) -> Figure:
        """A quantile of `distances`, with the interval of order statistics (normal approximation of their ranks)."""
        ordered = np.sort(self.distances)
        n = len(ordered)
        if not n:
            return Figure(math.nan)
        from scipy.special import ndtri

        half = float(ndtri(0.975)) * math.sqrt(n * part * (1 - part))
        low, high = max(0, math.floor(n * part - half)), min(n - 1, math.ceil(n * part + half))
        return Figure(float(np.quantile(ordered, part)), float(ordered[low]), float(ordered[high]), n)

    @property
    def alone(self) -> Figure:
        """Share of rows without a neighbour at the threshold: how likely a row is new beside all others (Good)."""
        return share(int((self.near == 0).sum()), len(self.near))
