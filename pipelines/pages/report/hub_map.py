"""The map of a hub: where its personas lie by meaning, in the plane in which they differ most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def projected(vectors: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float64], float]:
    """(the first two principal components, of shape (n, 2); their share of the variance) of vectors of shape (n, d).

    A component's largest loading is positive, so that the same vectors give the same picture.
    """
    centred = np.asarray(vectors, np.float64)
    centred = centred - centred.mean(0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    plane = axes[:, [-1, -2]]
    plane = plane * np.sign(plane[np.abs(plane).argmax(0), [0, 1]])
    total = float(values.sum())
    return centred @ plane, float(values[-2:].sum()) / total if total > 0 else 0.0
