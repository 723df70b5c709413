"""Whom a refresh keeps: A ∪ B at once, and B after A, differ in what the rank of A decides and in nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests.hubs import personas
from tests.test_refresh import OFF, build, by_id, corpus, refresh
from transforms.hub.reading import read_table
from transforms.hub.versions import open_hub
from transforms.records import Duplicate, Persona

THRESHOLD = 0.6
FLAGS = [*OFF, "--minhash_threshold", str(THRESHOLD), "--expand_hops", "0"]


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
