"""How far shares are from a reference: Jensen-Shannon divergence without the bias of few observations."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import gammaincinv, gammaln, ndtri, xlogy

from persona_hub.transforms.evaluation.figures import LEVEL, Figure

ValueCounts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]

ENUMERATED = 150  # draws up to which a binomial distribution is summed term by term
NORMAL_FROM = 50  # expected draws, and expected others, from which it is taken as normal
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(12)
CLOSE, FURTHEST_PART = 1e-6, 3.0
MEAN = -1.0  # in place of a quantile
LEAST_EXPECTED, LEAST_FOUND = 5.0, 20
PRIOR_DRAWS = 1.0  # draws; of one value alone there would be no variance


def parts(p: Shares, q: Shares) -> Shares:
    """What each value adds to the Jensen-Shannon divergence, in bits (Lin 1991)."""
    middle = (p + q) / 2
    some = np.where(middle > 0, middle, 1.0)
    return (xlogy(p, np.where(p > 0, p / some, 1.0)) + xlogy(q, np.where(q > 0, q / some, 1.0))) / (2 * math.log(2))


def jensen_shannon(p: Shares, q: Shares) -> float:
    """The divergence in bits, 0 of equal shares and 1 where no value is in both."""
    return float(parts(p, q).sum())


def divergence(counts: ValueCounts, reference: Shares, *, design: float = 1.0, level: float = LEVEL) -> Figure:
    """The divergence from a reference, which counts as exact, of the population that the counts were drawn from.

    That of the counts is too large, for chance alone parts them: by (values - 1) / (8 n ln 2) in large samples of equal
    shares, by far more where values have few observations. So rare values are first counted as one (`rare_values`),
    which can only lessen the divergence. Then that population on the way from the reference to the counts is taken
    whose draws have, in the mean, the divergence that was found. The bounds are populations on this way from which what
    was found is as far as the level allows. `design`: how many times an independent sample's variance the counts have.
    NaN, from 0 to 1, of so few personas that no value can be told from the others.
    How often it holds: `benchmarks.demographics`.
    """
    n = int(counts.sum())
    draws = int(n / design)
    if not draws:
        return Figure(math.nan, 0.0, 1.0, n)
    rare = rare_values(counts, reference, draws)
    if rare.all():  # all count as one value, of which there is nothing to compare
        return Figure(math.nan, 0.0, 1.0, n)
    p, q = (np.append(shares[~rare], shares[rare].sum()) for shares in (counts / n, reference))
    found = jensen_shannon(p, q)

    def place(quantile: float) -> float:
        def excess(part: float) -> float:
            return quantile_of(*moments(mixed(p, q, part, draws), q, draws), quantile) - found

        if excess(0.0) >= 0:
            return 0.0
        return brentq(excess, 0.0, FURTHEST_PART, xtol=CLOSE) if excess(FURTHEST_PART) > 0 else FURTHEST_PART

    tail = (1 - level) / 2
    low, high = (jensen_shannon(mixed(p, q, place(at), draws), q) for at in (1 - tail, tail))
    middle = mixed(p, q, place(MEAN), draws)
    value = jensen_shannon(middle, q)
    # Counts that happen to equal the reference show no way to go: then this bound is the higher one.
    across = value + float(ndtri(1 - tail)) * math.sqrt(moments(middle, q, draws)[1])
    return Figure(value, min(low, value), min(1.0, max(high, across)), n)


def quantile_of(mean: float, variance: float, quantile: float) -> float:
    """A quantile of the gamma distribution with this mean and variance, or its mean, for MEAN.

    Divergences of draws are as good as chi-square near the reference, which this has exactly, and normal far from it.
    """
    if quantile == MEAN or variance <= 0:
        return mean
    return float(gammaincinv(mean**2 / variance, quantile)) * variance / mean


def rare_values(counts: ValueCounts, reference: Shares, draws: float) -> npt.NDArray[np.bool_]:
    """Which values have too few observations to be told apart: those neither expected nor found often enough.

    Of a value of which LEAST_EXPECTED are not expected, LEAST_FOUND are found by chance in less than one of a million
    samples.
    """
    return (draws * reference < LEAST_EXPECTED) & (counts < LEAST_FOUND)


def mixed(p: Shares, q: Shares, part: float, n: int) -> Shares:
    """Shares `part` of the way from `q` to `p`, or beyond; to `n` draws of `p` come PRIOR_DRAWS from `q`."""
    towards = (n * p + PRIOR_DRAWS * q) / (n + PRIOR_DRAWS)
    shares = np.maximum(part * towards + (1 - part) * q, 0.0)
    return shares / shares.sum()


def moments(p: Shares, q: Shares, n: int) -> tuple[float, float]:
    """Mean and variance of the divergence from `q` of the shares of `n` draws from `p`.

    The mean is that of binomial draws for each value, exact as far as NORMAL_FROM; the variance takes the terms of two
    values to be as correlated as the linear parts of them are.
    """
    few = (n <= ENUMERATED) | (n * p < NORMAL_FROM) | (n * (1 - p) < NORMAL_FROM)
    mean = variance = slope = square = 0.0
    for chosen, draws, weight in (
        (few, *enumerated(p[few], n)),
        (~few, n * p[~few, None] + np.sqrt(n * p * (1 - p))[~few, None] * NODES, NODE_WEIGHTS / NODE_WEIGHTS.sum()),
    ):
        added = parts(draws / n, q[chosen, None])
        means = (weight * added).sum(axis=1)
        centred = draws - n * p[chosen, None]
        spread = n * p[chosen] * (1 - p[chosen])
        tilt = (weight * added * centred).sum(axis=1) / np.where(spread > 0, spread, 1.0)
        mean += float(means.sum())
        variance += float((weight * (added - means[:, None]) ** 2).sum())
        slope += float((tilt * p[chosen]).sum())
        square += float(((tilt * p[chosen]) ** 2).sum())
    return mean, max(0.0, variance - n * (slope**2 - square))


def enumerated(p: Shares, n: int) -> tuple[Shares, Shares]:
    """Numbers of draws, (values, numbers), and their probabilities: all of them, or the likely ones near 0 and n."""
    if n <= ENUMERATED:
        draws = np.broadcast_to(np.arange(n + 1.0), (len(p), n + 1))
    else:
        near = np.arange(ENUMERATED + 1.0)
        draws = np.where((p < 0.5)[:, None], near, n - near)
    held = np.clip(p, 1e-300, 1 - 1e-16)[:, None]
    log = (
        gammaln(n + 1)
        - gammaln(draws + 1)
        - gammaln(n - draws + 1)
        + draws * np.log(held)
        + (n - draws) * np.log1p(-held)
    )
    return draws, np.exp(log)
