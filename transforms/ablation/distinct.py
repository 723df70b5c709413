"""The primary metric: how many distinct clusters there are among n samples, and how that number varies.

With n drawn as a Poisson number, the number D of clusters seen has the variance E[D_2n] - E[D_n] (Karlin 1967; Gnedin,
Hansen & Pitman 2007), and fixing n takes n (dE[D]/dn)^2 off. Good & Toulmin (1956) estimate both without bias from f_r,
the number of clusters that were seen r times:

    v = f_1 - f_2 + f_3 - ... - f_1 (f_1 - 1) / (n - 1)

(f_1^2 / n, as it is mostly written, is larger by up to 1/4, and with few samples of each persona by much more.)

Where one persona has several samples, personas are what was drawn. A cluster is then known by the set s of the personas
that it was seen with. Of m_s clusters with the set s, and P personas,

    v = sum over s of (-1)^(|s|+1) m_s^2 - sum over personas g, h, g not h, of m_{g} m_{h} / (P - 1)

Where the personas are fixed (a list by hand, occupations), the samples of each were drawn, n_g of them: the series of
samples holds as it is, and what is taken off is the sum of f_1g (f_1g - 1) / (n_g - 1), of the f_1g clusters that were
seen once, and with g.

Copies of a row are no new samples: a bootstrap of rows is biased, and covers 85 to 87% of the time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.ablation.estimate import Estimate
from persona_hub.transforms.ablation.neighbours import Labels

LEAST_VARIANCE = 1.0  # where nothing or everything was seen twice, one cluster more or fewer is still possible

Drawn = npt.NDArray[np.intp]  # the persona of each sample, a number from 0, shape (samples,)


def distinct_clusters(labels: Labels, personas: Drawn | None = None, fixed: bool = False) -> Estimate:
    """The number of clusters, and its variance at this number of samples.

    `personas`: whose each sample is; without, or `fixed`, samples are the units. Labels and personas are any numbers.
    """
    labels = np.unique(labels, return_inverse=True)[1]
    whose = np.arange(len(labels)) if personas is None else np.unique(personas, return_inverse=True)[1]
    clusters = int(labels.max()) + 1 if len(labels) else 0
    if fixed:
        variance, units = of_fixed_personas(labels, whose), len(labels)
    else:
        variance, units = of_drawn_personas(labels, whose), int(whose.max()) + 1 if len(whose) else 0
    return Estimate(float(clusters), max(variance, LEAST_VARIANCE), units)


def of_drawn_personas(labels: Labels, whose: Drawn) -> float:
    """The variance where personas were drawn, by the sets of personas that clusters were seen with."""
    if not len(labels):
        return 0.0
    units = int(whose.max()) + 1
    pairs = np.unique(labels.astype(np.int64) * units + whose)
    # A set is known by the sum of random numbers of its members: of 10^6 sets two are taken for one in 10^-7 of cases.
    keys = np.random.default_rng(0).integers(1, 2**63, units, dtype=np.uint64)
    sums = np.zeros(int(labels.max()) + 1, np.uint64)
    np.add.at(sums, pairs // units, keys[pairs % units])
    size = np.bincount(pairs // units)
    _, first, clusters = np.unique(sums, return_index=True, return_counts=True)
    members = size[first]
    series = np.where(members % 2 == 1, 1.0, -1.0) * clusters.astype(float) ** 2
    own = clusters[members == 1].astype(float)
    return float(series.sum() - (own.sum() ** 2 - (own**2).sum()) / max(units - 1, 1))


def of_fixed_personas(labels: Labels, whose: Drawn) -> float:
    """The variance where each persona's samples were drawn, so many of each."""
    seen = np.bincount(labels)
    once = np.bincount(whose[seen[labels] == 1], minlength=int(whose.max(initial=0)) + 1)
    of_each = np.bincount(whose)
    series = np.where(seen % 2 == 1, 1.0, -1.0).sum()
    return float(series - (once * (once - 1) / np.maximum(of_each - 1, 1)).sum())
