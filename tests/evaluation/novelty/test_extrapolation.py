"""How many more until little is new."""

from __future__ import annotations

import numpy as np
import pytest

from persona_hub.transforms.evaluation.diversity.coverage import Abundance, abundance_of
from persona_hub.transforms.evaluation.novelty.extrapolation import Extrapolation


def drawn(shares: np.ndarray, n: int, seed: int) -> Abundance:
    return abundance_of(np.random.default_rng(seed).multinomial(n, shares))


def test_the_unseen_are_chao1s() -> None:
    found = abundance_of([1] * 10 + [2] * 5 + [4] * 3)
    assert found.units == 32
    model = Extrapolation(found)
    assert model.unseen == pytest.approx(31 / 32 * 100 / 10)
    assert model.rate == pytest.approx(10 / 32)
    assert model.rates(np.array([32.0]))[0][0] == pytest.approx(10 / 32)


@pytest.mark.parametrize("power", [0.8, 1.0, 1.3])
def test_the_truth_lies_in_the_range(power: float) -> None:
    """1 / k^power over 50,000 types, seen 4,000 times, asked for four times as many."""
    shares = 1 / np.arange(1, 50_001) ** power
    shares /= shares.sum()
    model = Extrapolation(drawn(shares, 4_000, 1))
    low, high = model.distinct_at(16_000)
    truth = float((1 - (1 - shares) ** 16_000).sum())
    assert low * 0.99 <= truth <= high * 1.01
    assert high < 1.6 * low
    rate = float((shares * (1 - shares) ** 12_000).sum())
    less, more = model.more_until(rate)
    assert less is not None
    assert less <= 8_000 * 1.1
    assert more is None or more >= 8_000 * 0.9


def test_copies_are_soon_exhausted_and_all_different_never() -> None:
    assert Extrapolation(abundance_of([500, 500])).more_until(0.01) == (0, 0)
    assert Extrapolation(abundance_of([500, 500])).distinct_at(5000) == (2, 2)
    assert Extrapolation(abundance_of([1] * 500)).more_until(0.01)[1] is None


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="15 units are too few"):
        Extrapolation(abundance_of([15]))
    with pytest.raises(ValueError, match="share of units"):
        Extrapolation(abundance_of([16])).more_until(1.5)
