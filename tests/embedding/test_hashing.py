"""`hash`: what it holds for near, and what not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.embedding.hashing import DIMENSION
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import open_embedder, split_embedder

EMBEDDER = open_embedder(EmbedderConfig("hash"))
NURSE = "A pediatric nurse who works night shifts at a rural hospital and teaches first aid"


def near(one: str, other: str) -> float:
    a, b = EMBEDDER.embed([one, other])
    return float(a @ b)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NURSE, NURSE.upper()),
        (NURSE, NURSE.replace("teaches", "teaching")),
        (NURSE, NURSE.replace("pediatric", "paediatric")),
        (NURSE, NURSE.replace("at a", "at the")),
        ("ﬁsherman  from\nNorway", "fisherman from norway"),
    ],
)
def test_nearly_equal_wordings_reach_0_9(one: str, other: str) -> None:
    assert near(one, other) >= 0.9


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NURSE, NURSE.replace("pediatric nurse", "veterinary surgeon")),
        (NURSE, NURSE.replace("rural hospital", "military academy")),
        (NURSE, "A carer on nights in the country who looks after ill children"),
        ("在乡村医院上夜班的儿科护士", "在大学里教物理的老教授"),
        ("Учитель музыки в сельской школе", "Инженер на атомной станции"),
    ],
)
def test_other_people_do_not(one: str, other: str) -> None:
    assert near(one, other) < 0.9


def test_scripts_without_latin_letters_are_told_apart() -> None:
    texts = ["ครูสอนดนตรีในชนบท", "नर्स जो रात में काम करती है", "معلم موسيقى في قرية", "乡村小学的音乐老师", "🎻 🎺"]
    vectors = EMBEDDER.embed(texts)
    assert np.abs(vectors @ vectors.T - np.eye(len(texts))).max() < 0.5


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_a_vector_depends_on_nothing_but_its_text(texts: list[str], random: object) -> None:
    together = EMBEDDER.embed(texts)
    assert together.shape == (len(texts), DIMENSION)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    for text, vector in zip(texts, together, strict=True):
        assert EMBEDDER.embed([text])[0].tobytes() == vector.tobytes()


def test_vectors_are_the_same_on_every_machine() -> None:
    [vector] = EMBEDDER.embed(["A nurse"])
    assert np.flatnonzero(vector).tolist() == [13, 52, 169, 171, 177, 201, 222, 244, 274, 307, 345, 381]


def test_texts_of_white_space_share_a_defined_vector() -> None:
    assert near("", " \n\t") == 1.0


def test_no_real_persona_is_a_near_duplicate_of_another(data: Path) -> None:
    """Read by a person: of 2,486 real personas no two are the same, and none reach 0.9."""
    with gzip.open(data / "personas" / "personahub_tool.jsonl.gz", "rt") as lines:
        texts = list(dict.fromkeys(json.loads(line)["input persona"] for line in lines))
    vectors = EMBEDDER.embed(texts)
    assert (vectors @ vectors.T - np.eye(len(texts))).max() < 0.9


def test_an_unknown_embedder_names_the_flag_and_what_there_is() -> None:
    with pytest.raises(
        ValueError, match=r"--embedder word2vec: no embedder 'word2vec'; there are use, hash, savedmodel"
    ):
        split_embedder("word2vec")


def test_savedmodel_needs_a_folder() -> None:
    with pytest.raises(ValueError, match="which model"):
        split_embedder("savedmodel:")
