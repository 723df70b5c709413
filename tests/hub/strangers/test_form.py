"""Manifests from strangers: a value without the form of its place is named, and none is gone by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from persona_hub.transforms.hub import manifest_form
from persona_hub.transforms.hub.manifest import Manifest, ManifestError
from tests.hub.strangers.outcomes import COMMANDS, change, manifest_file, outcome, unharmed


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("version", "1-x/../../../victim"),
        ("version", "0002-cccccccc"),
        ("version", "1" * 5000),
        ("parent", "../../evil"),
        ("parent", "0009-aaaaaaaa"),
        ("base", "..-a"),
        ("replaces", "a/b"),
        ("counts", {"a": {"b": -1}}),
        ("counts", {"a": {"b": 1.5}}),
        ("counts", {"a": 7}),
        ("counts", []),
        ("hidden", {"personas": 1e300}),
        ("hidden", {"personas": True}),
        ("partial", {"x": "many"}),
        ("usage", {"a": {"cost_usd": -1.0}}),
        ("usage", {"a": {"calls": 1e300}}),
        ("repairs", 10**40),
        ("models", {"llm": 7}),
        ("prompts", "none"),
        ("created", {}),
        ("novelty", [[]]),
        ("parameters", {"a": [[[[[[[[[[[]]]]]]]]]]]}),
    ],
)
def test_a_value_without_the_form_of_its_place_is_named(folder: Path, place: str, value: Any) -> None:
    file = manifest_file(folder)
    change(file, **{place: value})
    with unharmed(folder):
        for command in COMMANDS:
            said = outcome(command, folder / "out")
            assert said.startswith((f"{file}: {place}", f"{file}: not JSON")), command
            assert said.isprintable()
            assert len(said) < 400


@pytest.mark.parametrize(
    "data",
    [
        b'{"format": 1, "files": [], "counts": {}, "version": "0001-aa", "version": "0001-aa"}',
        b'{"format": 1, "files": [], "counts": {"a": {"b": 1, "b" : 2}}, "version": "0001-aa"}',
        b'{"format": 1, "files": [{"path": "hub/0001-aa/a-0.avro", "records": 1, "path": "hub/0001-aa/b-0.avro"}], '
        b'"counts": {}, "version": "0001-aa"}',
    ],
)
def test_a_key_that_stands_twice_is_refused(data: bytes) -> None:
    with pytest.raises(ManifestError, match=r"^m\.json: keys: '\w+' is there twice"):
        Manifest.from_json(data, "m.json")


def test_a_text_that_looks_like_a_key_is_none() -> None:
    manifest = Manifest(version="0001-aa", parameters={"llm_extra_body": '{"seed": 1, "seed": 2}'})
    assert Manifest.from_json(manifest.to_json(), "m.json") == manifest


@pytest.mark.parametrize(
    "data", [b"[" * 100_000, b'{"format": NaN}', b'{"format": true}', b"\xff", b'{"format": 1e400}']
)
def test_what_is_no_manifest_at_all_is_one_error(data: bytes) -> None:
    with pytest.raises(ManifestError, match=r"^m\.json: "):
        Manifest.from_json(data, "m.json")


def test_a_manifest_beyond_all_bounds_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = manifest_file(folder)
    with file.open("r+b") as handle:
        handle.truncate(1 << 30)  # a gigabyte, of which the disk holds nothing
    for command in ("read", "list", "gc", "purge"):
        assert outcome(command, folder / "out").startswith(f"{file}: more than {manifest_form.MANIFEST_BYTES:,} bytes")
