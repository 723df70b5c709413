"""Versions one after the other: what the next job makes, what stands in for what was left unfinished."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.hub.manifest import FileEntry, HubError, Manifest, RunManifest, version_name
from persona_hub.transforms.hub.publishing import delete_unnamed, is_as_partial, publish
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import (
    find_version,
    holds_nothing,
    lineage,
    list_attempts,
    list_runs,
    list_versions,
    read_version,
    version_to_add,
    version_to_build,
)
from persona_hub.transforms.records import DeadLetter, Sample
from persona_hub.transforms.wire.batches import Batch

BUDGET = {"budget-exhausted": 3}
ONE, TWO = "1" * 16, "2" * 16  # fingerprints


def version(output: Path, content: str, parent: str = "", base: str = "", **settings: object) -> Manifest:
    """Publishes a version of no personas."""
    draft = Manifest(version=version_name(parent, content), parent=parent, base=base, fingerprint=content)
    made = publish(str(output), replace(draft, **settings), [], {})  # type: ignore[arg-type]
    assert isinstance(made, Manifest)
    return made


def test_history_goes_from_the_current_version_to_the_first(tmp_path: Path) -> None:
    first = version(tmp_path, ONE)
    second = version(tmp_path, TWO, first.version, first.version)
    assert list(lineage(str(tmp_path))) == [second, first]
    assert list(lineage(str(tmp_path), first.version)) == [first]
    assert list(lineage(str(tmp_path / "nowhere"))) == []
    assert find_version(str(tmp_path), ONE) == first
    assert find_version(str(tmp_path), "3" * 16) is None


def test_history_ends_where_a_manifest_is_gone(tmp_path: Path) -> None:
    first = version(tmp_path, ONE)
    second = version(tmp_path, TWO, first.version)
    (tmp_path / first.folder / "manifest.json").unlink()
    assert list(lineage(str(tmp_path))) == [second]
    assert list_versions(str(tmp_path)) == [second]


def test_versions_are_listed_by_their_numbers(tmp_path: Path) -> None:
    for name in ("9999-aaaaaaaa", "10000-aaaaaaaa"):
        write_bytes(str(tmp_path / "hub" / name / "manifest.json"), Manifest(version=name).to_json())
    assert [found.version for found in list_versions(str(tmp_path))] == ["9999-aaaaaaaa", "10000-aaaaaaaa"]
    assert version_name("9999-aaaaaaaa", ONE) == "10000-11111111"


def test_an_unfinished_build_is_made_again_in_its_place(tmp_path: Path) -> None:
    first = version(tmp_path, ONE, partial=BUDGET)
    todo = version_to_build(str(tmp_path), ONE)
    assert todo == (version_name(first.version, ONE), None, first.version, first.version)
    second = version(tmp_path, ONE, first.version, replaces=first.version)
    assert version_to_build(str(tmp_path), ONE) == (second.version, second, first.version, "")


def test_another_build_may_follow_one_that_came_to_nothing(tmp_path: Path) -> None:
    """A budget of nothing, or a server that was down: what is left is a version without a persona."""
    first = version(tmp_path, ONE, partial=BUDGET)
    assert version_to_build(str(tmp_path), TWO) == (version_name(first.version, TWO), None, first.version, "")


@pytest.mark.parametrize(
    "more",
    [
        {"partial": BUDGET, "files": (FileEntry("hub/0001-11111111/personas-0-ab.avro", 1, 9),)},
        {"partial": BUDGET, "files": (FileEntry("hub/0001-11111111/removed-0-ab.avro", 1, 9),)},
        {"partial": {"exported": 3}},
        {},
    ],
    ids=["personas", "tombstones", "exported", "complete"],
)
def test_no_other_build_follows_one_that_came_to_something(more: dict[str, Any]) -> None:
    assert not holds_nothing(Manifest(version="0001-11111111", fingerprint=ONE, **more))


def test_an_unfinished_build_that_others_stand_on_is_not_made_again(tmp_path: Path) -> None:
    first = version(tmp_path, ONE, partial=BUDGET)
    version(tmp_path, TWO, first.version, first.version)
    with pytest.raises(HubError, match=rf"version {first.version} .* left unfinished .*`persona-hub rollback --hub"):
        version_to_build(str(tmp_path), ONE)


def test_what_counts_as_unfinished_is_for_the_job_to_say(tmp_path: Path) -> None:
    first = version(tmp_path, ONE, models={"extract_persona": "export:x"})
    assert version_to_build(str(tmp_path), ONE).done == first
    assert version_to_build(str(tmp_path), ONE, lambda made: bool(made.models)).done is None


def test_a_refresh_adds_to_what_readers_see(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="there is no hub here"):
        version_to_add(str(tmp_path), TWO)
    first = version(tmp_path, ONE)
    todo, hub = version_to_add(str(tmp_path), TWO)
    assert (todo.version, todo.parent, todo.replaces, hub.manifest) == (f"0002-{TWO[:8]}", first.version, "", first)
    second = version(tmp_path, TWO, first.version, first.version)
    todo, hub = version_to_add(str(tmp_path), TWO)
    assert (todo.done, hub.manifest) == (second, second)


def test_an_unfinished_refresh_sets_out_again_from_where_it_did(tmp_path: Path) -> None:
    first = version(tmp_path, ONE)
    second = version(tmp_path, TWO, first.version, first.version, partial=BUDGET)
    todo, hub = version_to_add(str(tmp_path), TWO)
    assert hub.manifest == first
    assert (todo.version, todo.parent, todo.replaces) == (f"0003-{TWO[:8]}", second.version, second.version)


def test_a_successor_that_came_no_further_leaves_what_was(tmp_path: Path) -> None:
    counts = {"extract_persona": {"asked": 3}}
    first = publish(str(tmp_path), Manifest(version="0001-a", fingerprint=ONE, partial=BUDGET), [], counts)
    draft = Manifest(version="0002-a", parent="0001-a", fingerprint=ONE, partial=BUDGET, replaces="0001-a")
    assert publish(str(tmp_path), draft, [], counts) == first
    assert read_version(str(tmp_path), "0002-a") is None
    further = publish(str(tmp_path), draft, [], {"extract_persona": {"asked": 4}})
    assert further.version == "0002-a"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"files": (FileEntry("hub/0002-a/personas-0-aa.avro", 3),)}, True),  # the same content in another folder
        ({"files": (FileEntry("hub/0001-a/personas-0-bb.avro", 3),)}, False),
        ({"counts": {"a": {"b": 2}}}, False),
        ({"partial": {}}, False),
    ],
    ids=["alike", "moved", "other content", "other counts", "complete"],
)
def test_when_nothing_came_of_another_attempt(change: dict, same: bool) -> None:
    files = (FileEntry("hub/0001-a/personas-0-aa.avro", 3),)
    before = Manifest(version="0001-a", files=files, counts={"a": {"b": 1}}, partial=BUDGET)
    assert is_as_partial(before, replace(before, **change)) is same


def samples(output: Path, use_case: str, run: str, replaces: str = "") -> None:
    """Publishes a run of one sample and one dead letter."""
    sample = Sample("1" * 32, "A diver", use_case, f"of {run}", "d", "offline", "abc", 0, 1, 2)
    letter = DeadLetter("synthesize_math", "malformed", "1" * 32, f"of {run}")
    entries = [
        write_shard(str(output), f"samples/{use_case}/{run}", "samples-0", Sample, "jsonl", [Batch([sample])]),
        write_shard(str(output), f"dead_letters/{run}", "dead_letters-0", DeadLetter, "jsonl", [Batch([letter])]),
    ]
    publish(str(output), RunManifest(run=run, hub_version="0001-a", replaces=replaces), entries, {})


def test_runs_are_listed_but_for_those_that_another_stands_in_for(tmp_path: Path) -> None:
    samples(tmp_path, "tool", "run-b")
    samples(tmp_path, "math", "run-a")
    samples(tmp_path, "math", "run-a-2", replaces="run-a")
    found = list_runs(str(tmp_path))
    assert [(use_case, run.run) for use_case, run in found] == [("math", "run-a-2"), ("tool", "run-b")]
    assert [entry.folder for _, run in found for entry in run.files] == ["samples/math/run-a-2", "samples/tool/run-b"]


def test_attempts_of_a_run_come_in_their_order(tmp_path: Path) -> None:
    for run in ("run-a", "run-a-10", "run-a-2", "other"):
        samples(tmp_path, "math", run)
    assert [run.run for run in list_attempts(str(tmp_path), "run-a")] == ["run-a", "run-a-2", "run-a-10"]
    assert list_attempts(str(tmp_path), "nothing") == []


def test_a_folder_is_tidied_of_what_no_manifest_names(tmp_path: Path) -> None:
    for name in ("manifest.json", "a-1.avro", "b-2.avro"):
        write_bytes(str(tmp_path / "hub" / "0001-a" / name), b"x")
    delete_unnamed(
        str(tmp_path), "hub/0001-a", [FileEntry("hub/0001-a/a-1.avro", 1), FileEntry("hub/0000-a/b-2.avro", 1)]
    )
    assert sorted(file.name for file in (tmp_path / "hub" / "0001-a").iterdir()) == ["a-1.avro", "manifest.json"]
