"""Manifests and versions of a hub, without a pipeline."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from persona_hub.transforms.hub.current import PublishConflict, read_current
from persona_hub.transforms.hub.manifest import (
    FileEntry,
    HubError,
    Manifest,
    ManifestError,
    RunManifest,
    fingerprint,
    version_name,
)
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.versions import find_version, list_versions, open_hub, read_version, version_to_build
from tests.helpers.places import ROOT
from tests.material.versions import made, texts

MANIFEST = Manifest(
    version="0002-aaaaaaaa",
    parent="0001-bbbbbbbb",
    fingerprint="aaaaaaaabbbbbbbb",
    files=(FileEntry("hub/0001-bbbbbbbb/personas-0.avro", 3, 100), FileEntry("hub/0002-aaaaaaaa/vectors-0.avro", 1)),
    counts={"read_corpus": {"records": 3}},
    parameters={"expand_hops": 6, "input": ["*.gz"], "threshold": 0.9},
    prompts={"math": "abc"},
    models={"synthesize": "offline"},
    usage={"synthesize": {"calls": 3, "cost_usd": 0.5}},
    runner="FnApiRunner",
    code_version="0.1.0",
    created="2026-01-01T00:00:00+00:00",
)


def test_a_manifest_comes_back_as_it_was() -> None:
    assert Manifest.from_json(MANIFEST.to_json(), "m") == MANIFEST
    run = RunManifest(run="r", hub_version="0001-bbbbbbbb", counts={"synthesize": {"asked": 1}})
    assert RunManifest.from_json(run.to_json(), "m") == run
    assert MANIFEST.records_of("personas") == 3
    assert [entry.kind for entry in MANIFEST.files] == ["personas", "vectors"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-9], "m.json: not JSON .*; restore the file, or"),
        (lambda data: b"[]", "m.json: not a manifest of a hub"),
        (lambda data: data.replace(b'"format": 1', b'"format": 2'), "m.json: format 2, .* install a newer"),
        (lambda data: data.replace(b'"version"', b'"vision"'), "m.json: lacks 'version'"),
        (lambda data: data.replace(b'"records": 3,', b""), "m.json: 'files' is no list"),
    ],
)
def test_a_manifest_that_cannot_be_read_says_why(change: Any, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        Manifest.from_json(change(MANIFEST.to_json()), "m.json")


def test_names_of_versions() -> None:
    assert fingerprint({"a": 1, "b": [2, {"d", "c"}]}) == fingerprint({"b": (2, {"c", "d"}), "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    assert version_name("", "5f0c19aa00000000") == "0001-5f0c19aa"
    assert version_name("0099-5f0c19aa", "1234567890abcdef") == "0100-12345678"


def test_a_version_stands_on_its_parent_and_leaves_it_as_it_was(tmp_path: Path) -> None:
    first = made(tmp_path, "", "a diver")
    before = {file: file.read_bytes() for file in (tmp_path / first.folder).iterdir()}
    second = made(tmp_path, first.version, "a baker")
    assert texts(tmp_path) == {"a diver", "a baker"}
    assert texts(tmp_path, first.version) == {"a diver"}
    assert [m.version for m in list_versions(str(tmp_path))] == [first.version, second.version]
    assert {file: file.read_bytes() for file in (tmp_path / first.folder).iterdir()} == before


def test_publishing_again_changes_nothing(tmp_path: Path) -> None:
    first = made(tmp_path, "", "a diver")
    assert made(tmp_path, "", "a diver") == first


def test_a_crash_between_manifest_and_current_leaves_the_old_version(tmp_path: Path) -> None:
    first = made(tmp_path, "", "a diver")
    crash = (
        "import os, sys; from pathlib import Path; import persona_hub.transforms.hub.publishing as v;"
        "import tests.material.versions as versions; v.set_current = lambda *_: os._exit(9);"
        f"versions.made(Path({str(tmp_path)!r}), {first.version!r}, 'a baker')"
    )
    assert subprocess.run([sys.executable, "-c", crash], cwd=ROOT).returncode == 9
    assert texts(tmp_path) == {"a diver"}
    assert len(list_versions(str(tmp_path))) == 2
    made(tmp_path, first.version, "a baker")
    assert texts(tmp_path) == {"a diver", "a baker"}


def publish_after(output: Path, parent: str, text: str, start: Any) -> str:
    start.wait()
    try:
        return made(output, parent, text).version
    except PublishConflict as error:
        return str(error)


def test_of_publishers_with_one_parent_one_wins(tmp_path: Path) -> None:
    first = made(tmp_path, "", "a diver")
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager, context.Pool(4) as pool:
        start = manager.Barrier(4)
        jobs = [(tmp_path, first.version, f"baker {i}", start) for i in range(4)]
        said = pool.starmap(publish_after, jobs)
    won = [word for word in said if read_version(str(tmp_path), word) and len(word) == 13]
    assert won == [read_current(str(tmp_path))]
    assert all("another run published meanwhile; run it again" in word for word in said if word not in won)
    assert len(texts(tmp_path)) == 2


def test_twins_of_one_run_both_succeed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager, context.Pool(4) as pool:
        start = manager.Barrier(4)
        said = pool.starmap(publish_after, [(tmp_path, "", "a diver", start)] * 4)
    assert set(said) == {read_current(str(tmp_path))}


def test_what_an_earlier_attempt_left_is_gone_after_publishing(tmp_path: Path) -> None:
    folder = tmp_path / "hub" / version_name("", fingerprint({"texts": ("a diver",)}))
    folder.mkdir(parents=True)
    (folder / "personas-7-0123456789ab.avro").write_bytes(b"of an attempt with more shards")
    (folder / "_part-of-a-twin").write_bytes(b"being written")
    (folder / "_part-of-yesterday").write_bytes(b"was being written when the job was killed")
    os.utime(folder / "_part-of-yesterday", (0, 0))
    first = made(tmp_path, "", "a diver")
    names = {file.name for file in folder.iterdir()}
    assert names == {"manifest.json", "_part-of-a-twin", first.files[0].path.rpartition("/")[2]}


def test_no_hub_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(HubError, match=r"^(?!--).*there is no hub here .*; make one with `persona-hub build --output`"):
        open_hub(str(tmp_path))
    first = made(tmp_path, "", "a diver")
    with pytest.raises(HubError, match="name the folder above it"):
        open_hub(str(tmp_path / "hub"))
    with pytest.raises(HubError, match=f"no version 0007-x .*there are: {first.version}"):
        open_hub(str(tmp_path), "0007-x")


def test_a_build_is_done_or_new_or_refused(tmp_path: Path) -> None:
    content = fingerprint({"texts": ("a diver",)})
    assert version_to_build(str(tmp_path), content) == (f"0001-{content[:8]}", None, "", "")
    first = made(tmp_path, "", "a diver")
    assert version_to_build(str(tmp_path), content) == (first.version, first, "", "")
    second = made(tmp_path, first.version, "a baker")
    assert find_version(str(tmp_path), content) == first
    assert find_version(str(tmp_path), second.fingerprint) == second
    with pytest.raises(HubError, match=f"holds version {second.version}.*`persona-hub refresh --hub`"):
        version_to_build(str(tmp_path), fingerprint({"texts": ("another",)}))


def test_a_run_in_a_folder_without_a_hub_leaves_none_there(tmp_path: Path) -> None:
    publish(str(tmp_path), RunManifest(run="0001-aa", hub_version="0001-aa", hub_content="0" * 16), [], {})
    assert not (tmp_path / "hub").exists()
