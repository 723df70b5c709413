"""versions, diff, rollback and gc, on hubs that are written without a pipeline."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from apache_beam.io.filesystems import FileSystems

from persona_hub.pipelines.cli.exit_status import DONE, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.current import PublishConflict, read_current
from persona_hub.transforms.hub.manifest import FileEntry, Manifest, RunManifest
from persona_hub.transforms.hub.orphans import find_orphans, remove_orphans
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import list_versions, missing_files, open_hub
from persona_hub.transforms.records import Persona
from persona_hub.transforms.wire.batches import Batch
from tests.material.versions import made, persona, texts

DAY = 86_400


def told(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """What a command prints that succeeds."""
    capsys.readouterr()
    assert main([*command]) == DONE
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """The one line of a command that is wrong."""
    capsys.readouterr()
    assert main([*command]) == WRONG_COMMAND
    return capsys.readouterr().err


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """Three versions: a diver, and a baker, and a nurse."""
    parent = ""
    for text in ("a diver", "a baker", "a nurse"):
        parent = made(tmp_path, parent, text).version
    return tmp_path


def names(hub: Path) -> list[str]:
    return [manifest.version for manifest in list_versions(str(hub))]


def age(hub: Path, days: float) -> None:
    """Makes all files of a hub look as if they had been written days ago."""
    then = time.time() - days * DAY
    for path in hub.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


def test_versions_lists_all_of_them_and_marks_the_one_that_readers_see(
    hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = told(capsys, "versions", "--hub", str(hub)).splitlines()
    assert [line.split()[0] for line in lines[1:4]] == [*names(hub)[:2], "*"]
    assert lines[3].split()[1] == read_current(str(hub))
    assert lines[3].split()[3] == "3"  # personas in all


def test_diff_tells_who_came_and_who_went(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = names(hub)
    said = told(capsys, "diff", "--hub", str(hub))
    assert f"{second} -> {third}" in said
    assert "+1 persona\n" in said
    assert "+ a nurse" in said
    assert "-0 personas" in said
    said = told(capsys, "diff", "--hub", str(hub), "--version", first, "--since", third)
    assert "+0 personas" in said
    assert "-2 personas" in said
    assert "first version" in refused(capsys, "diff", "--hub", str(hub), "--version", first)


def test_rollback_shows_readers_an_earlier_version_and_keeps_the_later_one(
    hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = names(hub)
    assert second in told(capsys, "rollback", "--hub", str(hub))
    assert texts(hub) == {"a diver", "a baker"}
    told(capsys, "rollback", "--hub", str(hub), "--version", third)
    assert texts(hub) == {"a diver", "a baker", "a nurse"}
    told(capsys, "rollback", "--hub", str(hub), "--version", first)
    error = refused(capsys, "rollback", "--hub", str(hub))
    assert f"{hub}: {first} is the first version, there is none before it" in error
    assert "--version" not in error


@pytest.mark.parametrize("short", ["0001", "1", "0001-", "01"])
def test_a_version_may_be_named_by_its_number_or_its_beginning(
    short: str, hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = list_versions(str(hub))[0].version
    assert f"readers see version {first} " in told(capsys, "rollback", "--hub", str(hub), "--version", short)
    assert read_current(str(hub)) == first
    newest = list_versions(str(hub))[-1].version
    assert f"{first} -> {newest}" in told(capsys, "diff", "--hub", str(hub), "--version", "3", "--since", short)


@pytest.mark.parametrize(
    ("short", "said"), [("000", "000 may mean any of "), ("4", "no version 4 "), ("x", "no version")]
)
def test_a_name_of_no_version_or_of_several_lists_them(
    short: str, said: str, hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(capsys, "rollback", "--hub", str(hub), "--version", short)
    assert said in error
    assert all(one.version in error for one in list_versions(str(hub)))


def test_rollback_refuses_a_version_that_is_not_whole(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, *_ = names(hub)
    next((hub / "hub" / first).glob("personas-*")).unlink()
    assert "is not there any more" in refused(capsys, "rollback", "--hub", str(hub), "--version", first)
    assert read_current(str(hub)) == names(hub)[-1]


def test_gc_removes_nothing_that_the_lineage_names(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    age(hub, 30)
    assert "removed: 0 versions, 0 files" in told(capsys, "gc", "--hub", str(hub))
    assert texts(hub) == {"a diver", "a baker", "a nurse"}


def test_gc_keeps_the_files_of_a_removed_version_that_a_kept_one_names(hub: Path) -> None:
    first, second, third = names(hub)
    assert remove_orphans(str(hub), 1, DAY).versions == (first, second)
    assert names(hub) == [third]
    assert texts(hub) == {"a diver", "a baker", "a nurse"}


def test_gc_removes_what_a_failed_attempt_left_when_it_is_old(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left = hub / "hub" / "0004-deadbeef" / "personas-00000-of-00001-abc.avro"
    left.parent.mkdir()
    left.write_bytes(b"half")
    assert "removed: 0 versions, 0 files" in told(capsys, "gc", "--hub", str(hub))  # its job may be running
    age(hub, 2)
    assert "would remove: 0 versions, 1 file, 4 bytes" in told(capsys, "gc", "--hub", str(hub), "--dry_run")
    assert left.exists()
    assert "removed: 0 versions, 1 file, 4 bytes" in told(capsys, "gc", "--hub", str(hub))
    assert not left.parent.exists()


def test_gc_removes_a_version_that_was_rolled_back_when_it_is_old(
    hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    third = names(hub)[-1]
    told(capsys, "rollback", "--hub", str(hub))
    assert find_orphans(str(hub), 0, DAY).versions == ()
    age(hub, 2)
    assert remove_orphans(str(hub), 0, DAY).versions == (third,)
    assert texts(hub) == {"a diver", "a baker"}
    assert not (hub / "hub" / third).exists()


@pytest.mark.parametrize("moment", range(5))
def test_gc_killed_at_any_moment_leaves_whole_versions_and_goes_on(
    hub: Path, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends before the `moment`th deletion: what `kill -9` there would leave."""
    first, second, _third = names(hub)
    main(["rollback", "--hub", str(hub), "--version", second])
    age(hub, 2)
    done = 0
    delete = FileSystems.delete

    def delete_until(paths: list[str]) -> None:
        nonlocal done
        if done == moment:
            raise KeyboardInterrupt
        done += 1
        delete(paths)

    with monkeypatch.context() as patched:
        patched.setattr(FileSystems, "delete", staticmethod(delete_until))
        try:
            remove_orphans(str(hub), 1, DAY)
        except KeyboardInterrupt:
            assert done == moment
    for version in names(hub):
        assert missing_files(open_hub(str(hub), version)) == []
    assert texts(hub) == {"a diver", "a baker"}
    age(hub, 2)
    remove_orphans(str(hub), 1, DAY)
    assert names(hub) == [second]
    left = {path.name for path in (hub / "hub").iterdir()}
    assert left == {"CURRENT", ".lock", first, second}
    assert texts(hub) == {"a diver", "a baker"}


