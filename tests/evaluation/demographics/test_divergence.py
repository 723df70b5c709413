"""Divergence and association: values by hand and by libraries, no bias where there is nothing, intervals that hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency
from scipy.stats.contingency import association

from persona_hub.transforms.evaluation.demographics.association import (
    cramers_v,
    phi_squared,
    pooled,
    together,
    variance_at_independence,
)
from persona_hub.transforms.evaluation.demographics.cells import PairTable
from persona_hub.transforms.evaluation.demographics.divergence import divergence, jensen_shannon, moments, rare_values

P, Q = np.array([0.5, 0.5, 0.0, 0.0]), np.array([0.25, 0.25, 0.5, 0.0])
ZIPF = 1 / np.arange(1, 10)
ZIPF = ZIPF / ZIPF.sum()


def test_divergence_is_that_of_scipy() -> None:
    assert jensen_shannon(P, Q) == pytest.approx(jensenshannon(P, Q, base=2) ** 2)
    assert jensen_shannon(Q, P) == pytest.approx(jensen_shannon(P, Q))
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1
    assert jensen_shannon(Q, Q) == 0


@pytest.mark.parametrize(("shares", "n"), [(ZIPF, 60), (ZIPF, 900), (np.array([0.97, *[0.00375] * 8]), 900)])
def test_mean_and_variance_of_draws(shares: np.ndarray, n: int) -> None:
    drawn = np.random.default_rng(7).multinomial(n, shares, 4000) / n
    found = np.array([jensen_shannon(row, ZIPF) for row in drawn])
    mean, variance = moments(shares, ZIPF, n)
    assert mean == pytest.approx(found.mean(), abs=4 * found.std() / math.sqrt(len(found)))
    assert variance == pytest.approx(found.var(), rel=0.15)


@pytest.mark.parametrize("shares", [ZIPF, ZIPF[::-1]], ids=["equal", "far"])
def test_chance_is_taken_off_and_intervals_hold(shares: np.ndarray) -> None:
    """Of 40 fixed seeds; `python -m benchmarks.demographics` takes more."""
    rng = np.random.default_rng(1)
    drawn = [rng.multinomial(300, shares) for _ in range(40)]
    true = jensen_shannon(shares, ZIPF)
    found = [divergence(counts, ZIPF) for counts in drawn]
    assert sum(one.low <= true <= one.high for one in found) >= 36  # type: ignore[operator]
    plain = float(np.mean([jensen_shannon(counts / 300, ZIPF) for counts in drawn])) - true
    assert abs(float(np.mean([one.value for one in found])) - true) < max(0.6 * plain, 0.02 * true)


def test_a_rare_value_that_is_common_here_stands_alone() -> None:
    reference = np.array([0.5, 0.4989, 0.0005, 0.0006])
    assert rare_values(np.array([0, 0, 400, 3]), reference, 400).tolist() == [False, False, False, True]
    assert divergence(np.array([0, 0, 400, 0]), reference).value > 0.95


def test_nothing_drawn_says_nothing() -> None:
    figure = divergence(np.zeros(4, np.int64), Q)
    assert math.isnan(figure.value)
    assert (figure.low, figure.high, figure.n) == (0, 1, 0)


def test_too_few_to_tell_any_value_apart_say_nothing() -> None:
    """Of 14 personas all values of ISCO were one: a divergence of 0 from 0 to 0, where two in three had one value."""
    figure = divergence(np.array([9, 2, 2, 1, 0, 0, 0, 0, 0]), np.full(9, 1 / 9))
    assert math.isnan(figure.value)
    assert (figure.low, figure.high, figure.n) == (0, 1, 14)


def test_alike_personas_widen_the_interval() -> None:
    counts = np.array([600, 200, 200])
    narrow, wide = (divergence(counts, np.array([0.3, 0.3, 0.4]), design=design) for design in (1.0, 5.0))
    assert wide.low < narrow.low < narrow.high < wide.high  # type: ignore[operator]


def test_phi_squared_is_chi_square_over_n() -> None:
    table = np.array([[40, 60, 35], [90, 33, 41]])
    assert phi_squared(table) == pytest.approx(chi2_contingency(table, correction=False).statistic / table.sum())


def test_v_is_bergsmas_by_hand() -> None:
    table = np.array([[40, 60, 35], [90, 33, 41]])
    n, r, c = 299, 2, 3
    phi = association(table, "cramer") ** 2 * (r - 1) - (r - 1) * (c - 1) / (n - 1)
    expected = math.sqrt(phi / min(r - (r - 1) ** 2 / (n - 1) - 1, c - (c - 1) ** 2 / (n - 1) - 1))
    figure = cramers_v(table)
    assert figure.value == pytest.approx(expected)
    assert figure.low < expected < figure.high  # type: ignore[operator]
    assert figure.n == n


def test_the_variance_without_association_is_that_of_permutations() -> None:
    rng = np.random.default_rng(2)
    rows, columns = np.repeat([0, 1, 2], [50, 30, 4]), np.repeat([0, 1, 2, 3], [40, 30, 11, 3])
    found = []
    for _ in range(4000):
        table = np.zeros((3, 4), np.int64)
        np.add.at(table, (rows, rng.permutation(columns)), 1)
        found.append(phi_squared(table))
    assert np.mean(found) == pytest.approx(2 * 3 / 83, rel=0.05)
    assert variance_at_independence(table) == pytest.approx(np.var(found), rel=0.15)


@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_v_holds_and_is_nothing_where_nothing_is(strength: float) -> None:
    rng = np.random.default_rng(4)
    rows, columns = np.full(3, 1 / 3), np.full(3, 1 / 3)
    shares = (1 - strength) * np.outer(rows, columns) + strength * np.eye(3) / 3  # V of these is `strength`
    found = [cramers_v(rng.multinomial(400, shares.ravel()).reshape(3, 3)) for _ in range(100)]
    assert sum(one.low <= strength + 1e-9 and strength <= one.high for one in found) >= 93  # type: ignore[operator]
    assert np.mean([one.value for one in found]) == pytest.approx(strength, abs=0.04)


def test_stereotypes_are_seen_and_named() -> None:
    table = np.array([[95, 5, 40], [5, 95, 40]])
    assert cramers_v(table).value > 0.6
    assert cramers_v(np.diag([50, 60, 70])).value == pytest.approx(1, abs=0.02)
    named = together(PairTable(("female", "male"), ("2", "7", "5"), table))
    assert [(one.row, one.column, one.ratio > 1) for one in named[:4]] == [
        ("female", "2", True),
        ("female", "7", False),
        ("male", "2", False),
        ("male", "7", True),
    ]
    assert len(named) == 4  # of 5 there is nothing to say
    assert together(PairTable((), (), np.zeros((0, 0), np.int64))) == []


def test_rare_values_count_as_one() -> None:
    table = np.zeros((3, 40), np.int64)
    table[:, :2] = [[100, 10], [20, 90], [5, 5]]
    table[0, 2:] = 1  # 38 values of one persona each, which tell everything by chance
    assert pooled(table).tolist() == [[100, 10, 38], [20, 90, 0], [5, 5, 0]]
    assert cramers_v(table).value < 0.8


@pytest.mark.parametrize("table", [[[5, 3]], [[5], [3]], [[0, 0], [0, 0]], [[1]], [[1, 0], [0, 1]]])
def test_of_one_value_nothing_is_told(table: list[list[int]]) -> None:
    figure = cramers_v(np.array(table))
    assert (figure.value, figure.low, figure.high) == (0, 0, 1)
