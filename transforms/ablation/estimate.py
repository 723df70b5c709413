"""An estimate of one arm, and the difference of two with its interval."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.special import stdtr, stdtrit

from persona_hub.transforms.errors import InvalidInputError

LEVEL = 0.95  # of intervals
LEAST_FREEDOM = 4.0  # where nearly all clusters have been seen, all that the series tells of the variance is its noise


class Estimate(NamedTuple):
    """A metric of n samples, and how it would vary if the n were drawn anew."""

    value: float
    variance: float
    units: int  # that were drawn independently: personas, or samples where those are
    noise: float = 0.0  # the variance of `variance` itself, beside what so few units say


class Difference(NamedTuple):
    """A treatment less its control, with an interval, and the p of a two-sided test against zero."""

    value: float
    low: float
    high: float
    p: float


def difference(treatment: Estimate, control: Estimate, scale: float = 1.0, level: float = LEVEL) -> Difference:
    """(treatment - control) / `scale`, by t with the degrees of freedom of Welch (1947) and Satterthwaite (1946).

    These follow from how far each variance may be off: 2 variance^2 / (units - 1) by its units, and its `noise`.

    Scale is the number of samples where the values are counts of them, so that the difference is a share. Raises
    InvalidInputError for an estimate of one unit: nothing says how such units vary.
    """
    if min(treatment.units, control.units) < 2:
        raise InvalidInputError("one persona says nothing of how personas differ; take its samples as the units")
    value = (treatment.value - control.value) / scale
    variance = treatment.variance + control.variance
    if not variance:
        return Difference(value, value, value, float(value == 0))
    by_units = sum(one.variance**2 / (one.units - 1) for one in (treatment, control))
    with_noise = by_units + (treatment.noise + control.noise) / 2
    freedom = min(variance**2 / by_units, max(variance**2 / with_noise, LEAST_FREEDOM))
    error = math.sqrt(variance) / scale
    half = float(stdtrit(freedom, (1 + level) / 2)) * error
    return Difference(value, value - half, value + half, 2 * float(stdtr(freedom, -abs(value) / error)))
