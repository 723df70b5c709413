"""Figures of a report, each with its interval, and the intervals themselves: of shares, and of any statistic by groups.

An interval is of 95% unless LEVEL is changed. A figure that was counted over all rows, and stands for no more than
those rows, has none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
EDGE = 1e-12  # a share so near to 0 or 1 is of none or all


@dataclass(frozen=True)
class Figure:
    """A number of a report: its value, 95% interval (None, None: it is exact), and how many units it rests on.

    A value that does not exist (a share of nothing) is NaN, and null in JSON. Raises ValueError for an interval of one
    bound, for one upside down, and for a negative `n`.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError(f"n is {self.n}, and must not be negative")
        if (self.low is None) != (self.high is None):
            raise ValueError(f"low is {self.low} and high is {self.high}: an interval has both bounds or none")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low is {self.low}, above high, {self.high}")

    @property
    def as_json(self) -> dict[str, Any]:
        """`{value, low, high, n}` as in report.json; what is not a finite number is None."""
        return {"value": finite(self.value), "low": finite(self.low), "high": finite(self.high), "n": self.n}


def finite(number: float | None) -> float | None:
    """`number` as a plain float; None if it is none, infinite or NaN, which JSON has not."""
    return float(number) if number is not None and math.isfinite(number) else None


def share(part: int, whole: int) -> Figure:
    """`part` of `whole` units, with Wilson's interval; NaN of nothing.

    >>> share(0, 20).value, round(share(0, 20).high, 3)
    (0.0, 0.161)
    """
    return Figure(part / whole, *wilson(part, whole), n=whole) if whole else Figure(math.nan)


def wilson(part: float, whole: float, level: float = LEVEL) -> tuple[float, float]:
    """Score interval of a share (E. B. Wilson, JASA 1927). `whole` may be an effective number, below the rows.

    Its mean coverage is about `level` from 10 units on; of 0 in n it is (0, 3.84 / (n + 3.84)).
    """
    check_share(part, whole)
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))
    middle = (part + z * z / 2) / (whole + z * z)
    half = z / (whole + z * z) * math.sqrt(part * (whole - part) / whole + z * z / 4)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return (0.0 if part == 0 else low), (1.0 if part == whole else high)


def check_share(part: float, whole: float) -> None:
    """Raises ValueError unless 0 <= part <= whole and whole > 0."""
    if not (whole > 0 and 0 <= part <= whole):
        raise ValueError(f"{part} of {whole} is no share")


def t_interval(value: float, variance: float, freedom: float, level: float = LEVEL) -> tuple[float, float]:
    """`value` ± t sqrt(variance), by Student's t with `freedom` degrees of freedom; without any, nothing is known."""
    if freedom <= 0:
        return -math.inf, math.inf
    from scipy.special import stdtrit

    half = float(stdtrit(freedom, (1 + level) / 2)) * math.sqrt(variance)
    return value - half, value + half


def jackknife(value: float, left_out: Sequence[float], sizes: Sequence[int], level: float = LEVEL) -> Figure:
    """A statistic of all rows, with the interval of a delete-a-group jackknife.

    `left_out[k]`: the same statistic without group k; `sizes[k]`: how many units that group has. Groups have to be
    drawn by chance or hash, each unit with all its rows in one. Groups of different sizes are weighed as F. Busing, E.
    Meijer and R. van der Leeden do (Delete-m jackknife for unequal m, Statistics and Computing 1999); of equal ones
    this is (g - 1) / g times the sum of squares about the mean. Empty groups do not count. With fewer than two groups
    the interval is from -inf to inf.
    """
    size = np.asarray(sizes, np.float64)
    some = size > 0
    without, size = np.asarray(left_out, np.float64)[some], size[some]
    n, groups = int(size.sum()), len(size)
    if groups < 2:
        return Figure(value, -math.inf, math.inf, n)
    weight = n / size
    pseudo = weight * value - (weight - 1) * without
    centre = groups * value - float(((1 - size / n) * without).sum())
    variance = float(((pseudo - centre) ** 2 / (weight - 1)).mean())
    return Figure(value, *t_interval(value, variance, groups - 1, level), n=n)


def clipped(figure: Figure, least: float = -math.inf, most: float = math.inf) -> Figure:
    """The figure with an interval that does not leave what is possible: [0, 1] of a share."""
    if figure.low is None or figure.high is None:
        return figure
    low, high = (float(bound) for bound in np.clip([figure.low, figure.high], least, most))
    return Figure(figure.value, low, high, figure.n)


def share_of_rows(figure: Figure) -> Figure:
    """A jackknifed share of `n` rows, clipped to [0, 1]. Of none or of all it is Wilson's: no part differs then, and
    the jackknife's interval has no width, however few the rows are.
    """
    if figure.n and (figure.value < EDGE or figure.value > 1 - EDGE):
        return Figure(figure.value, *wilson(round(figure.value) * figure.n, figure.n), n=figure.n)
    return clipped(figure, 0.0, 1.0)


def mean_figure(values: npt.ArrayLike) -> Figure:
    """The mean of independent values, with Student's interval; NaN of none."""
    given = np.asarray(values, np.float64)
    if not len(given):
        return Figure(math.nan)
    variance = float(given.var(ddof=1)) / len(given) if len(given) > 1 else 0.0
    return Figure(float(given.mean()), *t_interval(float(given.mean()), variance, len(given) - 1), n=len(given))
