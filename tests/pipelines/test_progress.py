"""The progress line."""

from __future__ import annotations

import io
import json
import time
from collections import Counter

from persona_hub.pipelines.runners.progress import busiest, clock, line, progress
from persona_hub.transforms.counting.tally import Tally, clear_board, read_board


def test_what_a_line_says() -> None:
    board = Counter(
        {
            ("read_corpus", "documents"): 1200,
            ("extract_persona", "asked"): 300,
            ("extract_persona", "lost"): 2,
        }
    )
    assert line(board, "extract_persona", rate=90.0, seconds=75) == (
        "01:15 · 1,200 documents · 0 personas · 0 samples · 2 lost · extract persona 300 of 1,200, 90/s, 00:10 left"
    )


def test_time_left_is_said_only_where_it_is_known() -> None:
    board = Counter({("tell_fortunes", "asked"): 3})
    assert line(board, "tell_fortunes", rate=2.0, seconds=1).endswith("tell fortunes 3, 2/s")


def test_the_busiest_step_is_shown() -> None:
    before = Counter({("a", "n"): 100, ("b", "n"): 1})
    assert busiest(before, Counter({("a", "n"): 101, ("b", "n"): 9})) == "b"
    assert busiest(before, before) == ""


def test_hours() -> None:
    assert (clock(5), clock(3725)) == ("00:05", "1:02:05")


def test_quiet_when_not_a_terminal() -> None:
    stream = io.StringIO()
    with progress(stream):
        pass
    assert stream.getvalue() == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_of_a_job_on_a_cluster_that_is_named_and_no_counts() -> None:
    stream = Terminal()
    with progress(stream, cluster="FlinkRunner, http://flink:8081"):
        while not stream.getvalue():
            time.sleep(0.01)
    assert "00:00 · runs on FlinkRunner, http://flink:8081" in stream.getvalue()
    assert "documents" not in stream.getvalue()


def test_other_processes_of_a_job_are_counted(tmp_path) -> None:
    clear_board()
    Tally("read_corpus").inc("documents", 2)
    (tmp_path / "1.json").write_text(json.dumps([["read_corpus", "documents", 40]]))
    assert read_board(tmp_path)["read_corpus", "documents"] == 42
