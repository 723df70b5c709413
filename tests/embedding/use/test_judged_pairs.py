"""Of pairs that `use` puts over its default threshold, at least 0.95 are the same persona to a reader."""

from __future__ import annotations

import numpy as np
import pytest

from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import open_embedder
from persona_hub.transforms.embedding.thresholds import default_threshold
from tests.material.judged_pairs import judged_pairs

THRESHOLD = default_threshold("use")


@pytest.fixture(scope="module")
def cosines() -> tuple[list[float], list[float]]:
    """Of the pairs that are the same persona, and of the others."""
    texts, others, same = zip(*judged_pairs(), strict=True)
    embedder = open_embedder(EmbedderConfig("use"))
    cosine = np.einsum("ij,ij->i", embedder.embed(texts), embedder.embed(others))
    alike = np.array(same)
    return cosine[alike].tolist(), cosine[~alike].tolist()


def taken(cosines: list[float], threshold: float) -> int:
    """How many the threshold takes for the same."""
    return sum(cosine >= threshold for cosine in cosines)


def test_two_hundred_pairs_are_judged_half_of_them_the_same(cosines: tuple[list[float], list[float]]) -> None:
    assert [len(kind) for kind in cosines] == [100, 100]


def test_at_the_default_threshold_precision_is_095(cosines: tuple[list[float], list[float]]) -> None:
    right, wrong = (taken(kind, THRESHOLD) for kind in cosines)  # 62 and 2
    assert right / (right + wrong) >= 0.95
    assert right >= 50  # precision of a few pairs would say little


def test_at_0_9_a_fifth_of_what_is_taken_is_another_persona(cosines: tuple[list[float], list[float]]) -> None:
    right, wrong = (taken(kind, 0.9) for kind in cosines)  # 98 and 25
    assert right / (right + wrong) < 0.85
