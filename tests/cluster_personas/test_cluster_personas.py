"""ClusterPersonas: the same tables for every cut into blocks and bundles, and only new members in a refresh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest

from persona_hub.transforms.cluster_personas.cluster_personas import ClusterPersonas, PersonasAndVectors
from persona_hub.transforms.counting.counts import nested, verify
from persona_hub.transforms.records import Cluster, Member, Persona, partition_of, persona_id
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays
from tests.helpers.collecting import Collect, collected

TRADES = {
    "nurse": "hospital patients ward night",
    "baker": "bread oven dough market",
    "pilot": "plane airport cockpit clouds",
    "teacher": "school pupils lessons chalk",
}


def persona(number: int) -> Persona:
    trade = list(TRADES)[number % len(TRADES)]
    about = TRADES[trade].split()[number // 7 % 4]
    text = f"A {trade} number {number} with {about}"
    return Persona(persona_id(text), text, "text", 0, "", "read", "d" * 32, "s", "en" if number % 5 else "de", "m", "p")


def vector(one: Persona) -> np.ndarray:
    """By trade, and a little of its own."""
    rng = np.random.default_rng(int(one.persona_id[:8], 16))
    common = np.random.default_rng(list(TRADES).index(one.text.split()[1])).normal(size=32)
    found = common + 0.4 * rng.normal(size=32)
    return (found / np.linalg.norm(found)).astype(np.float16)


@dataclass(frozen=True)
class Made:
    members: list[Member]
    clusters: list[Cluster]
    counts: dict[str, dict[str, int]]


def by_block(people: list[Persona], blocks: int, size: int) -> list[tuple[int, Batch[Persona]]]:
    parts: dict[int, list[Persona]] = {}
    for one in people:
        parts.setdefault(partition_of(one.persona_id, blocks), []).append(one)
    return [(block, Batch(part[i : i + size])) for block, part in parts.items() for i in range(0, len(part), size)]


def packed(people: list[Persona], blocks: int, size: int = 50) -> list[KeyedArrays]:
    return [
        (block, pack_arrays(np.array([p.persona_id.encode() for p in batch], "S32"), np.stack([*map(vector, batch)])))
        for block, batch in by_block(people, blocks, size)
    ]


def run(
    folder: Path,
    new: list[Persona],
    held: list[Persona] | None = None,
    before: list[Cluster] | None = None,
    blocks: int = 3,
    size: int = 40,
    bare: int = 0,
    **options: Any,
) -> Made:
    """What the step makes of new personas beside those that a hub holds; the first `bare` have no vector."""
    folder.mkdir(exist_ok=True)
    name = f"{len(list(folder.iterdir()))}"
    with beam.Pipeline() as p:
        sides = [
            p | f"P{i}" >> beam.Create(by_block(part, blocks, size), reshuffle=False)
            for i, part in enumerate((new, held or []))
        ]
        vectors, stored = (
            p | f"V{i}" >> beam.Create(packed(part, blocks, size), reshuffle=False)
            for i, part in enumerate((new[bare:], held or []))
        )
        clusters = p | "C" >> beam.Create([Batch(before)] if before else [], reshuffle=False)
        given = PersonasAndVectors(tuple(sides), vectors, (stored,), (clusters,))
        made = given | ClusterPersonas(**options)
        _ = made.members | "M" >> Collect(folder, f"members{name}")
        _ = made.clusters | "T" >> Collect(folder, f"clusters{name}")
        _ = made.counts | beam.Flatten() | "K" >> Collect(folder, f"counts{name}")
    counts = nested(collected(folder, f"counts{name}"))
    verify(counts, made.equations)
    members = [row for batch in collected(folder, f"members{name}") for row in batch]
    rows = [row for batch in collected(folder, f"clusters{name}") for row in batch]
    return Made(sorted(members, key=lambda row: row.persona_id), rows, counts)


PEOPLE = [persona(number) for number in range(400)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return run(tmp_path_factory.mktemp("made"), PEOPLE)


def test_each_trade_has_a_cluster_with_its_words_size_languages_and_examples(made: Made) -> None:
    top = [row for row in made.clusters if row.level == 1]
    assert {row.label.split(", ")[0] for row in top} == set(TRADES)
    assert sum(row.size for row in top) == 400
    by_persona = {row.persona_id: row.cluster for row in made.members}
    texts = {one.persona_id: one.text for one in PEOPLE}
    for row in made.clusters:
        trade = next(word for word in row.label.split(", ") if word) if row.level == 1 else ""
        for example in row.examples.split():
            assert by_persona[example].startswith(row.cluster)
            assert trade in texts[example]
        assert len(row.examples.split()) == 3
        assert row.language == "en"
        assert row.languages.startswith('{"en":')
    assert made.counts["cluster_personas"] == {
        "assigned": 400,
        "clustered": 400,
        "clusters": len(made.clusters),
        "personas": 400,
        "trained": 1,
    }


def test_blocks_batches_and_order_make_no_difference(made: Made, tmp_path: Path) -> None:
    other = run(tmp_path, PEOPLE[::-1], blocks=1, size=400)
    assert (other.members, other.clusters) == (made.members, made.clusters)


def test_of_a_refresh_the_new_ones_get_rows_and_sizes_are_of_all(made: Made, tmp_path: Path) -> None:
    new = [persona(number) for number in range(400, 460)]
    after = run(tmp_path, new, PEOPLE, made.clusters)
    assert [row.persona_id for row in after.members] == sorted(one.persona_id for one in new)
    assert "trained" not in after.counts["cluster_personas"]
    assert [row.centroid for row in after.clusters] == [row.centroid for row in made.clusters]
    assert sum(row.size for row in after.clusters if row.level == 1) == 460


def test_a_hub_that_has_doubled_is_parted_anew_and_all_get_rows(made: Made, tmp_path: Path) -> None:
    new = [persona(number) for number in range(400, 800)]
    after = run(tmp_path, new, PEOPLE, made.clusters)
    assert len(after.members) == 800
    assert after.counts["cluster_personas"]["trained"] == 1
    assert {row.rows for row in after.clusters} == {800}


def test_everybody_gets_a_row_where_that_is_asked_for(made: Made, tmp_path: Path) -> None:
    after = run(tmp_path, [], PEOPLE, made.clusters, everybody=True)
    assert after.members == made.members


def test_who_has_no_vector_belongs_to_no_cluster(tmp_path: Path) -> None:
    some = run(tmp_path / "some", PEOPLE[:120], bare=10)
    assert (len(some.members), some.counts["cluster_personas"]["without-vector"]) == (110, 10)
    none = run(tmp_path / "none", PEOPLE[:20], bare=20)
    assert (none.members, none.clusters) == ([], [])
