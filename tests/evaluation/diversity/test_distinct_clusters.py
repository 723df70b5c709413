"""Connected components of cosine, the variance of their number, and the curve over size."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest

from persona_hub.transforms.contamination.masks import masked
from persona_hub.transforms.evaluation.diversity.coverage import abundance_of, rarefied
from persona_hub.transforms.evaluation.diversity.distinct_clusters import (
    cluster_labels,
    cluster_sizes,
    components,
    near_pairs_of,
)
from persona_hub.transforms.evaluation.diversity.occupancy import distinct_figure, distinct_variance
from persona_hub.transforms.vectors.float16 import StoredVectors, to_stored


def at_angles(*degrees: float) -> StoredVectors:
    radians = np.radians(degrees)
    return to_stored(np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32))


def test_a_chain_is_one_cluster_and_what_is_apart_another() -> None:
    vectors = at_angles(0, 80, 15, 30, 170)  # 0, 15 and 30 are 15 degrees apart: cosine 0.966
    assert cluster_labels(vectors, 0.95).tolist() == [0, 1, 0, 0, 2]
    assert cluster_sizes(vectors, 0.95).tolist() == [3, 1, 1]
    assert cluster_sizes(vectors, 0.98).tolist() == [1, 1, 1, 1, 1]
    assert cluster_sizes(vectors[:0], 0.95).tolist() == []


def test_pairs_are_those_of_all_cosines() -> None:
    draws = np.random.default_rng(3)
    vectors = to_stored(draws.normal(size=(1500, 8)).astype(np.float32))  # more than a block of rows
    wide = vectors.astype(np.float64)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    found = set(zip(*(side.tolist() for side in near_pairs_of(vectors, 0.9)), strict=True))
    expected = np.argwhere(np.triu(wide @ wide.T >= 0.9, 1))
    assert found == set(map(tuple, expected.tolist()))
    assert len(found) > 100


def test_copies_with_other_names_and_numbers_are_one_cluster_once_masked() -> None:
    names, things = ("Ann", "Bob", "Zoë", "Omar", "Li"), ("eggs", "hens", "loaves")
    people = [(n, one, other) for n, one in enumerate(names) for other in names]
    texts = [f"{one} sells {n} {thing} to {other}" for thing in things for n, one, other in people]

    def vectors(of: list[str]) -> StoredVectors:
        words = sorted({word for text in of for word in text.split()})
        return to_stored(np.array([[text.split().count(word) for word in words] for text in of], np.float32))

    assert cluster_sizes(vectors([masked(text) for text in texts]), 0.95).tolist() == [25, 25, 25]
    assert len(cluster_sizes(vectors(texts), 0.95)) == 75


def test_components_do_not_depend_on_order() -> None:
    first, second = np.array([0, 4, 1]), np.array([4, 5, 2])
    assert components(first, second, 7).tolist() == [0, 1, 1, 2, 0, 0, 3]
    assert components(second[::-1], first[::-1], 7).tolist() == [0, 1, 1, 2, 0, 0, 3]


def test_the_variance_is_the_formula_of_the_module() -> None:
    labels = np.array([0, 0, 1, 2, 3, 3, 3, 4, 5, 6])
    sizes = np.bincount(labels)
    once = int((sizes == 1).sum())
    by_hand = sum((-1) ** (size + 1) for size in sizes) - once * (once - 1) / 9
    assert distinct_variance(labels, np.arange(10)) == pytest.approx(max(by_hand, 1))
    # two types of one unit alone count as a set of two
    assert distinct_variance(np.array([0, 1, 2, 3]), np.array([0, 0, 1, 2])) == pytest.approx(4 + 1 + 1 - 10 / 2)
    assert distinct_variance(np.arange(0), np.arange(0)) == 1


def test_intervals_of_the_number_of_types_hold() -> None:
    draws = np.random.default_rng(9)
    shares = 1 / np.arange(1, 801)
    shares /= shares.sum()
    truth, held = (1 - (1 - shares) ** 300).sum(), 0
    for _ in range(200):
        figure = distinct_figure(draws.choice(800, 300, p=shares), np.arange(300))
        held += (figure.low or 0) <= truth <= (figure.high or 0)
    assert 184 <= held <= 198  # 190 expected


def test_copies_have_fewer_types() -> None:
    assert distinct_figure(np.zeros(50, int), np.arange(50)).value == 1
    figure = distinct_figure(np.arange(50), np.arange(50), scale=50)
    assert (figure.value, figure.high, figure.n) == (1, 1, 50)


def test_rarefaction_is_the_mean_over_all_draws() -> None:
    rows = [0, 0, 0, 1, 1, 2, 3]
    found = abundance_of(np.bincount(rows))
    for size in range(1, 8):
        by_hand = sum(len(set(draw)) for draw in combinations(rows, size)) / comb(7, size)
        assert rarefied(found, size) == pytest.approx(by_hand)
    assert rarefied(found, [0, 7]).tolist() == pytest.approx([0, 4])
    assert (found.distinct, found.seen_in(1), found.seen_in(2), found.units) == (4, 2, 1, 7)
