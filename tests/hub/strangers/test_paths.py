"""Hubs from strangers: nothing that they hold makes a command read, write or delete outside of OUTPUT."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.main import main
from persona_hub.transforms.files.storage import delete_file
from persona_hub.transforms.hub.current import read_current, set_current
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.places import HubError
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Persona
from persona_hub.transforms.wire.batches import Batch
from tests.hub.strangers.outcomes import COMMANDS, change, manifest_file, outcome, unharmed
from tests.material.versions import persona

PATHS = (
    "../victim/personas-0.avro",
    "hub/../../victim/CURRENT",
    "/etc/passwd",
    "hub/0001-aa/../../../victim/CURRENT",
    "hub/CURRENT",
    "hub/0001-aa/*",
    "hub/0001-aa/\x1b[2J.avro",
    "hub/0001-aa/manifest.json",
    "..\\victim\\CURRENT",
    "samples/math/0001-aa/samples-0.jsonl",
    "",
    7,
    None,
)


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_a_path_that_is_none_of_a_version_is_refused_and_named(folder: Path, path: Any) -> None:
    file = manifest_file(folder)
    change(file, files=[{"path": path, "records": 1, "bytes": 1}])
    with unharmed(folder):
        for command in COMMANDS:
            said = outcome(command, folder / "out")
            assert said.startswith(f"{file}: files[0].path: "), command
            assert said.isprintable()


@pytest.mark.parametrize("path", ["samples/math/../../../victim/CURRENT", "hub/0001-aa/a-0.avro", "samples/x/0001/a"])
def test_a_run_names_files_of_its_own_folder(folder: Path, path: str) -> None:
    [file] = (folder / "out" / "samples").rglob("manifest.json")
    change(file, files=[{"path": path, "records": 1}])
    with unharmed(folder):
        assert outcome("purge", folder / "out").startswith(f"{file}: files[0].path: ")
        assert outcome("list", folder / "out").startswith(f"{file}: files[0].path: ")


@pytest.mark.parametrize("content", ["../../evil", "0001-aa\x1b[2J", "0001-aa/../../victim", "x" * 300, "0001"])
def test_current_names_a_version_or_nothing(folder: Path, content: str) -> None:
    (folder / "out" / "hub" / "CURRENT").write_text(content)
    with unharmed(folder):
        for command in ("gc", "read", "lineage", "purge", "publish"):
            said = outcome(command, folder / "out")
            assert said.startswith(str(folder / "out" / "hub" / "CURRENT"))
            assert said.isprintable()


def test_no_rollback_leads_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = folder / "out"
    before = read_current(str(output))
    evil = folder / "evil"
    shutil.copytree(manifest_file(folder).parent, evil)
    for name in ("../../evil", "..", "*", str(evil)):
        assert main(["rollback", "--hub", str(output), "--version", name]) == 2
        assert "no version" in capsys.readouterr().err
    with pytest.raises(HubError, match="is no name of a version"):
        set_current(str(output), before, "../../evil")
    assert (output / "hub" / "CURRENT").read_text() == f"{before}\n"


@pytest.mark.parametrize(
    "name", ["hub/0009-bbbbbbbb", "samples/math/0009-bb", "samples/x", "dead_letters/0009-bb", "export"]
)
def test_no_command_goes_by_a_link_that_leads_out(folder: Path, name: str) -> None:
    link = folder / "out" / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(folder / "victim")
    with unharmed(folder):
        said = {command: outcome(command, folder / "out") for command in COMMANDS}
    told = f"{link}: a symbolic link that leads out of {folder / 'out'}"  # or it is passed over
    assert all(word.startswith(told) for word in said.values() if word)
    assert bool(said["export"]) == (name == "export")


@pytest.mark.parametrize("name", ["hub/.lock", "hub/CURRENT"])
def test_no_file_of_the_hub_is_a_link_that_leads_out(folder: Path, name: str) -> None:
    link = folder / "out" / name
    link.unlink(missing_ok=True)
    link.symlink_to(folder / "victim" / "not-there")
    with unharmed(folder):
        assert "a symbolic link that leads out" in outcome("gc", folder / "out")


def test_the_folder_of_the_next_version_is_no_link(folder: Path) -> None:
    output = folder / "out"
    draft = Manifest(version="0003-cccccccc", parent=read_current(str(output)), fingerprint="c" * 16)
    (output / "hub" / draft.version).symlink_to(folder / "victim")
    with unharmed(folder):
        with pytest.raises(HubError, match="a symbolic link that leads out"):
            write_shard(str(output), draft.folder, "personas-0", Persona, "avro", [Batch([persona("a baker")])])
        with pytest.raises(HubError, match="a symbolic link that leads out"):
            publish(str(output), replace(draft, files=open_hub(str(output)).manifest.files), [], {})


def test_a_link_within_the_hub_is_followed(folder: Path) -> None:
    output = folder / "out"
    (output / "hub").rename(output / "elsewhere")
    (output / "hub").symlink_to("elsewhere")
    assert outcome("read", output) == outcome("list", output) == ""


def test_a_name_with_a_star_is_a_name(tmp_path: Path) -> None:
    for name in ("a", "b", "*"):
        (tmp_path / name).write_text("")
    delete_file(str(tmp_path / "*"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
