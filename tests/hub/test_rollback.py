"""A rollback does not bring back what was taken down, unless that is asked for; `versions` says what readers see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import DONE, WRONG_COMMAND
from persona_hub.pipelines.commands.versions import made_by, personas_added
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.manifest import Manifest, version_name
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import list_versions, open_hub
from persona_hub.transforms.records import Tombstone, persona_id
from persona_hub.transforms.wire.batches import Batch
from tests.material.versions import made, texts

SOURCE = "https://a.org/1"
STONES = [Tombstone(SOURCE, "source"), Tombstone("d" * 32, "document"), Tombstone(persona_id("a diver"), "persona")]


def taken(hub: Path, *rows: Tombstone, files: bool = True) -> str:
    """Publishes a version with these tombstones; without `files`, one that has no other, as after a compaction."""
    before = open_hub(str(hub)).manifest
    draft = replace(before, version=version_name(before.version, "ab" * 8), parent=before.version, fingerprint="ab")
    draft = replace(draft, files=before.files if files else (), hidden={"personas": 1} if files else {}, created="")
    entry = write_shard(str(hub), draft.folder, "removed-0", Tombstone, "avro", [Batch(rows)])
    publish(str(hub), draft, [entry], {"take_down": {"gone": 1, "moved": 0}})
    return draft.version


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A diver, a baker beside her, and the takedown of the diver."""
    made(tmp_path, made(tmp_path, "", "a diver").version, "a baker")
    taken(tmp_path, *STONES)
    return tmp_path


def test_a_rollback_over_a_takedown_is_refused_by_the_name_of_the_takedown(
    hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = (one.version for one in list_versions(str(hub)))
    for flags in ([], ["--version", first], ["--version", "2"]):
        assert main(["rollback", "--hub", str(hub), *flags]) == WRONG_COMMAND
        told = capsys.readouterr().err
        assert f"was made before the takedown of {SOURCE} (version {third})" in told
        assert "--undo_takedowns" in told
    assert read_current(str(hub)) == third
    assert texts(hub) == {"a baker"}
    assert main(["rollback", "--hub", str(hub), "--undo_takedowns"]) == DONE
    assert f"undone        the takedown of {SOURCE} (version {third})" in capsys.readouterr().out
    assert texts(hub) == {"a diver", "a baker"}
    assert main(["rollback", "--hub", str(hub), "--version", third]) == DONE, "forward, nothing is brought back"
    assert second in {one.version for one in list_versions(str(hub))}


def test_a_rollback_that_keeps_what_was_taken_down_is_none_over_it(hub: Path) -> None:
    third = read_current(str(hub))
    folded = taken(hub, *STONES[:2], files=False)
    assert main(["rollback", "--hub", str(hub)]) == DONE
    assert read_current(str(hub)) == third
    assert main(["rollback", "--hub", str(hub), "--version", folded]) == DONE
    assert main(["rollback", "--hub", str(hub), "--version", "1"]) == WRONG_COMMAND, "the compacted one took it over"


def test_versions_marks_what_was_rolled_back_and_what_took_down(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = list_versions(str(hub))[0].version
    assert main(["versions", "--hub", str(hub)]) == DONE
    head, *lines = capsys.readouterr().out.splitlines()
    assert "personas in all       added  documents read" in head
    assert not any(line.endswith("rolled back") for line in lines)
    assert lines[2].endswith("takedown: 1 persona gone")
    assert main(["rollback", "--hub", str(hub), "--version", first, "--undo_takedowns"]) == DONE
    capsys.readouterr()
    assert main(["versions", "--hub", str(hub)]) == DONE
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.startswith("* ") for line in lines[:3]] == [True, False, False]
    assert [line.endswith("rolled back") for line in lines[:3]] == [False, True, True]
    assert lines[4].startswith("rolled back: readers see nothing of it")


@pytest.mark.parametrize(
    ("counts", "added", "by"),
    [
        ({"write_hub": {"personas": 5}}, 5, ""),
        ({"write_hub": {"personas": 5}, "purge": {"personas": 2}}, 3, ""),
        (
            {"write_hub": {"personas": 5}, "take_down": {"moved": 4, "gone": 9}},
            1,
            "  takedown: 9 personas gone",
        ),
        ({"write_hub": {"personas": 5}, "compact": {"personas": 5}}, 0, "  compacted"),
        ({"write_hub": {"removed": 3}}, 0, "  purge"),
    ],
)
def test_what_a_version_added_is_what_it_brought(counts: dict[str, dict[str, int]], added: int, by: str) -> None:
    manifest = Manifest(version="0002-ab", parent="0001-ab", counts=counts)
    assert (personas_added(manifest), made_by(manifest)) == (added, by)
