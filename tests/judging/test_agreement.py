"""Cohen's kappa and its interval."""

from __future__ import annotations

import math

import numpy as np
import pytest

from persona_hub.transforms.judging.agreement import Agreement, agreement_of, kappas


def by_definition(pairs: list[tuple[bool, bool]]) -> float:
    """Kappa as Cohen's paper has it, over the pairs themselves."""
    n = len(pairs)
    observed = sum(a == b for a, b in pairs) / n
    chance = sum(sum(a == v for a, _ in pairs) / n * sum(b == v for _, b in pairs) / n for v in (True, False))
    return (observed - chance) / (1 - chance)


def test_kappa_is_that_of_the_definition() -> None:
    # the textbook's example: 50 proposals, 20 and 15 alike, 5 and 10 not: 0.4
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert agreement_of(pairs).kappa == pytest.approx(0.4)
    draws = np.random.default_rng(7)
    for _ in range(50):
        drawn = [(bool(a), bool(b)) for a, b in draws.integers(0, 2, (30, 2))] + [(True, False), (False, True)]
        assert agreement_of(drawn).kappa == pytest.approx(by_definition(drawn))


def test_no_verdicts_and_verdicts_all_alike_have_no_kappa() -> None:
    assert str(agreement_of([])) == "κ unknown: nothing of the gold set was judged"
    alike = agreement_of([(True, True)] * 9)
    assert math.isnan(alike.kappa)
    assert str(alike).startswith("κ undefined: all verdicts are alike")


def test_few_samples_that_all_agree_are_no_proof() -> None:
    few, many = Agreement(3, 0, 0, 2), Agreement(300, 0, 0, 200)
    assert few.kappa == many.kappa == 1
    assert few.interval[0] < 0.6
    assert many.interval[0] > 0.97


def test_the_interval_holds_the_true_kappa_nineteen_times_of_twenty() -> None:
    shares = np.array([0.45, 0.1, 0.08, 0.37])
    [true] = kappas(shares[None])
    tables = np.random.default_rng(11).multinomial(40, shares, 200)
    inside = sum(low <= true <= high for low, high in (Agreement(*map(int, t)).interval for t in tables))
    assert inside >= 184  # 190 of 200 expected


def test_the_same_verdicts_in_any_order_say_the_same() -> None:
    pairs = [(True, True), (False, True), (False, False), (True, True)] * 5
    assert agreement_of(pairs) == agreement_of(reversed(pairs))
    assert agreement_of(pairs).interval == agreement_of(reversed(pairs)).interval
