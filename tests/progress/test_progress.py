"""When and where progress is shown."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.progress import progress as module
from persona_hub.pipelines.progress.progress import SECONDS_VARIABLE, Watched, mode_for, progress
from persona_hub.pipelines.progress.spend_reader import SpendReader
from persona_hub.transforms.counting.board import BOARD_VARIABLE, clear_board
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.store.protocol import Put, Spend
from persona_hub.transforms.store.registry import open_store


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Something is shown a hundred times a second, and counts of other tests stay out."""
    monkeypatch.setenv(SECONDS_VARIABLE, "0.01")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv(BOARD_VARIABLE, raising=False)
    yield
    clear_board()


def until(there: Callable[[], bool]) -> None:
    """Waits for the thread that shows; the test's own time-out bounds it."""
    while not there():
        time.sleep(0.005)


def test_bars_move_on_a_terminal_and_are_wiped_at_the_end() -> None:
    stream = Terminal()
    with progress(Watched(), stream):
        Tally("read_corpus").inc("documents", 1234)
        until(lambda: "1,234 documents" in stream.getvalue())
        Tally("extract_persona").inc("asked", 10)
        until(lambda: "extract persona" in stream.getvalue())
    said = stream.getvalue()
    assert said.endswith("\x1b[?25h\r\x1b[1A\x1b[2K\x1b[1A\x1b[2K")  # the cursor is back, and the two lines are gone
    assert not any(line.strip() for line in said.rpartition("\x1b[2K")[2].splitlines())


@pytest.mark.parametrize("mode", ["auto", "bar", "plain"])
def test_elsewhere_it_is_a_line_at_a_time_without_escapes(mode: str) -> None:
    stream = io.StringIO()
    with progress(Watched(mode=mode), stream):
        Tally("read_corpus").inc("documents", 1234)
        until(lambda: "1,234 documents" in stream.getvalue())
    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().splitlines()[-1].startswith("ended after 00:0")


def test_a_job_that_ends_before_its_first_line_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECONDS_VARIABLE, "3600")
    stream = io.StringIO()
    with progress(Watched(), stream):
        Tally("read_corpus").inc("documents")
    assert stream.getvalue() == ""


def test_json_begins_at_once_and_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECONDS_VARIABLE, "3600")
    stream = Terminal()
    with progress(Watched(mode="json"), stream):
        until(lambda: "\n" in stream.getvalue())
        Tally("read_corpus").inc("documents", 5)
    first, last = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["documents"]) == ("progress", 0)
    assert (last["event"], last["documents"]) == ("end", 5)


def test_none_shows_nothing_and_counts_nothing() -> None:
    stream = Terminal()
    with progress(Watched(mode="none"), stream):
        assert BOARD_VARIABLE not in os.environ
    assert stream.getvalue() == ""


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mode_for("auto", Terminal()) == "bar"
    monkeypatch.setenv("TERM", "dumb")
    assert mode_for("auto", Terminal()) == "plain"


@pytest.mark.parametrize("mode", ["bar", "plain", "json"])
def test_when_a_job_fails_the_board_is_taken_down(mode: str) -> None:
    folders: list[str | None] = []

    def job() -> None:
        with progress(Watched(mode=mode), Terminal()):
            folders.append(os.environ.get(BOARD_VARIABLE))
            raise RuntimeError("the job")

    with pytest.raises(RuntimeError, match="the job"):
        job()
    [folder] = folders
    assert folder
    assert not Path(folder).exists()
    assert BOARD_VARIABLE not in os.environ


@pytest.mark.parametrize("mode", ["bar", "plain", "json"])
def test_a_stream_that_breaks_stops_no_job(mode: str) -> None:
    stream = Terminal()
    with progress(Watched(mode=mode), stream):
        until(lambda: stream.getvalue() != "")
        stream.close()
        time.sleep(0.05)


@pytest.mark.parametrize("said", ["soon", "0", "-1", "nan", "1e9"])
def test_an_interval_that_is_none_is_told(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECONDS_VARIABLE, said)
    with (
        pytest.raises(UsageError, match=f"{SECONDS_VARIABLE}={said}: must be a number of seconds"),
        progress(Watched()),
    ):
        pass


def test_a_job_on_a_cluster_is_shown_by_its_store(tmp_path: Path) -> None:
    address, stream = f"sqlite:{tmp_path}/store.sqlite", io.StringIO()
    with closing(open_store(address)) as store, progress(Watched(store=address, cluster="Flink, http://f:1"), stream):
        until(lambda: "runs on Flink, http://f:1" in stream.getvalue())
        store.commit([Put(b"k", b"v", "extract_persona", Spend(3, 100, 10, 5 * 10**8))])
        until(lambda: "3 calls" in stream.getvalue())
        store.commit([Put(b"l", b"v", "extract_persona", Spend(1, 100, 10, 5 * 10**8))])
    last = stream.getvalue().splitlines()[-1]  # the store is looked at once more when the job has ended
    assert last.endswith("4 calls · 200 tokens in, 20 out · 1.0000 US dollars")


def test_a_store_that_comes_later_is_found_and_one_that_never_does_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persona_hub.pipelines.progress.spend_reader.SERVER_SECONDS", 0.01)
    address = f"sqlite:{tmp_path}/store.sqlite"
    reader = SpendReader(address)
    time.sleep(0.05)
    assert reader.stored is None
    with closing(open_store(address)) as store:
        store.commit([Put(b"k", b"v", "a", Spend(3, 100, 10))])
    until(lambda: reader.stored is not None)
    reader.close()
    assert reader.stored is not None
    assert reader.stored["a"].calls == 3
    for nowhere in ("", "none", "redis://127.0.0.1:1/0"):
        reader = SpendReader(nowhere)
        reader.over.set()
        assert reader.stored is None


def test_bars_are_drawn_often_and_lines_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECONDS_VARIABLE)
    assert {mode: module.pauses_of(mode) for mode in ("bar", "plain", "json")} == {
        "bar": (0.1, 0.5), "plain": (10.0, 60.0), "json": (0.0, 5.0),
    }  # fmt: skip
