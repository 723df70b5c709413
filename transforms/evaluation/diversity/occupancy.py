"""How many different types units have (clusters of rows, words of texts), and how that number varies.

Were the n units drawn anew, the number D of types would have the variance E[D_2n] - E[D_n] - n (dE[D]/dn)^2 (Karlin
1967; Gnedin, Hansen and Pitman, Notes on the occupancy problem, 2007), which Good and Toulmin (1956) estimate without
bias. A type is known by the set s of units that have it; of m_s types with the set s, and m_g those of unit g alone,

    v = sum over s of (-1)^(|s|+1) m_s^2 - sum over g, h, g not h, of m_g m_h / (n - 1)

Units drawn again with replacement would be biased: a copy adds no type.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.evaluation.figures import Figure, t_interval

LEAST_VARIANCE = 1.0  # nothing seen twice, or everything: one type more or fewer is still possible


def distinct_variance(types: npt.NDArray[np.integer], units: npt.NDArray[np.integer]) -> float:
    """The variance of the number of types; `types[i]` was seen with `units[i]`, numbers of any kind.

    >>> distinct_variance(np.array([0, 1, 2, 2]), np.array([0, 1, 2, 3]))  # 2 - 1 + ... - 2 / 3, but at least 1
    1.0
    """
    if not len(types):
        return LEAST_VARIANCE
    type_, unit = (np.unique(given, return_inverse=True)[1].astype(np.int64) for given in (types, units))
    n = int(unit.max()) + 1
    pairs = np.unique(type_ * n + unit)
    # A set is known by the sum of random numbers of its members: of 10^6 sets two are taken for one in 10^-7 of cases.
    keys = np.random.default_rng(0).integers(1, 2**63, n, dtype=np.uint64)
    sums = np.zeros(int(type_.max()) + 1, np.uint64)
    np.add.at(sums, pairs // n, keys[pairs % n])
    size = np.bincount(pairs // n)
    _, first, often = np.unique(sums, return_index=True, return_counts=True)
    members = size[first]
    series = float((np.where(members % 2 == 1, 1.0, -1.0) * often.astype(float) ** 2).sum())
    own = often[members == 1].astype(float)
    return max(series - float(own.sum() ** 2 - (own**2).sum()) / max(n - 1, 1), LEAST_VARIANCE)


def distinct_figure(types: npt.NDArray[np.integer], units: npt.NDArray[np.integer], scale: float = 1.0) -> Figure:
    """The number of types by `scale`, with its interval at this number of units; 0 of nothing."""
    found, n = len(np.unique(types)), len(np.unique(units))
    low, high = t_interval(found, distinct_variance(types, units), n - 1)
    return Figure(found / scale, max(0.0, low) / scale, min(high, float(len(types))) / scale, n)
