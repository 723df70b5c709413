"""A chain of versions that becomes one: readers see the same, and what was hidden is not there any more."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.orphans import remove_orphans
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.versions import list_versions, open_hub
from persona_hub.transforms.records import Persona
from tests.helpers.hubs import personas
from tests.material.growing import by_id, corpus, refresh
from tests.material.sources import TEXTS, A, B, C, build, sources, take_down, write


def shown(hub: Path, kind: str) -> list[Any]:
    """The rows of a table as readers see them."""
    return sorted(read_table(open_hub(str(hub)), kind, TABLES[kind]), key=repr)


@pytest.fixture(scope="module")
def compacted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[Any]]]:
    """A hub of three versions, the last a takedown, that became one; and the tables as they were before."""
    folder = tmp_path_factory.mktemp("compacted")
    hub = build(folder, (A, TEXTS[A]), (B, TEXTS[B]))
    refresh(hub, write(folder / "more.jsonl", (C, TEXTS[C])))
    take_down(hub, A)
    before = {kind: shown(hub, kind) for kind in ("personas", "provenance", "duplicates", "documents", "attributes")}
    assert main(["compact", "--hub", str(hub)]) == DONE
    return hub, before


def test_readers_see_the_same(compacted: tuple[Path, dict[str, list[Any]]]) -> None:
    hub, before = compacted
    assert {kind: shown(hub, kind) for kind in before} == before
    manifest = open_hub(str(hub)).manifest
    assert manifest.records_of("personas") == len(before["personas"])
    assert {entry.folder for entry in manifest.files} == {manifest.folder}
    assert {row.persona_id for row in before["attributes"]} == {row.persona_id for row in before["personas"]}


def test_a_hub_of_an_earlier_release_gets_the_tables_that_it_lacks(
    compacted: tuple[Path, dict[str, list[Any]]], tmp_path: Path
) -> None:
    whole, _ = compacted
    hub = Path(shutil.copytree(whole, tmp_path / "hub"))
    manifest = open_hub(str(hub)).manifest
    lacking = ("attributes", "members", "clusters")
    older = replace(manifest, files=tuple(entry for entry in manifest.files if entry.kind not in lacking))
    (hub / manifest.folder / "manifest.json").write_bytes(older.to_json())
    assert not any(shown(hub, kind) for kind in lacking)
    assert main(["compact", "--hub", str(hub)]) == DONE
    for kind in ("attributes", "members"):
        assert shown(hub, kind) == shown(whole, kind)
    assert [(row.size, row.label) for row in shown(hub, "clusters")] == [
        (row.size, row.label) for row in shown(whole, "clusters")
    ]
    assert len(shown(hub, "members")) == len(personas(hub))


def test_what_was_hidden_is_not_in_its_files_and_gc_removes_the_rest(
    compacted: tuple[Path, dict[str, list[Any]]], tmp_path: Path
) -> None:
    hub, before = compacted
    for path in open_hub(str(hub)).paths("personas"):
        assert all(persona.source != A for persona in read_file(path, Persona))
    remove_orphans(str(hub), 1, 0)
    [left] = list_versions(str(hub))
    assert {path.name for path in (hub / "hub").iterdir()} == {"CURRENT", ".lock", left.version}
    assert by_id(personas(hub)) == by_id(before["personas"])
    # The hub lives on: it knows what it has read, and what it must not read again.
    fresh = corpus(tmp_path / "fresh.jsonl", range(2))
    again = write(tmp_path / "again.jsonl", (A, TEXTS[A]), (B, TEXTS[B]))
    refresh(hub, fresh, again)
    counts = open_hub(str(hub)).manifest.counts["read_corpus"]
    assert (counts["known"], counts["skipped-taken-down"], counts["document"]) == (1, 1, 2)
    assert A not in sources(hub)


def test_a_single_version_has_nothing_to_fold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub = build(tmp_path, (A, TEXTS[A]))
    capsys.readouterr()
    assert main(["compact", "--hub", str(hub)]) == DONE
    assert "nothing is to be done" in capsys.readouterr().out
    assert len(list_versions(str(hub))) == 1
