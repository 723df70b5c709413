"""The command `clusters` and the columns of exports, on a hub whose tables are written here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.commands.export import export
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.clusters import ClusterLookup, read_clusters
from persona_hub.transforms.hub.manifest import HubError, Manifest
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Cluster, Member, Persona, Vector, persona_id
from persona_hub.transforms.wire.batches import Batch

TEXTS = ["A nurse on the night shift", "A nurse in a school", "A baker of rye bread", "A man without a vector"]
PEOPLE = [
    Persona(persona_id(text), text, "text", 0, "", "read", "d" * 32, "s", "en", "m", "p") for text in sorted(TEXTS)
]
IDS = {text: persona_id(text) for text in TEXTS}


def cluster(path: str, label: str, size: int, *examples: str) -> Cluster:
    ids = " ".join(IDS[text] for text in examples)
    return Cluster(path, path.count(".") + 1, label, "en", size, f'{{"en":{size}}}', ids, 3, 0, b"\1\0")


CLUSTERS = [
    cluster("2", "baker", 1, TEXTS[2]),
    cluster("1", "nurse", 2, TEXTS[0], TEXTS[1]),
    cluster("1.2", "school\x1b[2J", 1, TEXTS[1]),
    cluster("1.1", "night", 1, TEXTS[0]),
]
MEMBERS = [Member(IDS[text], path) for text, path in zip(TEXTS, ("1.1", "1.2", "2"), strict=False)]


def hub_of(folder: Path, clusters: list[Cluster], name: str = "0001-aa", parent: str = "", **more: list[Any]) -> str:
    tables: dict[str, list[Any]] = {"personas": PEOPLE, "members": MEMBERS, "clusters": clusters, **more}
    entries = [
        write_shard(str(folder), f"hub/{name}", f"{kind}-0", TABLES[kind], "avro", [Batch(rows)])
        for kind, rows in tables.items()
    ]
    publish(str(folder), Manifest(version=name, fingerprint=name, parent=parent), entries, {})
    return str(folder)


@pytest.fixture
def hub(tmp_path: Path) -> str:
    return hub_of(tmp_path / "hub", CLUSTERS)


def test_the_tree_is_printed_with_its_labels_sizes_and_examples(hub: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clusters", "--hub", hub]) == DONE
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 personas in 2 clusters at the top"
    words = [line.split() for line in lines[1:]]
    assert [line[0] for line in words if line[0][0].isdigit()] == ["1", "1.1", "1.2", "2"]
    assert words[0] == ["1", "2", "nurse", "(en", "2)"]
    assert any(TEXTS[2] in line for line in lines)
    assert "\x1b" not in "".join(lines)


def test_levels_and_json(hub: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clusters", "--hub", hub, "--level", "1", "--format", "json"]) == DONE
    rows = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["cluster"], row["size"], row["languages"]) for row in rows] == [
        ("1", 2, {"en": 2}),
        ("2", 1, {"en": 1}),
    ]
    assert rows[0]["examples"][1] == {"persona_id": IDS[TEXTS[1]], "text": TEXTS[1]}


def test_a_hub_without_clusters_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clusters", "--hub", hub_of(tmp_path / "bare", [])]) == DONE
    said = capsys.readouterr().err
    assert "has no clusters: they are made of vectors, and it has none (--embedding_threshold 1.0)" in said
    assert "compact" not in said, "it would add none"
    earlier = hub_of(tmp_path / "earlier", [], vectors=[Vector(PEOPLE[0].persona_id, b"")])
    assert main(["clusters", "--hub", earlier]) == DONE
    assert "`persona-hub compact` or the next refresh adds them" in capsys.readouterr().err


def test_exports_have_the_cluster_of_each_persona_and_the_labels_down_to_it(hub: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    export(hub, ["jsonl", "parquet"], str(folder))
    lines = [orjson.loads(line) for line in (folder / "persona.jsonl").read_bytes().splitlines()]
    found = {row["persona"]: (row["cluster"], row["cluster_label"]) for row in lines}
    assert found[TEXTS[0]] == ("1.1", "nurse > night")
    assert found[TEXTS[2]] == ("2", "baker")
    assert found[TEXTS[3]] == ("", "")
    table = pq.read_table(folder / "personas-00000-of-00001.parquet")
    assert {row["text"]: (row["cluster"], row["cluster_label"]) for row in table.to_pylist()} == found
    assert table.schema.field("cluster").metadata[b"doc"]


@pytest.mark.parametrize(
    "broken",
    [
        replace(CLUSTERS[0], cluster="../1"),
        replace(CLUSTERS[0], languages="[1]"),
        replace(CLUSTERS[0], languages='{"en":'),
        replace(CLUSTERS[0], centroid=b"\1"),
        replace(CLUSTERS[0], cluster="1.1.1.1"),
    ],
)
def test_a_strangers_table_is_refused_with_its_place(tmp_path: Path, broken: Cluster) -> None:
    hub = hub_of(tmp_path / "broken", [CLUSTERS[1], broken])
    with pytest.raises(HubError, match=r"clusters-0-.*: .* is no row of a cluster; restore"):
        read_clusters(open_hub(hub))


def test_a_lookup_knows_who_is_not_there() -> None:
    assert ClusterLookup.of(MEMBERS).of_ids([IDS[TEXTS[2]], "f" * 32, IDS[TEXTS[0]]]) == ["2", "", "1.1"]
    assert ClusterLookup.of([]).of_ids(["f" * 32]) == [""]
