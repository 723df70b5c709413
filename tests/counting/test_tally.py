"""The board that a progress line reads: this process's counts at once, those of the others as they post them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from persona_hub.transforms.counting import tally
from persona_hub.transforms.counting.tally import BOARD_VARIABLE, Tally, clear_board, read_board


@pytest.fixture(autouse=True)
def _own_board(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Counts of other tests stay out, and posting is never put off."""
    monkeypatch.delenv(BOARD_VARIABLE, raising=False)
    monkeypatch.setattr(tally, "POST_SECONDS", 0)
    clear_board()
    yield
    clear_board()


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
    assert json.loads((tmp_path / f"{os.getpid()}.json").read_text()) == [["dedup", "kept", 5]]
    (tmp_path / f"{os.getpid() + 1}.json").write_text(json.dumps([["dedup", "kept", 30], ["dedup", "dropped", 1]]))
    assert read_board(tmp_path)["dedup", "kept"] == 35
    assert list(tmp_path.glob("*.part")) == []


def test_a_post_is_at_most_so_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BOARD_VARIABLE, str(tmp_path))
    Tally("dedup").inc("kept", 5)
    monkeypatch.setattr(tally, "POST_SECONDS", 3600)
    Tally("dedup").inc("kept", 5)
    assert json.loads((tmp_path / f"{os.getpid()}.json").read_text()) == [["dedup", "kept", 5]]
    assert read_board(tmp_path)["dedup", "kept"] == 10  # a process knows its own counts


def test_a_board_that_is_gone_stops_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BOARD_VARIABLE, str(tmp_path / "gone"))
    Tally("dedup").inc("kept", 5)
    assert read_board(tmp_path / "gone") == {("dedup", "kept"): 5}
