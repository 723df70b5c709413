"""Marginal novelty by hop and source, what it costs, and when to stop."""

from __future__ import annotations

import math

import numpy as np
import pytest

from persona_hub.transforms.evaluation.diversity.coverage import abundance_of
from persona_hub.transforms.evaluation.figures import Figure
from persona_hub.transforms.evaluation.novelty.marginal import (
    Stop,
    marginal_novelty,
    new_by_hop,
    per_dollar,
    when_to_stop,
)

LABELS = np.array([0, 0, 1, 2, 2, 3, 4, 5])
HOPS = [0, 1, 0, 1, 1, 1, 2, 0]


def test_marginal_novelty_by_hand() -> None:
    found = marginal_novelty(LABELS, ["a", "b", "a", "a", "a", "b", "b", "b"])
    assert (found["a"].value, found["a"].n) == (1 / 4, 4)
    assert found["b"].value == 3 / 4
    assert 0 <= (found["b"].low or 0) < 0.75 < (found["b"].high or 0) <= 1
    assert marginal_novelty(LABELS[:0], []) == {}


def test_new_clusters_by_hop_by_hand() -> None:
    found = new_by_hop(LABELS, HOPS)
    assert {hop: figure.value for hop, figure in found.items()} == {0: 1, 1: 2 / 4, 2: 1}
    assert [found[hop].n for hop in (0, 1, 2)] == [3, 4, 1]
    assert new_by_hop(LABELS[:0], []) == {}


def test_a_hop_of_copies_brings_nothing_new() -> None:
    first = np.arange(200)
    copies, fresh = new_by_hop(np.r_[first, first], [0] * 200 + [1] * 200), new_by_hop(np.arange(400), [0, 1] * 200)
    assert (copies[1].value, copies[1].low, copies[1].high) == (0, 0, pytest.approx(0.0188, abs=1e-4))
    # None of 200 was alike, which does not make it certain of the next: Wilson's interval.
    assert (fresh[1].value, fresh[1].low, fresh[1].high) == (1, pytest.approx(0.9812, abs=1e-4), 1)


def test_intervals_by_hop_hold() -> None:
    held, values = 0, []
    for seed in range(60):
        draws = np.random.default_rng(seed)
        values.append(new_by_hop(draws.integers(0, 300, 400), draws.integers(0, 2, 400).tolist())[1])
    mean = float(np.mean([figure.value for figure in values]))
    held = sum((figure.low or 0) <= mean <= (figure.high or 0) for figure in values)
    assert held >= 52  # 57 expected


def test_novelty_for_a_dollar() -> None:
    figure = per_dollar(Figure(0.5, 0.4, 0.6, 10), rows=1000, cost_usd=20)
    assert (figure.value, figure.low, figure.high, figure.n) == (25, 20, pytest.approx(30), 10)
    assert per_dollar(Figure(0.5), 1000, 20).value == 25
    assert math.isnan(per_dollar(figure, 1000, 0).value)


def test_when_to_stop() -> None:
    shares = 1 / np.arange(1, 20_001)
    found = abundance_of(np.random.default_rng(1).multinomial(3000, shares / shares.sum()))
    stop = when_to_stop(found, 0.1, dollars_per_row=0.01)
    low, high = stop.more
    assert low is not None
    assert high is not None
    assert 0 < low < high
    assert stop.cost_usd == (pytest.approx(low / 100), pytest.approx(high / 100))
    assert f"{low:,} to {high:,} more rows" in str(stop)
    copies = when_to_stop(abundance_of([500, 500]))
    assert (copies.more, copies.cost_usd) == ((0, 0), (0, 0))
    assert str(copies).endswith("fewer than 0.1: stop")
    never = when_to_stop(abundance_of([1] * 400), 0.1)
    assert never.more[1] is None
    assert never.cost_usd[1] is None
    assert str(Stop(0.1, 1.0, (None, None), (None, None))).endswith("it takes more than 100 times as many")
    assert str(Stop(0.1, 1.0, (70, None), (None, None))).endswith("takes 70 more rows or more than 100 times as many")
