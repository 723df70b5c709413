"""From vectors to the outcome: what is near, what stands beside, and what is said in words."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

from persona_hub.transforms.ablation.neighbours import neighbours
from persona_hub.transforms.ablation.outcome import ArmSamples, Primary, outcome
from persona_hub.transforms.ablation.spread import collision_rate, mean_cosine, nearest_distance, vendi
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.vectors.float16 import StoredVectors, cosines, to_stored, with_norms

THRESHOLD = 0.9
PRIMARY = Primary(treatment="hub:100", control="none", threshold=THRESHOLD)


def about(directions: int, n: int, seed: int, noise: float = 0.1, dimension: int = 48) -> StoredVectors:
    """n vectors about some of `directions`, drawn evenly: those of one direction at a cosine of about 1 - noise^2."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(directions, dimension))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    rows = centres[rng.integers(0, directions, n)] + rng.normal(0, noise / dimension**0.5, (n, dimension))
    return to_stored(rows.astype(np.float32))


def arm(directions: int, n: int, seed: int) -> ArmSamples:
    return ArmSamples(about(directions, n, seed), np.arange(n))


@pytest.mark.parametrize("n", [2, 30, 1500])
def test_neighbours_are_all_pairs_at_the_threshold(n: int) -> None:
    vectors = about(20, n, 1, noise=0.35)  # within a direction about half of the pairs are near
    first, second = np.triu_indices(n, 1)
    wanted = cosines(with_norms(vectors), first, second) >= THRESHOLD
    found = neighbours(vectors, THRESHOLD)
    assert set(zip(found.first, found.second, strict=True)) == set(zip(first[wanted], second[wanted], strict=True))


def test_clusters_are_connected_components() -> None:
    """Three vectors 20 degrees apart: the outer two are not near, and one cluster by the middle one."""
    angles = np.radians([0, 20, 40, 180])
    near = neighbours(to_stored(np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)), THRESHOLD)
    assert list(near.degrees) == [1, 2, 1, 0]
    assert list(near.labels) == [0, 0, 0, 1]


def test_metrics_beside_by_hand() -> None:
    """Two pairs of equal vectors at right angles."""
    vectors = to_stored(np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32))
    units = np.arange(4)
    assert vendi(vectors, units).value == pytest.approx(2)
    assert mean_cosine(vectors, units).value == pytest.approx(1 / 3)
    assert nearest_distance(vectors, units).value == pytest.approx(0, abs=1e-6)
    assert collision_rate(neighbours(vectors, THRESHOLD), units).value == pytest.approx(1 / 3)


def test_vendi_is_that_of_the_similarity_matrix() -> None:
    vectors = about(10, 60, 4)
    rows = vectors.astype(np.float64)
    shares = np.linalg.eigvalsh(rows @ rows.T)
    shares = shares[shares > 1e-9] / np.trace(rows @ rows.T)
    assert vendi(vectors, np.arange(60)).value == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-6)


@pytest.mark.parametrize(("metric", "most"), [(vendi, 2.5), (mean_cosine, 2.5), (nearest_distance, 10)])
def test_variances_are_those_of_samples_drawn_anew(metric, most: float) -> None:
    found = [metric(about(40, 120, seed), np.arange(120)) for seed in range(40)]
    true, told = np.var([one.value for one in found]), np.mean([one.variance for one in found])
    assert true / 2 < told < most * true


def test_gain_no_gain_and_too_little_data() -> None:
    of = partial(outcome, primary=PRIMARY)
    gain = of({"none": arm(20, 200, 1), "hub:100": arm(400, 200, 2)})
    assert gain["verdict"] == "gain"
    assert gain["effect"]["low"] > 0
    assert gain["words"].startswith("gain: of 100 samples hub:100 has +")
    same = of({"none": arm(20, 200, 1), "hub:100": arm(20, 200, 2)})
    assert same["verdict"] == "no gain"
    assert same["equivalent"]
    few = of({"none": arm(60, 40, 1), "hub:100": arm(60, 40, 2)})
    assert few["verdict"] == "too little data"
    assert few["samples_needed"] > 40
    assert str(few["samples_needed"]) in few["words"]


