"""Whom a refresh keeps: A ∪ B at once, and B after A, differ in what the rank of A decides and in nothing else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import open_embedder
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Duplicate, Persona
from persona_hub.transforms.vectors.float16 import to_stored
from tests.helpers.hubs import personas
from tests.material.growing import OFF, build, by_id, corpus, refresh

THRESHOLD, MEANING = 0.6, 0.5
WORDS = ["--minhash_threshold", str(THRESHOLD), "--expand_hops", "0"]
FLAGS = [*OFF, *WORDS]


def near(one: Persona, other: Persona) -> bool:
    """Whether the words of two personas are as similar as the threshold says; the texts here are ASCII."""
    left, right = (set(re.findall("[a-z0-9]+", persona.text.lower())) for persona in (one, other))
    return len(left & right) >= THRESHOLD * len(left | right)


def keep_first(held: Iterable[Persona], new: Iterable[Persona]) -> dict[str, Persona]:
    """What is kept, in the simplest words: by rank, whoever is near nobody kept so far; who is held stays."""
    kept = list(held)
    for persona in sorted(new, key=lambda persona: persona.order):
        if not any(near(persona, earlier) for earlier in kept):
            kept.append(persona)
    return by_id(kept)


def alike(personas: Sequence[Persona]) -> Mapping[tuple[str, str], float]:
    """The cosine of each two personas, by ids: of the vectors as a hub stores them."""
    vectors = to_stored(open_embedder(EmbedderConfig("hash")).embed([persona.text for persona in personas])).astype(
        np.float64
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [persona.persona_id for persona in personas]
    return {(ids[i], ids[j]): cosine for (i, j), cosine in np.ndenumerate(vectors @ vectors.T)}


def keep_first_of_words_and_meaning(held: Iterable[Persona], new: Iterable[Persona]) -> dict[str, Persona]:
    """As `keep_first`, and then once more among those, by what they mean."""
    kept = list(held)
    worded = [one for key, one in keep_first(kept, new).items() if key not in by_id(kept)]
    cosine = alike([*kept, *worded])
    for persona in sorted(worded, key=lambda persona: persona.order):
        if not any(cosine[persona.persona_id, earlier.persona_id] >= MEANING for earlier in kept):
            kept.append(persona)
    return by_id(kept)


def found(hub: Path) -> list[Persona]:
    """Every persona that a hub has met: those kept, and those dropped for them."""
    return personas(hub) + [gone.persona for gone in read_table(open_hub(str(hub)), "duplicates", Duplicate)]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    """A corpus in ten parts, with many near-duplicates among them."""
    folder = tmp_path_factory.mktemp("parts")
    return [corpus(folder / f"{part}.jsonl", range(part * 12, part * 12 + 14)) for part in range(10)]


@pytest.fixture(scope="module")
def at_once(parts: Sequence[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hub of all parts."""
    return build(tmp_path_factory.mktemp("once") / "hub", *parts, flags=FLAGS)


def test_a_build_keeps_the_first_by_rank(at_once: Path) -> None:
    assert by_id(personas(at_once)) == keep_first([], found(at_once))
    assert len(personas(at_once)) < 0.9 * len(found(at_once))


def test_a_refresh_keeps_the_hub_and_then_the_first_by_rank(
    parts: Sequence[Path], at_once: Path, tmp_path: Path
) -> None:
    hub = build(tmp_path / "hub", *parts[:5], flags=FLAGS)
    first = personas(hub)
    met = by_id(found(hub))
    refresh(hub, *parts)
    assert by_id(found(hub)).keys() == by_id(found(at_once)).keys()
    new = [persona for persona in found(hub) if persona.persona_id not in met]
    refreshed, once = by_id(personas(hub)), by_id(personas(at_once))
    assert refreshed == keep_first(first, new)
    # The difference begins where A kept somebody whom B, by rank, would have replaced.
    replaced = {key for key in by_id(first) if key not in once}
    assert replaced
    assert all(
        any(near(first_one, other) and other.order < first_one.order for other in new)
        for key, first_one in by_id(first).items()
        if key in replaced
    )
    for key in once.keys() - refreshed.keys():
        assert any(near(once[key], refreshed[other]) for other in refreshed)


def test_ten_refreshes_of_a_tenth_each(parts: Sequence[Path], tmp_path: Path) -> None:
    hub = build(tmp_path / "hub", parts[0], flags=FLAGS)
    expected, met = by_id(personas(hub)), by_id(found(hub))
    for part in parts[1:]:
        refresh(hub, part)
        new = [persona for persona in found(hub) if persona.persona_id not in met]
        expected, met = keep_first(expected.values(), new), by_id(found(hub))
        assert by_id(personas(hub)) == expected


def test_words_and_meaning_alike(parts: Sequence[Path], tmp_path: Path) -> None:
    """At once, and in three refreshes: by words the first by rank, and of those the first by what they mean."""
    flags = [*WORDS, "--embedding_threshold", str(MEANING)]
    once = build(tmp_path / "once", *parts[:5], flags=flags)
    assert by_id(personas(once)) == keep_first_of_words_and_meaning([], found(once))
    hub = build(tmp_path / "hub", *parts[:2], flags=flags)
    expected, met = by_id(personas(hub)), by_id(found(hub))
    for part in parts[2:5]:
        refresh(hub, part)
        new = [persona for persona in found(hub) if persona.persona_id not in met]
        expected, met = keep_first_of_words_and_meaning(expected.values(), new), by_id(found(hub))
        assert by_id(personas(hub)) == expected
    assert met.keys() == by_id(found(once)).keys()
    kinds = Counter(gone.kind for gone in read_table(open_hub(str(hub)), "duplicates", Duplicate))
    assert min(kinds["text"], kinds["meaning"]) >= 2
