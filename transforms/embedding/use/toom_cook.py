"""Toom-Cook's convolution ("Winograd"): a tile of outputs by as few products as it has inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Transforms(NamedTuple):
    """outputs = back @ ((kernels @ kernel) * (points @ inputs)), exact but for rounding."""

    back: npt.NDArray[np.float64]  # (outputs, inputs)
    kernels: npt.NDArray[np.float64]  # (inputs, taps)
    points: npt.NDArray[np.float64]  # (inputs, inputs)


def toom_cook(outputs: int, taps: int, at: Sequence[float]) -> Transforms:
    """The transforms of `outputs` neighbouring results of a kernel of `taps`, which see outputs + taps - 1 inputs.

    Polynomials are multiplied by their values at the points `at`, one fewer than the inputs, and at infinity. By the
    transposition principle the same three matrices, turned round, correlate.
    """
    inputs = outputs + taps - 1
    places = np.array(at, np.float64)
    back, kernels, points = (np.zeros(shape) for shape in ((outputs, inputs), (inputs, taps), (inputs, inputs)))
    for j, place in enumerate(places):
        others = np.delete(places, j)
        back[:, j] = place ** np.arange(outputs)
        kernels[j] = place ** np.arange(taps) / np.prod(place - others)
        points[j, :-1] = np.poly(others)[::-1]
    back[-1, -1], kernels[-1, -1] = 1, 1
    points[-1] = np.poly(places)[::-1]
    return Transforms(back, kernels, points)
