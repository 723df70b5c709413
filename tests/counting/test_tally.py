"""The board that a progress line reads: this process's counts at once, those of the others as they post them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from persona_hub.transforms.counting import board
from persona_hub.transforms.counting.board import (
    BOARD_VARIABLE,
    LiveCounts,
    add_to_board,
    clear_board,
    post,
    read_board,
)
from persona_hub.transforms.counting.tally import Tally


@pytest.fixture(autouse=True)
def _own_board(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Counts of other tests stay out, and a process posts when it is told to."""
    monkeypatch.delenv(BOARD_VARIABLE, raising=False)
    monkeypatch.setattr(board, "POST_SECONDS", 3600)
    clear_board()
    yield
    if board._timer:
        board._timer.cancel()
        board._timer = None
    clear_board()


def until(there: Callable[[], bool]) -> None:
    """Waits for another thread or process; the test's own time-out bounds it."""
    while not there():
        time.sleep(0.01)


def test_counts_of_a_step_add_up_under_its_name(tmp_path: Path) -> None:
    Tally("read_corpus").inc("records", 3)
    again = Tally("read_corpus")
    again.inc("records")
    again.inc("skipped", 0)  # what never happened has no counter
    Tally("filter_persona").inc("records", 7)
    assert read_board(tmp_path) == {("read_corpus", "records"): 4, ("filter_persona", "records"): 7}
    assert "skipped" not in again.counters


def test_other_processes_are_counted_in_and_this_one_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BOARD_VARIABLE, str(tmp_path))
    Tally("dedup").inc("kept", 5)
    post()
    assert json.loads((tmp_path / f"{os.getpid()}.json").read_text()) == [["dedup", "kept", 5]]
    (tmp_path / f"{os.getpid() + 1}.json").write_text(json.dumps([["dedup", "kept", 30], ["dedup", "dropped", 1]]))
    assert read_board(tmp_path)["dedup", "kept"] == 35
    assert list(tmp_path.glob("*.part")) == []


def test_many_counts_are_one_post_and_the_last_of_them_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BOARD_VARIABLE, str(tmp_path))
    posts: list[float] = []

    def counted_post() -> None:
        posts.append(time.monotonic())
        post()

    monkeypatch.setattr(board, "POST_SECONDS", 0.2)
    monkeypatch.setattr(board, "post", counted_post)
    for _ in range(1000):
        add_to_board("dedup", "kept")
    file = tmp_path / f"{os.getpid()}.json"
    until(lambda: file.exists() and json.loads(file.read_text()) == [["dedup", "kept", 1000]])
    assert len(posts) < 1000
    assert read_board(tmp_path)["dedup", "kept"] == 1000  # a process knows its own counts


def test_a_process_that_ends_posts_what_it_has_counted(tmp_path: Path) -> None:
    code = "from persona_hub.transforms.counting.board import add_to_board as add; add('dedup', 'kept', 7)"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, BOARD_VARIABLE: str(tmp_path)})
    assert read_board(tmp_path) == {("dedup", "kept"): 7}


def test_a_forked_process_counts_what_it_has_counted_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_to_board("dedup", "kept", 5)
    monkeypatch.setenv(BOARD_VARIABLE, str(tmp_path))
    if (child := os.fork()) == 0:
        add_to_board("dedup", "kept", 2)
        post()
        os._exit(0)
    os.waitpid(child, 0)
    assert read_board(tmp_path) == {("dedup", "kept"): 7}


def test_a_board_that_is_gone_stops_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BOARD_VARIABLE, str(tmp_path / "gone"))
    Tally("dedup").inc("kept", 5)
    post()
    assert read_board(tmp_path / "gone") == {("dedup", "kept"): 5}


def test_a_file_that_is_no_post_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text("{")
    add_to_board("dedup", "kept", 5)
    assert read_board(tmp_path) == {("dedup", "kept"): 5}


def test_live_counts_are_on_the_board_at_once_and_stay_there_when_they_are_reported(tmp_path: Path) -> None:
    counts = LiveCounts("extract_persona")
    counts["asked"] += 3
    counts["asked"] += 2
    assert (counts["asked"], counts["lost"]) == (5, 0)
    assert read_board(tmp_path) == {("extract_persona", "asked"): 5}
    counts.clear()
    counts["asked"] += 1
    assert dict(counts) == {"asked": 1}
    assert read_board(tmp_path) == {("extract_persona", "asked"): 6}
    del counts  # a bundle that has failed: its questions are asked again
    assert read_board(tmp_path) == {("extract_persona", "asked"): 5}


def test_live_counts_are_posted_as_long_as_there_are_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BOARD_VARIABLE, str(tmp_path))
    monkeypatch.setattr(board, "POST_SECONDS", 0.01)
    counts, file = LiveCounts("extract_persona"), tmp_path / f"{os.getpid()}.json"
    for n in range(1, 4):
        counts["answered"] += 1
        while not file.exists() or json.loads(file.read_text()) != [["extract_persona", "answered", n]]:
            time.sleep(0.01)
    counts.clear()
    del counts
    until(lambda: board._timer is None)
    assert json.loads(file.read_text()) == [["extract_persona", "answered", 3]]
