"""A purge that is killed: at any moment every version is whole, and the same command again completes it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import list_versions, open_hub
from persona_hub.transforms.records import DeadLetter, Persona
from tests.helpers.drills import long_drill
from tests.helpers.jobs import Forker
from tests.helpers.purging import FLAGS, IDLE, check_whole, letters, purge
from tests.material.growing import refresh
from tests.material.planted import PLANTED, found_in
from tests.material.sources import A, B, C, build, take_down, write

EFFECTS = ("replace", "rename", "remove", "unlink")  # functions of `os` by which a purge changes what others see


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub of three versions, the last of which has taken the planted source down."""
    folder = tmp_path_factory.mktemp("taken")
    hub = build(folder, (A, PLANTED[A]), (B, PLANTED[B]), flags=[*FLAGS, "--partitions", "1"])
    refresh(hub, write(folder / "c.jsonl", (C, PLANTED[C])))
    [document] = {row.document_id for row in read_table(open_hub(str(hub)), "personas", Persona) if row.source == A}
    letters(hub, "failed", DeadLetter("extract_persona", "malformed", document, "zyxquorth?"))
    take_down(hub, A)
    for listed in hub.glob("takedowns/*/*"):
        listed.unlink()  # as if that had been killed before it could tell; the purge must
    return hub


def check_done(hub: Path) -> None:
    """After a purge that went to its end."""
    assert found_in(hub) == []
    check_whole(hub)
    assert {persona.source for persona in read_table(open_hub(str(hub)), "personas", Persona)} == {B, C}
    rows = [orjson.loads(line) for file in hub.glob("takedowns/*/*.jsonl") for line in file.open()]
    assert (
        len(rows) == len({(row["use_case"], row["persona_id"]) for row in rows}) == 6
    )  # three personas, two use cases
    named = {entry.path for made in list_versions(str(hub)) for entry in made.files}
    there = {str(file.relative_to(hub)) for file in hub.glob("hub/*/*") if file.name != "manifest.json"}
    assert there == named


def test_killed_at_any_moment_it_leaves_whole_versions_and_goes_on(
    taken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends before the `moment`th change of a name: what `kill -9` there would leave."""
    readers = set(read_table(open_hub(str(taken)), "personas", Persona))
    moment, killed = 0, True
    while killed:
        hub = Path(shutil.copytree(taken, tmp_path / str(moment)))
        killed = interrupted(hub, moment, monkeypatch)
        check_whole(hub)
        assert set(read_table(open_hub(str(hub)), "personas", Persona)) == readers
        assert purge(hub, A) == DONE
        check_done(hub)
        shutil.rmtree(hub)
        moment += 1
    assert moment > 20


def interrupted(hub: Path, moment: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a purge came to that moment."""
    done = 0

    def until(act: Any) -> Any:
        def dies(*arguments: Any, **keywords: Any) -> Any:
            nonlocal done
            if done >= moment:  # and whatever comes after: no hand is left to clean up
                raise KeyboardInterrupt
            done += 1
            return act(*arguments, **keywords)

        return dies

    with monkeypatch.context() as patched:
        for name in EFFECTS:
            patched.setattr(os, name, until(getattr(os, name)))
        return purge(hub, A) != DONE


def kills(taken: Path, folder: Path, forker: Forker, seed: int, times: int) -> None:
    """kill -9 of the process at random moments of a purge."""
    command = ["takedown", "--source", A, "--purge", *IDLE]
    hub = Path(shutil.copytree(taken, folder / "undisturbed"))
    began = time.monotonic()
    assert forker.start([*command, "--hub", str(hub)]).wait() == DONE
    lasts = time.monotonic() - began
    drawn = random.Random(seed)
    for number in range(times):
        hub = Path(shutil.copytree(taken, folder / str(number)))
        job = forker.start([*command, "--hub", str(hub)])
        time.sleep(drawn.uniform(0.0, lasts))
        if job.poll() is None:
            job.kill(signal.SIGKILL)
        job.wait()
        check_whole(hub)
        job = forker.start([*command, "--hub", str(hub)])
        assert job.wait() == DONE, job.errors
        check_done(hub)


def test_kill_9_at_three_moments(taken: Path, forker: Forker, tmp_path: Path) -> None:
    kills(taken, tmp_path, forker, 1, 3)


@long_drill
@pytest.mark.parametrize("seed", [2, 3])
def test_kill_9_at_twenty_moments(taken: Path, forker: Forker, tmp_path: Path, seed: int) -> None:
    kills(taken, tmp_path, forker, seed, 20)
