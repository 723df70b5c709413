"""The plane of the map."""

from __future__ import annotations

import numpy as np
import pytest

from persona_hub.pipelines.pages.report.hub_map import projected


def test_the_plane_is_that_of_the_two_largest_spreads() -> None:
    generator = np.random.default_rng(0)
    spread = generator.normal(size=(500, 3)) * [5.0, 2.0, 0.1]
    turned = np.linalg.qr(generator.normal(size=(8, 8)))[0][:3]
    vectors = (spread @ turned + 3).astype(np.float32)
    places, explained = projected(vectors)
    singular = np.linalg.svd(vectors.astype(float) - vectors.astype(float).mean(0), compute_uv=False)
    assert np.allclose((places**2).sum(0), singular[:2] ** 2, rtol=1e-6)
    assert explained == pytest.approx((singular[:2] ** 2).sum() / (singular**2).sum())
    assert np.allclose(projected(vectors[::-1])[0][::-1], places, atol=1e-6)


def test_vectors_that_are_all_alike_lie_in_one_place() -> None:
    places, explained = projected(np.ones((4, 5), np.float32))
    assert explained == 0
    assert np.allclose(places, 0)