def test_no_samples_are_too_little_data() -> None:
    none = outcome({"none": arm(20, 200, 1), "hub:100": arm(20, 0, 2)}, PRIMARY)
    assert none["verdict"] == "too little data"
    assert none["effect"] == {"value": None, "low": None, "high": None}
    assert "0 accepted samples" in none["words"]


def test_arms_are_compared_at_the_smallest() -> None:
    uneven = outcome({"none": arm(20, 200, 1), "hub:100": arm(400, 150, 2)}, PRIMARY)
    assert uneven == outcome({"none": arm(20, 200, 1).first(150), "hub:100": arm(400, 150, 2)}, PRIMARY) | {
        "arms": uneven["arms"]
    }
    assert uneven["arms"]["none"]["samples"] == 200
    assert uneven["arms"]["none"]["distinct"]["n"] == 150


def test_an_arm_with_few_samples_does_not_hold_up_the_others() -> None:
    arms = {"none": arm(20, 200, 1), "hub:100": arm(400, 200, 2), "few": arm(20, 60, 3), "verbalised": arm(20, 0, 4)}
    found = outcome(arms, PRIMARY)
    assert found["effect"] == outcome({name: arms[name] for name in ("none", "hub:100")}, PRIMARY)["effect"]
    assert [one["arm"] for one in found["comparisons"]] == ["few"]
    assert found["arms"]["few"]["distinct"]["n"] == 60
    assert found["arms"]["verbalised"] == {"samples": 0}


def test_other_arms_are_a_family_beside_the_primary() -> None:
    arms = {"none": arm(20, 200, 1), "hub:100": arm(400, 200, 2), "few": arm(20, 200, 3), "hub:10": arm(400, 200, 4)}
    found = outcome(arms, PRIMARY)
    assert [(one["arm"], one["verdict"]) for one in found["comparisons"]] == [("few", "no gain"), ("hub:10", "gain")]
    assert found["effect"] == outcome({name: arms[name] for name in ("none", "hub:100")}, PRIMARY)["effect"]
    json.dumps(found, allow_nan=False)


def test_warnings_of_a_ceiling_and_of_one_great_cluster() -> None:
    ceiling = outcome({"none": arm(100_000, 60, 1), "hub:100": arm(100_000, 60, 2)}, PRIMARY)
    assert any("nearly all samples are distinct" in warning for warning in ceiling["warnings"])
    great = np.concatenate([about(1, 60, 1), about(400, 40, 2)])
    lumped = outcome({"none": ArmSamples(great, np.arange(100)), "hub:100": arm(50, 100, 3)}, PRIMARY)
    assert lumped["arms"]["none"]["largest_cluster"] >= 60
    assert any(warning.startswith("none: one cluster holds 6") for warning in lumped["warnings"])


def test_a_great_cluster_of_an_arm_with_fewer_samples_is_told() -> None:
    lumped = ArmSamples(np.concatenate([about(1, 35, 1), about(400, 25, 2)]), np.arange(60))
    found = outcome({"none": arm(20, 200, 1), "hub:100": arm(400, 200, 2), "few": lumped}, PRIMARY)
    assert [warning for warning in found["warnings"] if "35 of 60 samples" in warning]


def test_primary_names_two_arms_that_there_are() -> None:
    with pytest.raises(InvalidInputError, match="with itself"):
        Primary(treatment="none", control="none", threshold=0.9)
    with pytest.raises(InvalidInputError, match="least_gain 5"):
        Primary(treatment="few", control="none", threshold=0.9, least=5)
    with pytest.raises(InvalidInputError, match="arm hub:100: not in --arms"):
        outcome({"none": arm(20, 40, 1)}, PRIMARY)
