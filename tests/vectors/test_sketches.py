"""Sketches and k-means, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.vectors import cells, kmeans
from persona_hub.transforms.vectors.quantised import QUANTISED_NORM, quantise
from persona_hub.transforms.vectors.sketches import NEIGHBOURS, equal_rows, near_pairs, projection, sketches_of
from tests.material.planted_vectors import DIMENSION, planted

RANKS, VECTORS = planted(400)


def test_nearby_cells_are_the_nearest_and_those_within_the_spread() -> None:
    rows, centroids = quantise(VECTORS[:200]), quantise(VECTORS[200:230])
    spread, most = 0.1, 4
    row, cell = kmeans.nearby_centroids(rows, centroids, spread, most, QUANTISED_NORM)
    products = rows.astype(np.int64) @ centroids.T.astype(np.int64)
    for i in range(len(rows)):
        order = sorted(range(30), key=lambda c, i=i: (-products[i, c], c))  # type: ignore[misc]
        least = products[i].max() - round(spread * QUANTISED_NORM**2)
        assert cell[row == i].tolist() == [c for c in order if products[i, c] >= least][:most]
    assert kmeans.nearest_centroids(rows, centroids).tolist() == [cell[row == i][0] for i in range(len(rows))]


def test_no_rows_are_near_nothing() -> None:
    none = np.empty((0, DIMENSION), np.float32)
    assert [side.tolist() for side in kmeans.nearby_centroids(none, quantise(VECTORS[:3]), 0.1, 4, QUANTISED_NORM)] == [
        [],
        [],
    ]
    assert [side.tolist() for side in near_pairs(none.astype(np.int8), 0.5)] == [[], []]


@given(st.integers(0, 500), st.floats(0, 1), st.integers(0, 3))
def test_a_sample_by_hash_is_as_large_as_asked_and_has_no_row_twice(size: int, share: float, seed: int) -> None:
    taken = kmeans.sample_positions(RANKS, size, seed)
    assert len(set(taken.tolist())) == len(taken) == min(size, len(RANKS))
    bigger = kmeans.sample_positions(RANKS, size + 1, seed)
    assert bigger[: len(taken)].tolist() == taken.tolist(), "a larger sample holds a smaller one"
    chosen = kmeans.in_sample(RANKS, share, seed)
    assert abs(chosen.mean() - share) < 0.15


def test_training_lowers_the_distance_to_centroids() -> None:
    rows = quantise(VECTORS)
    means = []
    for iterations in (0, 1, 4):
        centroids = kmeans.train_centroids(rows, 20, QUANTISED_NORM, iterations)
        assert centroids.shape == (20, DIMENSION)
        means.append((rows @ centroids.T).max(axis=1).mean())
    assert means == sorted(means)
    assert kmeans.train_centroids(rows[:5], 20, QUANTISED_NORM, 2).shape == (5, DIMENSION), (
        "no more centroids than rows"
    )


def test_of_near_sketches_each_row_s_earliest_are_found() -> None:
    rows = sketches_of(quantise(VECTORS) @ projection(DIMENSION, 64, 0))
    earlier, later = near_pairs(rows, 0.8)
    assert (earlier < later).all()
    exact = rows.astype(np.int64) @ rows.T.astype(np.int64)
    least = np.float32(0.8) * np.float32(36.0**2 * 64)
    for row in range(len(rows)):
        near = [i for i in range(row) if exact[i, row] >= least]
        found = earlier[later == row].tolist()
        assert found == near[: len(found)]
        assert len(found) == len(near) or len(found) in (8, NEIGHBOURS)


def test_sketches_of_different_tables_differ_and_those_of_one_do_not() -> None:
    grid = quantise(VECTORS)
    one, same, other = (sketches_of(grid @ projection(DIMENSION, 64, table)) for table in (0, 0, 1))
    assert (one == same).all()
    assert (one != other).mean() > 0.9
    assert (sketches_of(grid[:7] @ projection(DIMENSION, 64, 0)) == one[:7]).all(), "whatever stands beside it"


@given(st.lists(st.integers(0, 4), max_size=20))
def test_of_equal_sketches_the_first_leads(names: list[int]) -> None:
    rows = np.array([[n, -n, 3] for n in names], np.int8).reshape(-1, 3)
    first, follower, leader = equal_rows(rows)
    assert first.tolist() == sorted({name: names.index(name) for name in names}.values())
    assert follower.tolist() == [i for i, name in enumerate(names) if names.index(name) != i]
    assert leader.tolist() == [names.index(names[i]) for i in follower]


@pytest.mark.parametrize("threshold", [0.6, 0.7, 0.8, 0.9, 0.99])
def test_a_plan_looks_wider_the_lower_the_threshold(threshold: float) -> None:
    plan = cells.SearchPlan.for_threshold(threshold)
    assert plan.least_cosine < threshold, "a sketch errs, so candidates begin below"
    lower = cells.SearchPlan.for_threshold(threshold - 0.1)
    assert (lower.slack, lower.most_cells, lower.sketch_bytes) >= (plan.slack, plan.most_cells, plan.sketch_bytes)
    assert lower.least_cosine < plan.least_cosine
