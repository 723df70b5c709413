"""How many samples an arm needs to tell a gain from none: from a pilot's variance, never from its effect."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, ndtri

from persona_hub.transforms.ablation.estimate import LEVEL
from persona_hub.transforms.errors import InvalidInputError

POWER = 0.8
MOST_VARIANCE = 0.23  # of the number of clusters, by the number of samples: the largest in 33 simulated worlds
FITTED_PART = 16  # the curve is fitted from n / 16 samples on
LEAST_PILOT = 32  # samples; of fewer no curve is fitted
STEPS = 40  # sizes that are tried on the way to the bound: each 10% above the last, or less

Sizes = npt.NDArray[np.intp]  # samples in each cluster, shape (clusters,)
Floats = npt.NDArray[np.float64]


def samples_needed(pilots: Sequence[Sizes], least: float, design: float = 1.0, power: float = POWER) -> int:
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
        curves = [NoveltyCurve(sizes) for sizes in pilots]
        for n in np.geomspace(seen, bound, STEPS):
            if deviations * math.sqrt(design * sum(curve.variance(n) for curve in curves)) / n <= least:
                return math.ceil(n)
    return math.ceil(bound)


class NoveltyCurve:
    """The clusters that one more sample finds, after m samples: its logarithm is quadratic in log m, never bending up.

    Fitted on the rarefaction curve from n / 16 to n; at n it is at most f_1 / n (Good 1953).
    """

    def __init__(self, sizes: Sizes):
        self.n = int(sizes.sum())
        at = np.geomspace(self.n / FITTED_PART, self.n, 13)
        rates = np.maximum(np.diff(rarefied(sizes, at)) / np.diff(at), 1e-9)
        place = np.log(np.sqrt(at[1:] * at[:-1]) / self.n)
        bent = np.polyfit(place, np.log(rates), 2)
        self.fit = bent if bent[0] <= 0 else np.append(0.0, np.polyfit(place, np.log(rates), 1))
        self.factor = min(1.0, float((sizes == 1).sum()) / self.n / math.exp(self.fit[2]))

    def rates(self, m: Floats) -> Floats:
        """Clusters found by one more sample after m."""
        return self.factor * np.exp(np.polyval(self.fit, np.log(m / self.n)))

    def variance(self, m: float) -> float:
        """Of the number of clusters among m samples: E[D_2m] - E[D_m] - m rate(m)^2, as in `distinct`; at least 1.

        Where nearly all clusters have been seen it errs to the large side.
        """
        at = np.geomspace(m, 2 * m, 50)
        rates = self.rates(at)
        return max(float(np.trapezoid(rates, at)) - m * float(rates[0]) ** 2, 1.0)


def rarefied(sizes: Sizes, m: Floats) -> Floats:
    """Expected clusters among m of the samples, drawn without replacement (Hurlbert 1971): exact."""
    size, clusters = np.unique(sizes, return_counts=True)
    n = float((size * clusters).sum())
    rest = n - size[None, :]
    drawn = m[:, None]
    left = np.maximum(rest - drawn, 0)
    ways = gammaln(rest + 1) + gammaln(n - drawn + 1) - gammaln(left + 1) - gammaln(n + 1)
    unseen = np.where(rest >= drawn, np.exp(ways), 0.0)
    return np.asarray((clusters * (1 - unseen)).sum(axis=1))
