"""Figures and their intervals."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from persona_hub.transforms.evaluation.figures import (
    Figure,
    clipped,
    jackknife,
    mean_figure,
    share,
    t_interval,
    wilson,
)


def test_a_figure_as_json() -> None:
    assert Figure(0.5, 0.4, 0.6, 10).as_json == {"value": 0.5, "low": 0.4, "high": 0.6, "n": 10}
    assert Figure(3, n=7).as_json == {"value": 3.0, "low": None, "high": None, "n": 7}
    nothing = json.dumps(Figure(math.nan, -math.inf, math.inf, 1).as_json, allow_nan=False)
    assert json.loads(nothing) == {"value": None, "low": None, "high": None, "n": 1}


@pytest.mark.parametrize("wrong", [{"low": 0.1}, {"high": 0.1}, {"low": 0.2, "high": 0.1}, {"n": -1}])
def test_figures_that_cannot_be(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"low|n is"):
        Figure(0.1, **wrong)


def test_wilsons_interval_is_that_of_scipy() -> None:
    from scipy import stats

    for part, whole in [(0, 20), (1, 20), (7, 30), (20, 20), (500, 1000)]:
        reference = stats.binomtest(part, whole).proportion_ci(method="wilson")
        assert wilson(part, whole) == pytest.approx((reference.low, reference.high), abs=1e-12)
    assert wilson(0, 20)[0] == 0
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)
    assert math.isnan(share(0, 0).value)


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    x = np.random.default_rng(1).normal(3, 2, 40)
    left = [float(np.delete(x, i).mean()) for i in range(40)]
    figure = jackknife(float(x.mean()), left, [1] * 40)
    low, high = t_interval(float(x.mean()), float(x.var(ddof=1) / 40), 39)
    assert (figure.low, figure.high) == pytest.approx((low, high))
    assert figure.n == 40
    straight = mean_figure(x)
    assert (straight.value, straight.low, straight.high) == pytest.approx((figure.value, low, high))


def test_the_jackknife_of_unequal_groups_holds_the_mean_nineteen_times_of_twenty() -> None:
    draws = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        x, group = draws.exponential(1, 400), draws.integers(0, 20, 400)
        left = [float(x[group != g].mean()) for g in range(20)]
        figure = jackknife(float(x.mean()), left, np.bincount(group, minlength=20).tolist())
        held += (figure.low or 9) <= 1 <= (figure.high or 0)
    assert 182 <= held <= 197  # 190 expected


def test_too_few_groups_know_nothing() -> None:
    assert jackknife(1.0, [0.0, math.nan], [9, 0]) == Figure(1.0, -math.inf, math.inf, 9)
    assert clipped(jackknife(0.5, [0.0], [9]), 0, 1) == Figure(0.5, 0.0, 1.0, 9)
    assert math.isnan(mean_figure([]).value)
