"""CURRENT on a local disk: only by compare-and-set, and never half a file."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import Any

import pytest

from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import read_bytes
from persona_hub.transforms.hub.current import (
    PublishConflict,
    current_path,
    exclusive,
    read_current,
    set_current,
    swap_bytes,
)


def test_current_moves_only_from_what_is_expected(tmp_path: Path) -> None:
    output = str(tmp_path)
    assert read_current(output) == ""
    set_current(output, "", "0001-aa")
    set_current(output, "0001-aa", "0002-bb")
    assert read_current(output) == "0002-bb"
    assert Path(current_path(output)).read_text() == "0002-bb\n"


@pytest.mark.parametrize(
    ("held", "expected", "said"),
    [
        ("", "0001-aa", r"holds no version now, and this run set out from 0001-aa"),
        ("0001-aa", "", r"holds 0001-aa now, and this run set out from an empty folder"),
        ("0002-bb", "0001-aa", r"holds 0002-bb now, and this run set out from 0001-aa"),
    ],
)
def test_a_run_that_comes_too_late_is_told_what_to_do(tmp_path: Path, held: str, expected: str, said: str) -> None:
    if held:
        set_current(str(tmp_path), "", held)
    with pytest.raises(PublishConflict, match=rf"{said}: another run published meanwhile; run it again \(answers"):
        set_current(str(tmp_path), expected, "0003-cc")
    assert read_current(str(tmp_path)) == held


def test_white_space_around_the_name_does_not_count(tmp_path: Path) -> None:
    write_bytes(current_path(str(tmp_path)), b" 0001-aa \r\n")
    set_current(str(tmp_path), "0001-aa", "0002-bb")


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "er" / "f")
    write_bytes(path, b"old" * 1000)
    held = (tmp_path / "deep" / "er" / "f").open("rb")  # a reader that has begun
    write_bytes(path, b"new")
    with held:
        assert held.read() == b"old" * 1000
    assert read_bytes(path) == b"new"
    assert [file.name for file in (tmp_path / "deep" / "er").iterdir()] == ["f"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "f")
    write_bytes(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("persona_hub.transforms.files.atomic.os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_bytes(path, b"new")
    assert read_bytes(path) == b"old"


def hold(output: str, log: str, start: Any) -> None:
    start.wait()
    with exclusive(output), Path(log).open("a") as file:
        file.write("in\n")
        file.flush()
        time.sleep(0.02)
        file.write("out\n")


def test_no_two_processes_publish_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager, context.Pool(4) as pool:
        start = manager.Barrier(4)
        pool.starmap(hold, [(str(tmp_path), str(tmp_path / "log"), start)] * 4)
    assert (tmp_path / "log").read_text() == "in\nout\n" * 4


def die_inside(output: str, entered: Any) -> None:
    with exclusive(output):
        entered.set()
        time.sleep(60)


def test_the_lock_of_a_process_that_is_killed_is_free(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    entered = context.Event()
    victim = context.Process(target=die_inside, args=(str(tmp_path), entered))
    victim.start()
    assert entered.wait(30)
    victim.kill()
    victim.join()
    with exclusive(str(tmp_path)):
        set_current(str(tmp_path), "", "0001-aa")


def test_other_filesystems_hold_nobody() -> None:
    with exclusive("gs://bucket/out"), exclusive("gs://bucket/out"):
        pass


def test_a_small_file_is_swapped_only_if_it_is_what_was_read(tmp_path: Path) -> None:
    path = str(tmp_path / "manifest.json")
    assert not swap_bytes(path, b"", b"new"), "there is none"
    write_bytes(path, b"one")
    assert swap_bytes(path, b"one", b"two")
    assert not swap_bytes(path, b"one", b"three")
    assert read_bytes(path) == b"two"
    assert [file.name for file in tmp_path.iterdir()] == ["manifest.json"]
