"""Personas beside documents, samples beside personas, and what stands with it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from persona_hub.transforms.evaluation.fidelity.beside import (
    COMPLEXITY,
    Fidelity,
    cluster_coverage,
    complexity,
    normalised_entropy,
    wang_isola,
    word_table,
)
from persona_hub.transforms.evaluation.fidelity.by_vectors import DRAWN, matched, row_cosines
from persona_hub.transforms.evaluation.fidelity.words_found import next_of_group, words_found
from persona_hub.transforms.evaluation.figures import Figure
from persona_hub.transforms.vectors.float16 import StoredVectors, to_stored

DOCUMENT = "The teaching of botany at schools in Kenya: how gardens help."


def made(rows: int, seed: int = 0, d: int = 16) -> StoredVectors:
    return to_stored(np.random.default_rng(seed).normal(size=(rows, d)).astype(np.float32))


def test_words_of_a_persona_that_its_document_has() -> None:
    personas = ["A botany teacher who lives in Kenya", "A pilot", "who is the", "A harbour gardener"]
    found = words_found(personas, [DOCUMENT] * 4, ["en"] * 4)[:, 0]
    assert found[:2].tolist() == [3 / 4, 0]  # botany, teach-er, Kenya, but not lives
    assert math.isnan(found[2])
    assert found[3] == 1 / 2  # garden-s
    german = words_found(["Eine Lehrerin für Botanik"], ["Die Lehrer der Botanik und Zoologie"], ["de"])
    assert german[0, 0] == 1
    assert words_found([], [], []).shape == (0, 2)


def test_chance_is_another_document_of_the_language() -> None:
    assert next_of_group(["en", "de", "en", "en"]).tolist() == [2, 1, 3, 0]
    personas = ["A botany teacher", "Ein Koch", "A ship pilot"]
    documents = [DOCUMENT, "Der Koch kocht", "The pilot of a ship"]
    found, by_chance = words_found(personas, documents, ["en", "de", "en"]).T
    assert found.tolist() == [1, 1, 1]
    assert by_chance[[0, 2]].tolist() == [0, 0]
    assert math.isnan(by_chance[1])


def test_cosines_of_rows() -> None:
    left, right = made(50, 1), made(50, 2)
    wide = [rows.astype(float) / np.linalg.norm(rows.astype(float), axis=1, keepdims=True) for rows in (left, right)]
    assert row_cosines(left, right).tolist() == pytest.approx((wide[0] * wide[1]).sum(axis=1).tolist())


def lineup(samples: StoredVectors, owners: StoredVectors, pool: StoredVectors, inside: bool = True) -> np.ndarray:
    ids = [f"p{n}" for n in range(len(pool))]
    own = ids[: len(samples)] if inside else [f"q{n}" for n in range(len(samples))]
    return matched([f"s{n}" for n in range(len(samples))], samples, own, owners, ids, pool)


def test_samples_are_matched_to_their_personas() -> None:
    pool = made(400)
    assert lineup(pool[:300], pool[:300], pool).tolist() == [1.0] * 300
    blind = lineup(made(300, 7), pool[:300], pool)  # samples that have nothing of their persona
    assert blind.mean() == pytest.approx(1 / DRAWN, abs=0.04)
    outside = lineup(made(300, 7), made(300, 8), pool, inside=False)
    assert outside.mean() == pytest.approx(1 / DRAWN, abs=0.04)
    copies = np.repeat(made(1), 400, axis=0)
    assert lineup(copies[:300], copies[:300], copies).tolist() == pytest.approx([1 / DRAWN] * 300)
    with pytest.raises(ValueError, match="too small"):
        lineup(pool[:3], pool[:3], pool[:DRAWN])


def test_a_line_up_does_not_depend_on_the_others_asked() -> None:
    pool, samples = made(100), made(100, 3)
    whole = lineup(samples, pool, pool)
    assert whole[:40].tolist() == lineup(samples[:40], pool[:40], pool).tolist()


def test_coverage_of_clusters() -> None:
    personas = {"1": 50, "2": 30, "3": 20, "4": 0}
    found = cluster_coverage(personas, {"1": 7, "2": 3, "9": 1})
    assert found["reached"].value == 2 / 3
    expected = cluster_coverage(personas, {"1": 2})["expected"].value * 3
    without = [rows * (rows - 1) / (100 * 99) for rows in (50, 70, 80)]
    assert expected == pytest.approx(3 - sum(without))
    assert cluster_coverage(personas, {})["reached"].value == 0
    assert math.isnan(cluster_coverage({}, {"1": 1})["reached"].value)


def test_uniformity() -> None:
    assert normalised_entropy({"1": 100, "2": 100}).value == 1
    assert normalised_entropy({"1": 100, "2": 0}).value == 0
    assert 0.4 < normalised_entropy({"1": 90, "2": 10}).value < 0.5  # 0.469, and 1 / 200 / ln 2
    assert normalised_entropy({"1": 9}).value == 0
    assert math.isnan(normalised_entropy({}).value)
    vectors = made(60)
    wide = vectors.astype(float) / np.linalg.norm(vectors.astype(float), axis=1, keepdims=True)
    square = ((wide[:, None] - wide[None]) ** 2).sum(axis=2)[np.triu_indices(60, 1)]
    assert wang_isola(vectors).value == pytest.approx(float(np.log(np.exp(-2 * square).mean())), abs=1e-6)
    assert wang_isola(np.repeat(vectors[:1], 9, axis=0)).value == pytest.approx(0, abs=1e-3)


def test_complexity_by_hand() -> None:
    table = word_table(["the cat and the dog", "the cat"])
    rows = complexity(["The cat, the dog. A cat!", "Unheard quetzal", "", "猫。狗？"], table)
    assert rows.shape == (4, len(COMPLEXITY))
    words, characters, rarity, a_sentence, marks = rows[0].tolist()
    assert (words, characters, a_sentence, marks) == (6, 16 / 6, 3, pytest.approx(100 / 6))
    bits = [-math.log2((count + 1) / (7 + 65536)) for count in (3, 2, 3, 1, 0, 2)]
    assert rarity == pytest.approx(sum(bits) / 6)
    assert rows[1][2] == pytest.approx(math.log2(7 + 65536))
    assert np.isnan(rows[2][[0, 2]]).all()
    assert rows[3][3] == 1


def test_fidelity_is_never_told_alone() -> None:
    one = {"x": Figure(1.0, n=1)}
    with pytest.raises(ValueError, match="uniformity is empty"):
        Fidelity(one, one, {}, one)
    told = Fidelity(one, one, one, one).as_json
    assert list(told) == ["fidelity", "coverage", "uniformity", "complexity"]
    assert told["coverage"]["x"] == {"value": 1.0, "low": None, "high": None, "n": 1}
