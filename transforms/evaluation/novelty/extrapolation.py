"""How many more until little is new: two models of the rate at which further units bring new types.

They err to opposite sides, so what is reported is the range between them.

- Chao1 (A. Chao and L. Jost, Coverage-based rarefaction and extrapolation, Ecology 2012) says how many types are left
  at least: f_0 = (n - 1) / n f_1^2 / (2 f_2). Its rate falls too soon.
- The logarithm of the rate as a quadratic of the logarithm of the size, never bending up, fitted on the rarefaction
  curve from n / 16 to n, at n no more than f_1 / n (Good 1953). Its rate falls too late: it knows no end.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.evaluation.diversity.coverage import Abundance, Expected, rarefied

FITTED_PART, FITTED_POINTS = 16, 13
FURTHEST = 100.0  # times the units: beyond, an answer is None
STEPS = 800  # of sizes that are looked at
LEAST_RATE = 1e-12


class Extrapolation:
    """Rates and numbers of types beyond the `n` units of an abundance. Raises ValueError for fewer than FITTED_PART."""

    def __init__(self, found: Abundance):
        if found.units < FITTED_PART:
            raise ValueError(f"{found.units} units are too few to extrapolate from: {FITTED_PART} is the least")
        self.found, self.n = found, found.units
        once, twice = found.seen_in(1), found.seen_in(2)
        self.rate = once / self.n  # Good's: the share of units of which a type is seen nowhere else
        self.unseen = (self.n - 1) / self.n * (once * once / (2 * twice) if twice else once * max(once - 1, 0) / 2)
        sizes = np.geomspace(self.n / FITTED_PART, self.n, FITTED_POINTS)
        rates = np.maximum(np.diff(rarefied(found, sizes)) / np.diff(sizes), LEAST_RATE)
        place = np.log(np.sqrt(sizes[1:] * sizes[:-1]) / self.n)
        bent = np.polyfit(place, np.log(rates), 2)
        self.fit = bent if bent[0] <= 0 else np.append(0.0, np.polyfit(place, np.log(rates), 1))
        self.factor = min(1.0, self.rate / math.exp(float(self.fit[2])))

    def rates(self, sizes: Expected) -> tuple[Expected, Expected]:
        """New types of one more unit after `sizes`, each n or more, by (Chao1, the quadratic)."""
        if not self.rate:
            return np.zeros(len(sizes)), np.zeros(len(sizes))
        stay = math.log1p(-min(self.rate / (self.unseen + self.rate), 1 - 1e-9)) if self.unseen else -math.inf
        with np.errstate(invalid="ignore"):
            fallen = np.where(sizes > self.n, np.exp((sizes - self.n) * stay), 1.0)
        return self.rate * fallen, self.factor * np.exp(np.polyval(self.fit, np.log(sizes / self.n)))

    def distinct_at(self, size: float) -> tuple[float, float]:
        """Range of the types among `size` units, n or more."""
        sizes = np.geomspace(self.n, max(size, self.n), STEPS)
        low, high = sorted(self.found.distinct + float(np.trapezoid(rate, sizes)) for rate in self.rates(sizes))
        return low, high

    def more_until(self, rate: float) -> tuple[int | None, int | None]:
        """Range of the further units after which one more brings fewer than `rate` new types.

        None: more than FURTHEST times as many. (0, 0): that is so already.
        """
        if not 0 < rate < 1:
            raise ValueError(f"a rate of {rate}: it is a share of units, above 0 and below 1")
        if self.rate < rate:
            return 0, 0
        sizes = np.geomspace(self.n, FURTHEST * self.n, STEPS * 4)
        ends = [math.ceil(sizes[np.argmax(low)] - self.n) if low.any() else None for low in self.below(sizes, rate)]
        one, other = sorted(ends, key=lambda end: math.inf if end is None else end)
        return one, other

    def below(self, sizes: Expected, rate: float) -> list[npt.NDArray[np.bool_]]:
        """Where either model is below a rate."""
        return [rates < rate for rates in self.rates(sizes)]
