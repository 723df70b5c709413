"""Manifests: what adds up, what a reader of another version may find, and names that follow from content."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.hub.manifest import (
    MANIFEST_FORMAT,
    FileEntry,
    Manifest,
    RunManifest,
    by_folder,
    fingerprint,
    version_name,
)

words = st.text("abc01-", min_size=1, max_size=6)
first, second = (st.text("ab01", min_size=1, max_size=6).map(f"000{n}-{{}}".format) for n in (1, 2))
entries = st.builds(
    lambda folder, kind, n, records: FileEntry(f"{folder}/{kind}-{n}.avro", records, records * 9),
    st.sampled_from(["hub/0001-aa", "hub/0002-bb"]),
    st.sampled_from(["personas", "vectors", "samples"]),
    st.integers(0, 5),
    st.integers(0, 2**40),
)
counts = st.dictionaries(words, st.dictionaries(words, st.integers(0, 2**50), max_size=3), max_size=3)
manifests = st.builds(
    Manifest,
    version=second,
    parent=first,
    base=first,
    fingerprint=words,
    files=st.frozensets(entries, max_size=6).map(lambda found: tuple(sorted(found))),
    counts=counts,
    parameters=st.dictionaries(words, st.integers() | st.text() | st.lists(st.booleans()), max_size=3).map(
        lambda values: {k: v % 2**60 if type(v) is int else v for k, v in values.items()}
    ),
    partial=st.dictionaries(words, st.integers(1, 9), max_size=2),
    created=words,
)


@given(manifests)
def test_any_manifest_comes_back_and_its_files_add_up(manifest: Manifest) -> None:
    back = Manifest.from_json(manifest.to_json(), "m")
    assert back == manifest
    kinds = {entry.kind for entry in back.files}
    assert sum(back.records_of(kind) for kind in kinds) == sum(entry.records for entry in manifest.files)
    assert sorted(entry for kind in kinds for entry in back.files_of(kind)) == list(manifest.files)
    assert back.to_json() == manifest.to_json()


@given(st.lists(entries, max_size=9))
def test_entries_by_folder_are_each_once(found: list[FileEntry]) -> None:
    groups = by_folder([*found, *found])
    assert sorted(entry for group in groups.values() for entry in group) == sorted(set(found))
    assert all(entry.folder == folder for folder, group in groups.items() for entry in group)
    assert all(list(group) == sorted(group) for group in groups.values())


@pytest.mark.parametrize(
    ("path", "kind", "folder"),
    [
        ("hub/0001-5f0c19aa/personas-00000-of-00004-9a3e61b0c2d4.avro", "personas", "hub/0001-5f0c19aa"),
        ("samples/math/0001-aa-bb/samples-0.jsonl", "samples", "samples/math/0001-aa-bb"),
        ("hub/0001-aa/tables.npz", "tables.npz", "hub/0001-aa"),
        ("x-1", "x", ""),
    ],
)
def test_a_path_tells_what_the_file_holds(path: str, kind: str, folder: str) -> None:
    assert (FileEntry(path, 0).kind, FileEntry(path, 0).folder) == (kind, folder)


def changed(**changes: Any) -> bytes:
    """The JSON of a manifest with some entries changed, or left out if they are None."""
    document = {"format": MANIFEST_FORMAT, "version": "0001-aa", "files": [], "counts": {}} | changes
    return json.dumps({key: value for key, value in document.items() if value is not None}).encode()


def test_what_a_later_program_adds_is_passed_over() -> None:
    data = changed(colour="blue", files=[{"path": "hub/0001-aa/personas-0.avro", "records": 3, "sha": "x"}])
    manifest = Manifest.from_json(data, "m")
    assert manifest.records_of("personas") == 3
    assert manifest.files[0].bytes == 0  # which an earlier program did not write
    assert (manifest.parent, manifest.partial, manifest.usage) == ("", {}, {})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"{}", "it names no format"),
        (changed(format="1"), "it names no format"),
        (changed(format=MANIFEST_FORMAT + 1), "install a newer one"),
        (changed(version=None), "lacks 'version'"),
        (changed(counts=None), "lacks 'counts'"),
        (changed(files=None), "lacks 'files'"),
        (changed(files=[{"path": "x"}]), "'files' is no list of path and records"),
        (changed(files={"path": 1}), "'files' is no list"),
        (changed(files=7), "'files' is no list"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_manifest_is_named_with_a_remedy(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^out/hub/0001-aa/manifest\.json: .*{message}"):
        Manifest.from_json(data, "out/hub/0001-aa/manifest.json")


def test_a_run_is_no_version() -> None:
    with pytest.raises(ValueError, match="lacks 'run'"):
        RunManifest.from_json(changed(), "m")


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(words, plain, max_size=4))
def test_a_fingerprint_hears_values_and_no_order_of_keys(parameters: dict[str, Any]) -> None:
    first = fingerprint(parameters)
    assert fingerprint(dict(reversed(parameters.items()))) == first
    assert fingerprint(orjson.loads(orjson.dumps(parameters))) == first
    assert fingerprint({**parameters, "one more": 1}) != first
    assert len(first) == 16


def test_lists_have_an_order_and_sets_have_none() -> None:
    assert fingerprint({"input": ["a", "b"]}) != fingerprint({"input": ["b", "a"]})
    assert fingerprint({"languages": frozenset("ab")}) == fingerprint({"languages": frozenset("ba")})
    with pytest.raises(TypeError):
        fingerprint({"limits": object()})


@pytest.mark.parametrize(
    ("parent", "name"),
    [
        ("", "0001-5f0c19aa"),
        ("0001-aaaaaaaa", "0002-5f0c19aa"),
        ("9999-x", "10000-5f0c19aa"),
        ("10000-x-y", "10001-5f0c19aa"),
    ],
)
def test_versions_are_numbered(parent: str, name: str) -> None:
    assert version_name(parent, "5f0c19aa00000000") == name
