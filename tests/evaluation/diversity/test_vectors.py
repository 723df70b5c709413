"""Mean cosine, Vendi score and nearest neighbours, by their definitions on small input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from persona_hub.transforms.evaluation.diversity import moments
from persona_hub.transforms.evaluation.diversity.moments import VectorMoments
from persona_hub.transforms.evaluation.diversity.nearest import NearestRows
from persona_hub.transforms.evaluation.hash_sample import row_keys
from persona_hub.transforms.vectors.float16 import StoredVectors, to_stored

IDS = [f"row {n}" for n in range(400)]
KEYS = row_keys(IDS)


def made(rows: int = 400, d: int = 16, seed: int = 0, shift: float = 0.5) -> StoredVectors:
    return to_stored((np.random.default_rng(seed).normal(size=(rows, d)) + shift).astype(np.float32))


def wide(vectors: StoredVectors) -> np.ndarray:
    rows = vectors.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_mean_cosine_and_vendi_are_those_of_their_definitions() -> None:
    vectors = made()
    found = VectorMoments(16).add(KEYS, vectors)
    gram = wide(vectors) @ wide(vectors).T
    pairs = gram[np.triu_indices(400, 1)]
    assert found.mean_cosine.value == pytest.approx(pairs.mean(), abs=1e-5)
    shares = np.linalg.eigvalsh(gram / 400)
    shares = shares[shares > 1e-12]
    assert found.vendi.value == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-4)
    assert found.vendi.n == found.mean_cosine.n == 400


def test_moments_merge_to_the_last_bit() -> None:
    vectors = made()
    whole = VectorMoments(16).add(KEYS, vectors)
    order = np.random.default_rng(1).permutation(400)
    merged = VectorMoments(16)
    for part in np.split(order, [7, 150, 151, 390]):
        merged = VectorMoments(16).add(KEYS[part], vectors[part]).merged(merged)
    assert (merged.whole.products == whole.whole.products).all()
    assert (merged.vendi, merged.mean_cosine) == (whole.vendi, whole.mean_cosine)
    with pytest.raises(ValueError, match="do not merge"):
        merged.merged(VectorMoments(16, 1))


def test_rows_wait_until_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = made()
    waiting = VectorMoments(16).add(KEYS, vectors)
    assert waiting.folded is None
    monkeypatch.setattr(moments, "FOLDED", 150)
    folded = VectorMoments(16)
    for start in range(0, 400, 100):
        folded = folded.add(KEYS[start : start + 100], vectors[start : start + 100])
    assert folded.folded is not None
    assert not folded.waiting
    assert (folded.whole.products == waiting.whole.products).all()
    assert (folded.merged(folded).whole.sums == 2 * waiting.whole.sums).all()
    with pytest.raises(ValueError, match="is wanted"):
        waiting.add(KEYS, vectors[:, :8])


def test_intervals_of_moments_hold() -> None:
    figures = []
    for seed in range(60):
        keys = row_keys(f"{seed} {n}" for n in range(400))
        figures.append(VectorMoments(16).add(keys, made(seed=seed)))
    for name in ("vendi", "mean_cosine"):
        each = [getattr(one, name) for one in figures]
        mean = float(np.mean([figure.value for figure in each]))
        assert sum(figure.low <= mean <= figure.high for figure in each) >= 52  # 57 expected


def test_copies_and_one_direction_are_not_diverse() -> None:
    copies = VectorMoments(16, 1).add(KEYS, np.repeat(made(1), 400, axis=0))
    assert copies.vendi.value == pytest.approx(1)
    assert copies.mean_cosine.value == pytest.approx(1)
    assert copies.vendi.low is None
    apart = VectorMoments(16, 1).add(KEYS[:16], to_stored(np.eye(16, dtype=np.float32)))
    assert apart.vendi.value == pytest.approx(16)
    assert apart.mean_cosine.value == pytest.approx(0)
    narrow, free = (VectorMoments(16, 1).add(KEYS, made(shift=shift)) for shift in (3.0, 0.0))
    assert narrow.vendi.value < free.vendi.value
    assert narrow.mean_cosine.value > free.mean_cosine.value
    assert math.isnan(VectorMoments(16).vendi.value)
    assert math.isnan(VectorMoments(16, 1).add(KEYS[:1], made(1)).mean_cosine.value)


def test_nearest_rows_are_those_of_all_cosines() -> None:
    vectors = made(d=6)
    gram = wide(vectors) @ wide(vectors).T
    np.fill_diagonal(gram, -2)
    rows = NearestRows.of(IDS[:50], vectors[:50], 0.99).add(IDS, vectors)
    assert rows.distances.tolist() == pytest.approx((1 - gram.max(axis=1))[:50].tolist(), abs=1e-3)
    assert rows.mean_distance.value == pytest.approx(float((1 - gram.max(axis=1))[:50].mean()), abs=1e-4)
    assert rows.alone.value == pytest.approx(float((gram.max(axis=1) < 0.99)[:50].mean()), abs=0.03)
    middle = rows.quantile(0.5)
    assert (middle.low or 0) <= middle.value == float(np.median(rows.distances)) <= (middle.high or 0)
    parts = [NearestRows.of(IDS[:50], vectors[:50], 0.99).add(IDS[a:b], vectors[a:b]) for a, b in ((0, 9), (9, 400))]
    merged = parts[1].merged(parts[0])
    assert (merged.largest == rows.largest).all()
    assert merged.near.tolist() == rows.near.tolist()


def test_copies_have_a_neighbour_at_no_distance() -> None:
    vectors = np.repeat(made(200, d=6), 2, axis=0)
    rows = NearestRows.of(IDS[:50], vectors[:50], 0.99).add(IDS, vectors)
    assert rows.mean_distance.value == pytest.approx(0, abs=1e-3)
    assert rows.alone.value == 0
    assert not len(NearestRows.of(["a"], made(1), 0.9).add(["a"], made(1)).distances)
    assert math.isnan(NearestRows.of([], made(0), 0.9).quantile(0.5).value)
    with pytest.raises(ValueError, match="comes twice"):
        NearestRows.of(["a", "a"], made(2), 0.9)
    with pytest.raises(ValueError, match="do not merge"):
        rows.merged(NearestRows.of(["a"], made(1), 0.9))
