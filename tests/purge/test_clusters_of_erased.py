"""A purge leaves in clusters neither the number, the ids nor the words of those who are erased."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from persona_hub.transforms.hub.clusters import read_clusters
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import Hub, open_hub
from persona_hub.transforms.purge.clusters import rewritten_clusters
from persona_hub.transforms.purge.erasure import Erasure
from persona_hub.transforms.purge.rows import Rewritten, rewrite
from persona_hub.transforms.purge.versions import updated_version
from persona_hub.transforms.records import Cluster, Member, Persona, persona_id
from persona_hub.transforms.wire.batches import Batch

TEXTS = [
    *(f"A nurse with a quokka {i}" for i in range(3)),
    *(f"A nurse with a cat {i}" for i in range(3)),
    "Ein Pfleger",
    "A baker",
]
IDS = [persona_id(text) for text in TEXTS]
PEOPLE = [
    Persona(key, text, "text", 0, "", "read", "d" * 32, "s", "de" if "Ein" in text else "en", "m", "p")
    for key, text in zip(IDS, TEXTS, strict=True)
]
MEMBERS = [Member(key, "2" if "baker" in text else "1.1") for key, text in zip(IDS, TEXTS, strict=True)]
CLUSTERS = [
    Cluster("1", 1, "nurse, quokka", "en", 7, '{"en":6,"de":1}', f"{IDS[0]} {IDS[4]}", 8, 0, b"\1\0"),
    Cluster("1.1", 2, "quokka, cat", "en", 7, '{"en":6,"de":1}', f"{IDS[4]} {IDS[0]}", 8, 0, b"\1\0"),
    Cluster("2", 1, "", "en", 1, '{"en":1}', IDS[7], 8, 0, b"\1\0"),
]


def hub_of(folder: Path) -> Hub:
    tables: dict[str, list[Any]] = {"personas": PEOPLE, "members": MEMBERS, "clusters": CLUSTERS}
    entries = [
        write_shard(str(folder), "hub/0001-aa", f"{kind}-0", TABLES[kind], "avro", [Batch(rows)])
        for kind, rows in tables.items()
    ]
    publish(str(folder), Manifest(version="0001-aa", fingerprint="aa"), entries, {})
    return open_hub(str(folder))


def erased(hub: Hub, *gone: int) -> tuple[Hub, dict[str, Rewritten]]:
    """The hub without some people, and what changed."""
    erasure = Erasure(frozenset(), frozenset(), frozenset(IDS[i] for i in gone), frozenset())
    changed: dict[str, Rewritten] = {}
    for entry in hub.manifest.files:
        if made := rewrite(hub.output, entry, TABLES[entry.kind], erasure):
            changed[entry.path] = made
    changed |= dict(rewritten_clusters(hub.output, [hub.manifest], erasure, changed))
    return Hub(hub.output, updated_version(hub.output, hub.manifest, changed)), changed


def test_words_that_too_few_of_those_left_have_go_and_others_stay(tmp_path: Path) -> None:
    left, _ = erased(hub_of(tmp_path), 0)
    top, leaf, baker = read_clusters(left)
    assert (top.label, leaf.label) == ("nurse", "cat")
    assert (top.size, leaf.size, baker.size) == (6, 6, 1)
    assert top.languages == '{"en":5,"de":1}'
    assert (top.examples, leaf.examples) == (IDS[4], IDS[4])
    assert top.centroid == CLUSTERS[0].centroid


def test_a_language_and_a_cluster_that_nobody_has_are_gone_and_counted(tmp_path: Path) -> None:
    left, changed = erased(hub_of(tmp_path), 6, 7)
    assert [(row.cluster, row.size, row.languages) for row in read_clusters(left)] == [
        ("1", 6, '{"en":6}'),
        ("1.1", 6, '{"en":6}'),
    ]
    assert left.manifest.counts["purge"] == {"clusters": 1, "members": 2, "personas": 2}
    assert left.manifest.records_of("clusters") == 2
    assert len(changed) == 3


def test_a_table_that_counts_nobody_of_them_stays_as_it_is(tmp_path: Path) -> None:
    left, changed = erased(hub_of(tmp_path))
    assert changed == {}
    assert [row.label for row in read_clusters(left)] == [row.label for row in CLUSTERS]
