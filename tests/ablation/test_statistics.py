"""The statistics of the experiment, on made distributions of clusters: no vectors, no model."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from persona_hub.transforms.ablation.distinct import distinct_clusters
from persona_hub.transforms.ablation.estimate import Estimate, difference
from persona_hub.transforms.ablation.sample_size import MOST_VARIANCE, samples_needed, variance_at
from persona_hub.transforms.ablation.verdict import at_ceiling, compared, holm, is_equivalent, verdict
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.evaluation.diversity.coverage import abundance_of
from persona_hub.transforms.evaluation.novelty.extrapolation import Extrapolation

SEEDS = 500  # of 100 the share that covers has an error of 2.2 points, of 500 of 1


def zipf(clusters: int) -> np.ndarray:
    """Shares of clusters, the k-th 1/k of the first."""
    shares = 1 / np.arange(1, clusters + 1)
    return shares / shares.sum()


def sizes_of(labels: np.ndarray) -> np.ndarray:
    """The sizes of clusters."""
    return np.unique(labels, return_counts=True)[1]


def labels_of(
    seed: int, shares: np.ndarray, n: int, each: int = 1, fixed: bool = False, loyal: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Labels and personas: `each` samples of a persona, a share `loyal` of them of the persona's own cluster."""
    rng = np.random.default_rng(seed)
    labels, personas = rng.choice(len(shares), n, p=shares), np.repeat(np.arange(n // each), each)
    if each == 1:
        return labels, personas
    own = (np.random.default_rng(7) if fixed else rng).choice(len(shares), n // each, p=shares)
    return np.where(rng.random(n) < loyal, own[personas], labels), personas


@pytest.mark.parametrize(
    ("clusters", "n", "each", "fixed"),
    [
        pytest.param(100, 200, 1, False, id="one sample of a persona"),
        pytest.param(1000, 100, 1, False, id="most clusters unseen"),
        pytest.param(300, 200, 5, False, id="five samples of a persona"),
        pytest.param(300, 200, 20, True, id="ten personas by hand"),
    ],
)
def test_interval_covers_zero_under_a_null_effect(clusters: int, n: int, each: int, fixed: bool) -> None:
    shares, covered = zipf(clusters), 0
    for seed in range(SEEDS):
        arms = [labels_of(2 * seed + arm, shares, n, each, fixed) for arm in (0, 1)]
        treatment, control = (distinct_clusters(labels, whose, fixed) for labels, whose in arms)
        effect = difference(treatment, control, n)
        covered += effect.low <= 0 <= effect.high
    assert 0.92 <= covered / SEEDS <= 0.98


def test_samples_of_one_persona_are_no_independent_samples() -> None:
    """Where ten samples of a persona are alike, by samples zero is covered far too seldom, by personas it is."""
    covered, shares = np.zeros(2), zipf(300)
    for seed in range(200):
        arms = [labels_of(2 * seed + arm, shares, 200, 10, loyal=0.95) for arm in (0, 1)]
        for way in (0, 1):
            one, other = (distinct_clusters(labels, whose if way else None) for labels, whose in arms)
            effect = difference(one, other, 200)
            covered[way] += effect.low <= 0 <= effect.high
    assert covered[0] / 200 < 0.8
    assert covered[1] / 200 > 0.9


def test_variance_by_hand() -> None:
    """Clusters of 1, 1, 1, 2, 2 and 3 samples: 3 - 2 + 1 - 3 * 2 / 9."""
    labels = np.array([0, 1, 2, 3, 3, 4, 4, 5, 5, 5])
    assert distinct_clusters(labels) == Estimate(6.0, 2 - 6 / 9, 10, noise=6)


def test_variance_of_drawn_personas_by_hand() -> None:
    """Cluster 0 seen with persona 0, 1 and 2 with persona 1, 3 with both: 1 + 4 - 1 - (9 - 5) / 1 -> the least, 1."""
    labels, personas = np.array([0, 1, 2, 3, 3]), np.array([0, 1, 1, 0, 1])
    assert distinct_clusters(labels, personas) == Estimate(4.0, 1.0, 2, noise=4)
    apart = np.array([0, 0, 1, 1, 2, 2, 3, 3])  # each persona a cluster of its own: as four samples, but for the least
    assert distinct_clusters(apart, apart) == distinct_clusters(np.arange(4))


def test_variance_of_fixed_personas_by_hand() -> None:
    """Seen once: two clusters with persona 0, of 3 samples, none with persona 1: 2 - 1 + 1 - 2 * 1 / 2."""
    labels, personas = np.array([0, 1, 2, 2, 3, 3, 3]), np.array([0, 0, 0, 1, 1, 1, 1])
    assert distinct_clusters(labels, personas, fixed=True) == Estimate(4.0, 1.0, 7, noise=4)


def test_one_persona_is_one_stratum() -> None:
    labels = np.random.default_rng(1).integers(0, 60, 100)
    same = np.zeros(100, int)
    assert distinct_clusters(labels, same, fixed=True) == distinct_clusters(labels)
    with pytest.raises(InvalidInputError, match="one persona"):
        difference(distinct_clusters(labels, same), distinct_clusters(labels))


def test_numbers_of_labels_and_personas_say_nothing() -> None:
    rng = np.random.default_rng(3)
    labels, personas = rng.integers(0, 40, 90), rng.integers(0, 20, 90)
    order = rng.permutation(90)
    assert distinct_clusters(labels * 7 + 5, personas * 3) == distinct_clusters(labels, personas)
    assert distinct_clusters(labels[order], personas[order]) == distinct_clusters(labels, personas)


def test_difference_is_welch() -> None:
    one, other = (np.random.default_rng(seed).normal(seed, 1 + seed, 20 + 5 * seed) for seed in (0, 1))
    first, second = (Estimate(x.mean(), x.var(ddof=1) / len(x), len(x)) for x in (one, other))
    ours = difference(first, second)
    theirs = stats.ttest_ind(one, other, equal_var=False)
    assert ours.p == pytest.approx(theirs.pvalue)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval()))


def test_a_variance_that_is_noisy_has_few_degrees_of_freedom() -> None:
    """(9 + 16)^2 / (81 / 99 + 256 / 99 + (40 + 20) / 2) are 18.7; never fewer than 4, unless by the units alone."""

    def wide(noise: float, units: int = 100) -> float:
        told = difference(Estimate(80, 9, units, noise), Estimate(60, 16, units, noise / 2))
        return (told.high - told.low) / 10  # of both sides, by the standard error, 5

    assert wide(40) == pytest.approx(stats.t.ppf(0.975, 625 / (337 / 99 + 30)))
    assert wide(0) == pytest.approx(stats.t.ppf(0.975, 625 * 99 / 337))
    assert wide(1e9) == pytest.approx(stats.t.ppf(0.975, 4))
    assert wide(1e9, units=2) == pytest.approx(stats.t.ppf(0.975, 625 / 337))


def test_intervals_of_few_clusters_cover_zero() -> None:
    """Ten personas that are all there are, 20 samples of each, nearly all of their clusters seen: without the noise of
    the variance 91.5% of 400 intervals cover zero, with it 97.25.
    """
    rng, covered = np.random.default_rng(5), 0
    shares = np.arange(1, 301.0) ** -1
    worlds = np.random.default_rng(99).dirichlet(np.maximum(shares / shares.sum() * 3, 1e-3), size=10)
    whose = np.repeat(np.arange(10), 20)
    for _ in range(400):
        one, other = (
            distinct_clusters(np.concatenate([rng.choice(300, 20, p=own) for own in worlds]), whose, fixed=True)
            for _ in (0, 1)
        )
        effect = difference(one, other)
        covered += effect.low <= 0 <= effect.high
    assert 0.94 < covered / 400 < 0.99


def test_a_share_of_the_samples_is_what_differs() -> None:
    treatment, control = Estimate(80, 9, 100), Estimate(60, 16, 100)
    whole, share = difference(treatment, control), difference(treatment, control, 100)
    assert share == pytest.approx((*(end / 100 for end in whole[:3]), whole.p))


def test_holm() -> None:
    """Three p by hand: 0.01 * 3, then 0.02 * 2, then 0.03, which may not be below the one before."""
    assert holm([0.02, 0.03, 0.01]) == pytest.approx([0.04, 0.04, 0.03])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_verdicts() -> None:
    def of(low: float, high: float) -> str:
        return verdict(difference(Estimate(0, 0, 2), Estimate(0, 0, 2))._replace(low=low, high=high), 0.05)

    assert of(0.01, 0.2) == of(0.001, 0.01) == "gain"
    assert of(-0.02, 0.03) == of(-0.3, -0.1) == "no gain"
    assert of(-0.02, 0.06) == of(-0.2, 0.3) == "too little data"
    worse = difference(Estimate(10, 1, 99), Estimate(60, 1, 99), 100)
    assert verdict(worse) == "no gain"
    assert not is_equivalent(worse)
    assert is_equivalent(difference(Estimate(60, 1, 99), Estimate(60, 1, 99), 100))


def test_few_samples_or_personas_decide_nothing() -> None:
    """Five samples, all distinct beside all the same, would be a gain by their interval."""
    treatment, control = Estimate(5, 1, 5), Estimate(1, 1, 5)
    assert difference(treatment, control, 5).low > 0
    assert compared([treatment], control, 5)[0].verdict == "too little data"
    assert compared([Estimate(90, 1, 3)], Estimate(10, 1, 100), 100)[0].verdict == "too little data"


def test_more_comparisons_widen_each() -> None:
    arms = [Estimate(60 + k, 9, 200) for k in range(6)]
    alone, among = compared(arms[5:], arms[0], 200)[0], compared(arms[1:], arms[0], 200)[-1]
    assert among.effect.low < alone.effect.low < alone.effect.high < among.effect.high
    assert among.adjusted_p > alone.adjusted_p == alone.effect.p


def test_corrected_comparisons_hold_together() -> None:
    """Of five null arms beside a control, one is called a gain in at most 5 of 100 experiments, about."""
    shares, wrong = zipf(300), 0
    for seed in range(200):
        arms = [distinct_clusters(labels_of(10 * seed + arm, shares, 200)[0]) for arm in range(6)]
        wrong += any(one.verdict == "gain" for one in compared(arms[1:], arms[0], 200))
    assert wrong / 200 <= 0.06


def test_ceiling() -> None:
    assert at_ceiling([98, 99], 100)
    assert not at_ceiling([70, 99], 100)


@pytest.mark.parametrize("clusters", [60, 1000])
def test_curve_foretells_the_variance(clusters: int) -> None:
    """Of four times a pilot's samples: near it, or above where all clusters will have been seen, never far below."""
    shares = zipf(clusters)
    drawn = [np.random.default_rng(seed).choice(clusters, 800, p=shares) for seed in range(200)]
    true = np.var([len(set(labels)) for labels in drawn])
    told = [variance_at(Extrapolation(abundance_of(sizes_of(labels[:200]))), 800) for labels in drawn[:50]]
    assert true / 2 < np.median(told) < (2 * true if clusters == 1000 else 10 * true)


def test_samples_needed() -> None:
    """Without a pilot the bound: 2 * 0.23 * (2.80 / 0.05)^2; the smaller the gain, the more; a pilot tells of less."""
    bound = 2 * MOST_VARIANCE * ((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) / 0.05) ** 2
    assert samples_needed([], 0.05) == math.ceil(bound) == 1445
    sizes = [np.unique(np.random.default_rng(s).choice(300, 200, p=zipf(300)), return_counts=True)[1] for s in (0, 1)]
    needs = [samples_needed(sizes, least) for least in (0.1, 0.05, 0.03)]
    assert all(one < other for one, other in pairwise(needs))
    assert needs[1] < 1445
    assert samples_needed(sizes, 0.05, design=2.0) > needs[1]
    with pytest.raises(InvalidInputError, match="share"):
        samples_needed([], 0)


def test_so_many_samples_decide() -> None:
    """At the number that a pilot asks for, a null effect is told from 10 points in 80 of 100 experiments, about."""
    shares = zipf(300)
    sizes = [np.unique(np.random.default_rng(s).choice(300, 100, p=shares), return_counts=True)[1] for s in (0, 1)]
    n = samples_needed(sizes, 0.1)
    effects = []
    for seed in range(300):
        one, other = (distinct_clusters(labels_of(2 * seed + arm, shares, n)[0]) for arm in (0, 1))
        effects.append(difference(one, other, n))
    assert 0.7 <= np.mean([effect.high < 0.1 for effect in effects]) <= 0.97
