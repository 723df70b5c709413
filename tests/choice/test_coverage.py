"""A choice that covers: more cells than a random one, the same rows in any order."""

from __future__ import annotations

import numpy as np
import pytest

from persona_hub.transforms.choice.coverage import WIDTH, covering_rows, reduced
from persona_hub.transforms.vectors.float16 import StoredVectors, to_stored

CLUSTERS, N = 60, 60


def clustered(rows: int, numbers: int = 32) -> tuple[StoredVectors, np.ndarray]:
    """Vectors around 60 centres, and the centre of each: most lie around a few of them."""
    rng = np.random.default_rng(7)
    share = 1 / np.arange(1, CLUSTERS + 1)
    centre = np.concatenate([np.arange(CLUSTERS), rng.choice(CLUSTERS, rows - CLUSTERS, p=share / share.sum())])
    spots = rng.standard_normal((CLUSTERS, numbers))
    return to_stored((spots[centre] + 0.3 * rng.standard_normal((rows, numbers))).astype(np.float32)), centre


VECTORS, CENTRE = clustered(1500)
RANKS = np.random.default_rng(3).integers(0, 1 << 63, len(VECTORS), np.uint64)


def test_it_covers_where_chance_does_not() -> None:
    chosen = covering_rows(RANKS, reduced(VECTORS), N, seed=0)
    assert len(set(chosen.tolist())) == N
    chance = [len(set(CENTRE[np.random.default_rng(seed).permutation(len(VECTORS))[:N]])) for seed in range(5)]
    assert len(set(CENTRE[chosen])) > 1.3 * max(chance)


def test_the_order_of_rows_makes_no_difference() -> None:
    rows = reduced(VECTORS)
    order = np.random.default_rng(5).permutation(len(rows))
    chosen = covering_rows(RANKS, rows, 20, seed=4)
    assert (order[covering_rows(RANKS[order], rows[order], 20, seed=4)] == chosen).all()
    assert (covering_rows(RANKS, rows, 20, seed=5) != chosen).any()


@pytest.mark.parametrize("n", [1, 2, 8, 9, 50])
def test_few_rows(n: int) -> None:
    rows = reduced(VECTORS[:9])
    chosen = covering_rows(RANKS[:9], rows, n, seed=0)
    assert len(set(chosen.tolist())) == min(n, 9)


def test_equal_rows_are_a_choice_too() -> None:
    same = np.repeat(VECTORS[:1], 12, axis=0)
    assert len(set(covering_rows(RANKS[:12], reduced(same), 5, seed=0).tolist())) == 5


def test_many_numbers_are_reduced_to_fewer() -> None:
    wide = to_stored(np.random.default_rng(0).standard_normal((3, 768)).astype(np.float32))
    rows = reduced(wide)
    assert rows.shape == (3, WIDTH)
    assert np.abs(np.linalg.norm(rows.astype(float), axis=1) - 4000).max() < 20
