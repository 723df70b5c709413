"""refresh, compact and gc that are killed: CURRENT always names a whole version, and the same command goes on."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.versions import list_versions, open_hub, path_of
from tests.helpers.drills import long_drill
from tests.helpers.jobs import Forker
from tests.material.growing import build, corpus, refresh

MOMENTS = 20  # spread over the whole run
IN_CI = (5, 12, 17)
FLAGS = ["--partitions", "4"]
LEFT_OVER = 200  # files of attempts that failed, for gc


@dataclass(frozen=True)
class Undisturbed:
    """A command that was let run: the hub that it set out from, what it left, and what it took."""

    before: Path
    command: list[str]
    after: dict[str, Any]
    seconds: float
    changes: int  # files that came or went, CURRENT's own change included


def files_of(hub: Path) -> set[str]:
    """The files of a hub, and what CURRENT says; a folder may go while it is looked into."""
    found = {os.path.join(folder, name) for folder, _, names in os.walk(hub / "hub") for name in names}
    return {os.path.relpath(path, hub) for path in found} | {f"CURRENT {read_current(str(hub))}"}


def shown(hub: Path) -> dict[str, Any]:
    """What readers see: the version, and all rows of its tables."""
    opened = open_hub(str(hub))
    rows: dict[str, Any] = {"version": opened.manifest.version}
    for kind in ("personas", "provenance", "duplicates", "documents", "attributes"):
        rows[kind] = sorted(read_table(opened, kind, TABLES[kind]), key=repr)
    return rows


def require_whole(hub: Path, kept: Iterable[str]) -> None:
    """Every version that there is has all its files, to the byte; those that are kept are there."""
    versions = {manifest.version: manifest for manifest in list_versions(str(hub))}
    assert {*kept, read_current(str(hub))} <= versions.keys()
    entries = {entry for manifest in versions.values() for entry in manifest.files}
    for entry in entries:
        path = Path(path_of(str(hub), entry.path))
        data = path.read_bytes()
        assert len(data) == entry.bytes
        assert path.stem.rpartition("-")[2] == hashlib.blake2b(data, digest_size=6).hexdigest()
        assert sum(1 for _ in read_file(str(path), TABLES[entry.kind])) == entry.records


def let_run(forker: Forker, before: Path, command: list[str], hub: Path) -> Undisturbed:
    """Runs a command on a copy of a hub."""
    shutil.copytree(before, hub)
    found, begin = files_of(hub), time.monotonic()
    job = forker.start([*command, "--hub", str(hub)])
    assert job.wait() == DONE, job.errors
    seconds = time.monotonic() - begin
    return Undisturbed(before, command, shown(hub), seconds, len(files_of(hub) ^ found))


@pytest.fixture(scope="module")
def three_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub of a build and two refreshes, and corpora beside it."""
    folder = tmp_path_factory.mktemp("versions")
    parts = [corpus(folder / f"{n}.jsonl", range(n * 8, n * 8 + 8)) for n in range(4)]
    hub = build(folder / "hub", parts[0], flags=FLAGS)
    for part in parts[1:3]:
        refresh(hub, part, flags=FLAGS)
    return hub


@pytest.fixture(scope="module")
def compacted(forker: Forker, three_versions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with its versions folded, and what attempts left that failed days ago."""
    hub = tmp_path_factory.mktemp("compacted") / "hub"
    let_run(forker, three_versions, ["compact"], hub)
    lost = hub / "hub" / "0007-deadbeef"
    lost.mkdir()
    for n in range(LEFT_OVER):
        (lost / f"personas-{n:05}-of-{LEFT_OVER:05}-{n:012x}.avro").write_bytes(b"half of it")
    for path in hub.rglob("*"):
        os.utime(path, (1e9, 1e9))
    return hub


@pytest.fixture(scope="module")
def undisturbed(
    request: pytest.FixtureRequest, forker: Forker, three_versions: Path, tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    """The command that the test names."""
    name = request.param
    before = request.getfixturevalue("compacted") if name == "gc" else three_versions
    command = {
        "refresh": ["refresh", "--input", str(three_versions.parent / "3.jsonl"), *FLAGS],
        "compact": ["compact"],
        "gc": ["gc", "--keep", "1"],
    }[name]
    return let_run(forker, before, command, tmp_path_factory.mktemp(name) / "hub")


@pytest.mark.parametrize("moment", [n if n in IN_CI else pytest.param(n, marks=long_drill) for n in range(MOMENTS)])
@pytest.mark.parametrize("undisturbed", ["refresh", "compact", "gc"], indirect=True)
def test_killed_at_any_moment_it_leaves_whole_versions_and_goes_on(
    undisturbed: Undisturbed, moment: int, forker: Forker, tmp_path: Path
) -> None:
    """Half of the moments are a time, the others a number of files that came or went: writing takes little time."""
    draw, hub = random.Random(moment), tmp_path / "hub"
    shutil.copytree(undisturbed.before, hub)
    was, old = files_of(hub), shown(hub)
    share = (moment + draw.random()) / MOMENTS
    job = forker.start([*undisturbed.command, "--hub", str(hub)])
    begin = time.monotonic()
    while job.poll() is None:
        if moment % 2 and len(files_of(hub) ^ was) >= 1 + share * (undisturbed.changes - 1):
            break
        if not moment % 2 and time.monotonic() - begin >= share * undisturbed.seconds:
            break
        time.sleep(0.002)  # looking on without a pause takes the job its processor
    if job.poll() is None:
        job.kill()
    assert job.wait() in (-signal.SIGKILL, DONE), job.errors

    removes = undisturbed.command[0] == "gc"
    kept = [old["version"]] if removes else [manifest.version for manifest in list_versions(str(undisturbed.before))]
    require_whole(hub, kept)
    assert shown(hub) in (old, undisturbed.after)

    job = forker.start([*undisturbed.command, "--hub", str(hub)])
    assert job.wait() == DONE, job.errors
    require_whole(hub, kept)
    assert shown(hub) == undisturbed.after
    if removes:
        assert {path.name for path in (hub / "hub").iterdir()} == {"CURRENT", ".lock", old["version"]}
