"""Pairs of two languages: nearest to each other, and at the threshold."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.vectors import across_languages as across
from persona_hub.transforms.vectors.across_languages import (
    LANGUAGE_TYPE,
    LanguagePairs,
    PairThresholds,
    all_pairs_across,
    links,
)
from persona_hub.transforms.vectors.float16 import to_stored
from persona_hub.transforms.vectors.quantised import quantise
from persona_hub.transforms.vectors.sketches import projection, sketches_of
from tests.material.planted_vectors import planted_languages

THRESHOLD = 0.6


def pairs(*given: tuple[int, str, int, str, float]) -> LanguagePairs:
    first, one, second, other, cosine = zip(*given, strict=True)
    ranks, languages = (np.array([first, second], np.uint64), np.array([one, other], LANGUAGE_TYPE))
    return LanguagePairs(ranks[0], ranks[1], languages[0], languages[1], np.array(cosine))


def linked(*given: tuple[int, str, int, str, float]) -> set[tuple[int, int]]:
    found = links(pairs(*given))
    return set(zip(found.first.tolist(), found.second.tolist(), strict=True))


def test_only_pairs_that_are_nearest_to_each_other_are_linked() -> None:
    assert linked((1, "de", 2, "en", 0.8), (1, "de", 3, "en", 0.7)) == {(1, 2)}
    assert linked((1, "de", 2, "en", 0.8), (1, "de", 3, "en", 0.7), (3, "en", 4, "de", 0.65)) == {(1, 2)}
    assert linked((1, "de", 2, "en", 0.8), (3, "en", 4, "de", 0.65)) == {(1, 2), (3, 4)}


def test_a_row_is_linked_to_one_of_each_language() -> None:
    assert linked((1, "de", 2, "en", 0.9), (1, "de", 3, "ja", 0.6), (2, "en", 3, "ja", 0.7)) == {(1, 2), (1, 3), (2, 3)}


def test_of_two_that_are_equally_near_the_earlier_is_linked() -> None:
    assert linked((1, "de", 3, "en", 0.8), (1, "de", 2, "en", 0.8)) == {(1, 2)}
    assert linked((2, "de", 3, "en", 0.8), (1, "de", 3, "en", 0.8)) == {(1, 3)}


def test_a_pair_with_a_distant_language_has_a_threshold_of_its_own() -> None:
    given = pairs(
        (1, "de", 2, "en", 0.58), (1, "de", 3, "ja", 0.58), (4, "zh", 2, "en", 0.55), (4, "zh", 3, "ja", 0.54)
    )
    thresholds = PairThresholds(0.6, 0.55, frozenset({b"ja", b"zh"}))
    reached = thresholds.reached(given)
    assert list(zip(reached.first.tolist(), reached.second.tolist(), strict=True)) == [(1, 3), (4, 2)]
    assert reached.cosine.tolist() == [0.58, 0.55]
    assert thresholds.lowest == 0.55
    assert len(PairThresholds(0.58, 0.58, frozenset()).reached(given).first) == 2


def brute_force(ranks: list[int], vectors: np.ndarray, languages: list[bytes]) -> dict[tuple[int, int], float]:
    """{(earlier, later): cosine} of rows that are each the other's nearest of its language."""
    exact = vectors.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    nearest: dict[tuple[int, bytes], tuple[float, int]] = {}
    for row, language in enumerate(languages):
        for other, spoken in enumerate(languages):
            if language and spoken and language != spoken and (cosine := float(exact[row] @ exact[other])) >= THRESHOLD:
                nearest[row, spoken] = max(nearest.get((row, spoken), (0.0, 0)), (cosine, -other))
    return {
        (ranks[row], ranks[-other]): cosine
        for (row, spoken), (cosine, other) in nearest.items()
        if row < -other and nearest[-other, languages[row]][1] == -row
    }


def test_all_pairs_give_the_links_that_row_by_row_comparison_gives() -> None:
    ranks, vectors, languages = planted_languages(300)
    found = links(all_pairs_across(ranks, vectors, languages, THRESHOLD))
    wanted = brute_force(ranks.tolist(), vectors, languages.tolist())
    assert len(wanted) > 100
    assert dict(zip(zip(found.first.tolist(), found.second.tolist(), strict=True), found.similarity, strict=True)) == (
        pytest.approx(wanted)
    )


@pytest.mark.parametrize("full", [100_000, 150])
def test_candidates_of_a_cell_hold_the_links(full: int) -> None:
    """In one cell, and in one that is cut again for its size."""
    ranks, vectors, languages = planted_languages(300)
    sketches = sketches_of(quantise(vectors) @ projection(vectors.shape[1], across.SKETCH_BYTES, 0))
    with mock.patch.object(across, "FULL_ROWS", full):
        found = across.candidates_across(ranks, sketches, languages, across.plan_across(THRESHOLD), 0)
    candidates = set(zip(*(side.tolist() for side in found), strict=True))
    wanted = set(brute_force(ranks.tolist(), vectors, languages.tolist()))
    assert len(candidates & wanted) >= 0.97 * len(wanted)
    assert len(candidates) < 3 * len(wanted)
    of = dict(zip(ranks.tolist(), languages.tolist(), strict=True))
    assert all(one < other and of[one] != of[other] and of[one] and of[other] for one, other in candidates)


def test_rows_of_one_language_or_none_give_no_pairs() -> None:
    ranks, vectors = np.arange(3, dtype=np.uint64) | np.uint64(NEW), to_stored(np.ones((3, 8), np.float32))
    for languages in (["de"] * 3, ["", "", ""], ["de", "", "de"]):
        assert not len(all_pairs_across(ranks, vectors, np.array(languages, LANGUAGE_TYPE), THRESHOLD).first)
