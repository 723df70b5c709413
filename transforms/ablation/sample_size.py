"""How many samples an arm needs to tell a gain from none: from a pilot's variance, never from its effect."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from persona_hub.transforms.ablation.estimate import LEVEL
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluation.diversity.coverage import abundance_of
from persona_hub.transforms.evaluation.diversity.occupancy import LEAST_VARIANCE
from persona_hub.transforms.evaluation.novelty.extrapolation import Extrapolation

POWER = 0.8
MOST_VARIANCE = 0.23  # of the number of clusters, by the number of samples: the largest in 33 simulated worlds
LEAST_PILOT = 32  # samples; of fewer no curve is fitted
SIZES_TRIED = 40  # sizes that are tried on the way to the bound: each 10% above the last, or less

ClusterSizes = npt.NDArray[np.intp]  # samples in each cluster, shape (clusters,)


def samples_needed(pilots: Sequence[ClusterSizes], least: float, design: float = 1.0, power: float = POWER) -> int:
    """Samples an arm at which a true difference of 0 is told from `least`, a share of the samples, with `power`.

    The sum of the standard normal quantiles of level and power, times the standard error, must be `least`. Beyond the
    pilot the variance follows the curve of novelty; without pilots (two arms, their cluster sizes), or beyond all that
    they say, it is at most MOST_VARIANCE n. `design`: how many times the variance by samples that by personas is.
    """
    if not 0 < least < 1:
        raise InvalidInputError(f"a least gain of {least}: it is a share of the samples, above 0 and below 1")
    deviations = float(ndtri((1 + LEVEL) / 2) + ndtri(power))
    bound = 2 * MOST_VARIANCE * design * (deviations / least) ** 2
    seen = min((int(sizes.sum()) for sizes in pilots), default=0)
    if len(pilots) == 2 and LEAST_PILOT <= seen < bound:
        curves = [Extrapolation(abundance_of(sizes)) for sizes in pilots]
        for n in np.geomspace(seen, bound, SIZES_TRIED):
            if deviations * math.sqrt(design * sum(variance_at(curve, n) for curve in curves)) / n <= least:
                return math.ceil(n)
    return math.ceil(bound)


def variance_at(curve: Extrapolation, m: float) -> float:
    """Of the number of clusters among m samples: E[D_2m] - E[D_m] - m rate(m)^2, by the curve of novelty; at least 1.

    Where nearly all clusters have been seen it errs to the large side.
    """
    at = np.geomspace(m, 2 * m, 50)
    rates = curve.rates(at)[1]
    return max(float(np.trapezoid(rates, at)) - m * float(rates[0]) ** 2, LEAST_VARIANCE)