def test_a_hub_of_fifty_versions_lists_them_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parent = ""
    for n in range(50):
        parent = made(tmp_path, parent, f"persona {n}").version
    lines = told(capsys, "versions", "--hub", str(tmp_path)).splitlines()
    assert [int(line.split()[-4].replace(",", "")) for line in lines[1:51]] == list(range(1, 51))
    assert len(texts(tmp_path)) == 50


def test_fifty_versions_are_listed_by_their_manifests_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = ""
    for n in range(50):
        parent = made(tmp_path, parent, f"persona {n}").version
    opened: list[str] = []
    open_file = FileSystems.open

    def open_and_note(path: str, *settings: Any, **named: Any) -> Any:
        opened.append(Path(path).name)
        return open_file(path, *settings, **named)

    monkeypatch.setattr(FileSystems, "open", staticmethod(open_and_note))
    told(capsys, "versions", "--hub", str(tmp_path))
    assert Counter(opened) == {"manifest.json": 51, "CURRENT": 1}  # that of the current version once more
    opened.clear()
    assert open_hub(str(tmp_path)).manifest.records_of("personas") == 50
    assert Counter(opened) == {"manifest.json": 1, "CURRENT": 1}


def test_a_version_whose_files_a_gc_has_removed_is_not_published(hub: Path) -> None:
    """A refresh writes, `gc --older_than_hours 0` takes what no manifest names yet, the refresh publishes."""
    last = open_hub(str(hub)).manifest
    group: Batch[Persona] = Batch([persona("a pilot")])
    entry = write_shard(str(hub), "hub/0004-ff", "personas-0", Persona, "avro", [group])
    draft = Manifest(version="0004-ff", parent=last.version, fingerprint="ff", files=last.files)
    assert remove_orphans(str(hub), 0, 0).files == (str(hub / entry.path),)
    with pytest.raises(PublishConflict, match=r"personas-0-\w+.avro: is not there any more, and nothing is published"):
        publish(str(hub), draft, [entry], {})
    assert read_current(str(hub)) == last.version
    assert missing_files(open_hub(str(hub))) == []
    write_shard(str(hub), "hub/0004-ff", "personas-0", Persona, "avro", [group])
    publish(str(hub), draft, [entry], {})
    assert "a pilot" in texts(hub)


def test_a_run_whose_files_are_gone_is_not_published(hub: Path) -> None:
    entry = FileEntry("samples/math/one/samples-0-ab.jsonl", 1, 9)
    with pytest.raises(PublishConflict, match="is not there any more"):
        publish(str(hub), RunManifest(run="one"), [entry], {})
    assert not (hub / "samples").exists()
