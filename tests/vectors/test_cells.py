"""Vectors, k-means, sketches, cells and the kept set: the same numbers on every machine, and near rows together."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.vectors import cells, kmeans, sketches
from persona_hub.transforms.vectors.float16 import StoredVectors, cosines, to_float32, to_stored, with_norms
from persona_hub.transforms.vectors.kept_set import keep_first
from persona_hub.transforms.vectors.quantised import QUANTISED_NORM, quantise, rescaled
from tests.material.planted_vectors import DIMENSION, brute_force, planted


def side_by_side(vectors: StoredVectors) -> npt.NDArray[np.float64]:
    """The cosine of each row with the next."""
    rows = np.arange(len(vectors))
    return cosines(with_norms(vectors), rows[:-1], rows[1:])


def test_a_cosine_is_the_same_whatever_block_it_is_computed_in() -> None:
    _, vectors = planted(3000)
    whole = side_by_side(vectors)
    assert [side_by_side(vectors[i : i + 2])[0] for i in range(0, 2999, 37)] == whole[::37].tolist()


def test_a_cosine_is_that_of_exact_arithmetic() -> None:
    _, vectors = planted(60)
    for i, cosine in enumerate(side_by_side(vectors).tolist()):
        a, b = ([Fraction(float(x)) for x in vectors[j]] for j in (i, i + 1))
        product, left, right = (sum(x * y for x, y in zip(*pair, strict=True)) for pair in ((a, b), (a, a), (b, b)))
        assert cosine == float(product) / np.sqrt(float(left) * float(right))


def test_a_row_has_cosine_one_with_itself() -> None:
    _, vectors = planted(500)
    assert (cosines(with_norms(vectors), np.arange(500), np.arange(500)) == 1).all()


def test_every_finite_stored_number_is_read_exactly() -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)].reshape(-1, 64)
    assert (to_float32(finite) == finite.astype(np.float32)).all()
    small = finite[np.abs(finite).max(axis=1) <= 1]
    assert (to_float32(small, QUANTISED_NORM) == small.astype(np.float32) * np.float32(QUANTISED_NORM)).all()


@pytest.mark.parametrize("dimension", [3, 48, 1536])
def test_products_on_the_grid_are_exact(dimension: int) -> None:
    rows = quantise(to_stored(np.random.default_rng(0).normal(size=(200, dimension)).astype(np.float32)))
    exact = rows.astype(np.int64) @ rows.T.astype(np.int64)
    assert (rows @ rows.T == exact).all()
    assert exact.max() < 1 << 24


def test_a_vector_without_direction_is_an_error() -> None:
    with pytest.raises(ValueError, match="zero or not finite"):
        to_stored(np.zeros((1, 4), np.float32))


def test_a_sample_is_the_same_for_any_order_of_the_rows() -> None:
    ranks, _ = planted(2000)
    shuffled = np.random.default_rng(0).permutation(ranks)
    assert (
        ranks[kmeans.sample_positions(ranks, 100, 1)].tolist()
        == shuffled[kmeans.sample_positions(shuffled, 100, 1)].tolist()
    )
    assert set(ranks[kmeans.in_sample(ranks, 0.1, 1)]) == set(shuffled[kmeans.in_sample(shuffled, 0.1, 1)])
    assert 150 < kmeans.in_sample(ranks, 0.1, 1).sum() < 250


def test_centroids_are_whole_numbers_near_their_rows() -> None:
    _, vectors = planted(2000)
    rows = quantise(vectors)
    centroids = kmeans.train_centroids(rows, 40, QUANTISED_NORM, 3)
    assert (centroids == np.rint(centroids)).all()
    nearest = centroids[kmeans.nearest_centroids(rows, centroids)]
    chance = centroids[np.arange(2000) % 40]
    assert np.einsum("ij,ij->", rows, nearest) > 3 * abs(np.einsum("ij,ij->", rows, chance))


def test_crowded_cells_send_some_of_their_rows_to_emptier_ones_nearby() -> None:
    rng = np.random.default_rng(0)
    length = 8.0 ** rng.uniform(-1, 0, (4000, 1))  # of what a row has of its own: many lie close together
    vectors = rng.normal(size=(1, DIMENSION)) + length * 3 * rng.normal(size=(4000, DIMENSION))
    rows = quantise(to_stored(vectors.astype(np.float32)))
    centroids = kmeans.train_centroids(rows[:320], 40, QUANTISED_NORM, 2)
    even = kmeans.balanced_centroids(rows[:160], centroids, 0.14, QUANTISED_NORM)
    assert (even == np.rint(even)).all()
    before, after = (
        np.bincount(kmeans.nearby_centroids(rows, table, 0.1, 7, QUANTISED_NORM)[1], minlength=40)
        for table in (centroids, even)
    )
    assert (after**2).sum() / after.sum() < 0.9 * (before**2).sum() / before.sum(), "rows that one is compared with"
    assert after.max() < before.max()


def test_cells_of_one_crowd_are_left_as_long_as_each_other() -> None:
    rows = quantise(np.eye(8, dtype=np.float16))
    even = kmeans.balanced_centroids(rows, rows, 0.1, QUANTISED_NORM)
    assert (even == np.rint(rows * 3**-0.125)).all()


def test_a_row_goes_to_its_nearest_cell_and_to_those_hardly_farther() -> None:
    rows = quantise(to_stored(np.array([[1, 0.9], [1, 0]], np.float32)))
    centroids = quantise(to_stored(np.array([[1, 0], [0, 1], [-1, 0]], np.float32)))
    row, cell = kmeans.nearby_centroids(rows, centroids, slack=0.1, most=2, norm=QUANTISED_NORM)
    assert list(zip(row.tolist(), cell.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 0)]
    row, cell = kmeans.nearby_centroids(rows, centroids, slack=0.1, most=1, norm=QUANTISED_NORM)
    assert cell.tolist() == kmeans.nearest_centroids(rows, centroids).tolist() == [0, 0]


def test_cosines_of_sketches_are_near_those_of_their_vectors() -> None:
    _, vectors = planted(2000)
    drawn = sketches.sketches_of(quantise(vectors) @ sketches.projection(DIMENSION, 64, 0)).astype(np.float64)
    estimate = np.einsum("ij,ij->i", drawn[:-1], drawn[1:]) / sketches.sketch_norm(64) ** 2
    assert np.abs(estimate - side_by_side(vectors)).std() < 0.13


def test_of_a_dense_cell_each_row_names_its_earliest_neighbours_only() -> None:
    rows = np.repeat(sketches.sketches_of(quantise(planted(1)[1]) @ sketches.projection(DIMENSION, 64, 0)), 600, axis=0)
    earlier, later = sketches.near_pairs(rows, 0.9)
    assert (np.bincount(later)[sketches.TWIN_NEIGHBOURS :] == sketches.TWIN_NEIGHBOURS).all()
    assert earlier.max() == sketches.TWIN_NEIGHBOURS - 1


def test_a_full_cell_is_folded_and_cut_up_and_loses_little(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks, vectors = planted(3000)
    plan = cells.SearchPlan.for_threshold(0.9)
    drawn = sketches.sketches_of(quantise(vectors) @ sketches.projection(DIMENSION, plan.sketch_bytes, 0))
    whole = set(zip(*(side.tolist() for side in cells.candidates_of_cell(ranks, drawn, plan, 0)), strict=True))
    monkeypatch.setattr(cells, "FULL_ROWS", 500)
    monkeypatch.setattr(cells, "FINE_ROWS", 300)
    cut = set(zip(*(side.tolist() for side in cells.candidates_of_cell(ranks, drawn, plan, 0)), strict=True))
    dropped, parted = {later for _, later in whole}, {later for _, later in cut}
    assert len(dropped & parted) > 0.95 * len(dropped)
    assert all(earlier < later for earlier, later in cut)


def test_cells_grow_with_the_root_of_the_rows() -> None:
    for threshold, expected in ((0.7, [500, 5000, 12_000]), (0.965, [300, 3000, 12_000])):
        plan = cells.SearchPlan.for_threshold(threshold)
        assert [plan.cells_for(n) for n in (10_000, 1_000_000, 10**9)] == expected


def test_the_higher_a_threshold_the_fewer_cells_a_row_goes_to() -> None:
    ranks, vectors = planted(3000)
    table = cells.train_table(ranks, vectors, 60)
    plans = [cells.SearchPlan.for_threshold(threshold) for threshold in (0.7, 0.85, 0.92, 0.95)]
    copies = [len(cells.assign_cells(vectors, table.of_first(plan.coordinates), plan).row) for plan in plans]
    assert copies == sorted(copies, reverse=True)
    assert copies[-1] < 0.8 * copies[0]


def test_a_table_by_its_first_coordinates_keeps_the_lengths_that_balance_its_cells() -> None:
    table = cells.train_table(*planted(3000), 60)
    narrow = table.of_first(64)
    assert narrow.mean.tolist() == table.mean[:64].tolist()
    assert (narrow.centroids == np.rint(narrow.centroids)).all()
    lengths, before = (np.linalg.norm(centroids, axis=1) for centroids in (narrow.centroids, table.centroids))
    assert lengths == pytest.approx(before, abs=4)
    turned = np.einsum("ij,ij->i", narrow.centroids, table.centroids[:, :64]) / lengths
    assert turned == pytest.approx(np.linalg.norm(table.centroids[:, :64], axis=1), abs=4)
    assert table.of_first(cells.CELL_DIMENSION) is table


@pytest.mark.parametrize("coordinates", [64, 128])
def test_cells_are_told_apart_by_the_coordinates_that_a_table_has(coordinates: int) -> None:
    ranks, vectors = planted(1000)
    plan = replace(cells.SearchPlan.for_threshold(0.965), most_cells=1)
    table = cells.train_table(ranks, vectors, 30).of_first(coordinates)
    assigned = cells.assign_cells(vectors, table, plan)
    signs = sketches.projection(DIMENSION, cells.CELL_DIMENSION, cells.TABLE_SEED)
    projected = quantise(vectors) @ signs[:, :coordinates]
    rows = rescaled(projected - table.mean, QUANTISED_NORM)
    assert assigned.cell.tolist() == kmeans.nearest_centroids(rows, table.centroids).tolist()
    assert (assigned.sketches == sketches.sketches_of((quantise(vectors) @ signs)[:, : plan.sketch_bytes])).all()


@given(st.integers(0, 10_000), st.sampled_from([0.5, 0.8, 0.95]))
@settings(max_examples=20, deadline=None)
def test_the_kept_set_equals_brute_force(seed: int, threshold: float) -> None:
    ranks, vectors = planted(150, seed)
    dropped, kept, cosine = keep_first(ranks, vectors, threshold)
    truth = brute_force(vectors, threshold)
    found = dict(zip(dropped.tolist(), kept.tolist(), strict=True))
    assert found == {int(ranks[row]): int(ranks[keeper]) for row, (keeper, _) in truth.items()}
    assert (cosine >= threshold).all()


def test_the_kept_set_crosses_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks, vectors = planted(400)
    whole = [column.tolist() for column in keep_first(ranks, vectors, 0.8)]
    monkeypatch.setattr("persona_hub.transforms.vectors.kept_set.BLOCK_ROWS", 7)
    small = [column.tolist() for column in keep_first(ranks, vectors, 0.8)]
    assert sorted(zip(*whole, strict=True)) == sorted(zip(*small, strict=True))


def test_what_a_hub_holds_stays() -> None:
    _, vectors = planted(1)
    ranks = np.array([5, 9, NEW | 1, NEW | 2], np.uint64)
    dropped, kept, _ = keep_first(ranks, np.repeat(vectors, 4, axis=0), 0.9)
    assert dropped.tolist() == [NEW | 1, NEW | 2]
    assert kept.tolist() == [5, 5]


def test_held_rows_are_never_the_later_of_a_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks, vectors = planted(1200)
    plan = cells.SearchPlan.for_threshold(0.9)
    drawn = sketches.sketches_of(quantise(vectors) @ sketches.projection(DIMENSION, plan.sketch_bytes, 0))
    held = np.where(np.arange(1200) < 700, ranks - np.uint64(NEW), ranks)
    every = [np.searchsorted(ranks, side) for side in cells.candidates_of_cell(ranks, drawn, plan, 0)]
    some = [np.searchsorted(held, side) for side in cells.candidates_of_cell(held, drawn, plan, 0)]
    fresh = every[1] >= 700
    assert len(some[0]) > 100
    assert [side.tolist() for side in some] == [side[fresh].tolist() for side in every]
    monkeypatch.setattr(cells, "FULL_ROWS", 100)
    assert all(later >= NEW for later in cells.candidates_of_cell(held, drawn, plan, 0)[1].tolist())
    assert len(cells.candidates_of_cell(held[:700], drawn[:700], plan, 0)[0]) == 0
