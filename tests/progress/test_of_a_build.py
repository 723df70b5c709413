"""Progress of a build of 200 slow calls, on a terminal and off it: it moves while they are made, and ends with what
`status` says.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from persona_hub.pipelines.main import main
from persona_hub.pipelines.progress.progress import SECONDS_VARIABLE
from tests.helpers.jobs import Forker
from tests.helpers.paid import build_command, corpus_of, paying, spend
from tests.servers.models.launch import FakeServer

CALLS = 200
SLOW = {"median_ms": 100, "p99_ms": 300, "faults": {"429": 0.05}}  # 5 s with four in flight
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ONE: list[str] = []
TWO = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


def slow_build(server: FakeServer, folder: Path, mode: str, more: list[str]) -> list[str]:
    """The command of a build that asks 200 questions, four at a time, with nothing after them."""
    server.tell(**SLOW)
    shape = ["--expand_hops", "0", "--embedding_threshold", "1.0"]
    flags = [*shape, "--max_in_flight", "4", "--progress", mode, "--max_calls", "1000", *more]
    command = ["build", "--input", str(corpus_of(folder, CALLS)), "--output", str(folder / "out")]
    return [*command, *paying(server, folder), *flags]


def off_a_terminal(forker: Forker, command: list[str]) -> str:
    """What a command writes to standard error, which is a file."""
    job = forker.start(command)
    assert job.wait() == 0, job.errors
    return job.errors


def on_a_terminal(command: list[str], seconds: str) -> tuple[int, str]:
    """(exit code, all that was written to the terminal) of a command whose standard error is one."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, SECONDS_VARIABLE: seconds, "TERM": "xterm-256color", "COLUMNS": "200", "LINES": "24"}
    python = [sys.executable, "-m", "persona_hub.pipelines.main"]
    process = subprocess.Popen([*python, *command], stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
    os.close(theirs)
    written = b""
    try:
        while read := os.read(ours, 1 << 16):
            written += read
    except OSError:  # the other side is closed: the process has ended
        pass
    os.close(ours)
    return process.wait(), written.decode()


def check_moves_and_ends_as_status_says(seen: list[int], out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`seen`: calls as they were shown, one after another."""
    assert [n for n in seen if 0 < n < CALLS]
    assert seen == sorted(seen)
    assert seen[-1] == spend(out)["extract_persona"].calls
    assert main(["status", "--output", str(out)]) == 0
    assert re.search(rf"^all +{seen[-1]} ", capsys.readouterr().out, re.MULTILINE)


def test_on_a_terminal(server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, written = on_a_terminal(slow_build(server, tmp_path, "auto", ONE), "0.2")
    assert code == 0, written
    shown = ESCAPE.sub("", written)
    check_moves_and_ends_as_status_says(
        [int(n) for n in re.findall(r"([\d,]+) of 1,000 calls", shown)], tmp_path / "out", capsys
    )
    answered = [int(n) for n in re.findall(r"extract persona \S+ (\d+) of 200", shown)]
    assert [n for n in answered if 0 < n < CALLS]
    assert answered[-1] == CALLS
    assert re.search(r" \d+ refusals", shown)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of progress five times a second, by commands that start from here on."""
    monkeypatch.setenv(SECONDS_VARIABLE, "0.2")


@pytest.mark.parametrize("more", [ONE, TWO], ids=["one process", "two processes"])
def test_off_a_terminal(
    more: list[str], server: FakeServer, forker: Forker, often: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = off_a_terminal(forker, slow_build(server, tmp_path, "auto", more))
    assert "\x1b" not in said
    check_moves_and_ends_as_status_says(
        [int(n) for n in re.findall(r"([\d,]+) of 1,000 calls", said)], tmp_path / "out", capsys
    )
    answered = [int(n) for n in re.findall(r"extract persona (\d+) of 200", said)]
    assert [n for n in answered if 0 < n < CALLS]


def test_as_json(
    server: FakeServer, forker: Forker, often: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = off_a_terminal(forker, slow_build(server, tmp_path, "json", ONE))
    told = [json.loads(line) for line in said.splitlines()]
    check_moves_and_ends_as_status_says([one["calls"] for one in told], tmp_path / "out", capsys)
    assert [one["event"] for one in told] == ["progress"] * (len(told) - 1) + ["end"]
    [stage] = told[-1]["stages"]
    assert (stage["stage"], stage["done"], stage["total"]) == ("extract_persona", CALLS, CALLS)
    spent = spend(tmp_path / "out")["extract_persona"]
    assert (told[-1]["input_tokens"], told[-1]["output_tokens"]) == (spent.input_tokens, spent.output_tokens)
    assert told[-1]["cost_usd"] == pytest.approx(spent.cost / 1e9)
    assert told[-1]["refusals"] == server.counts()["429"] > 0


def test_how_a_job_is_shown_decides_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = build_command(corpus_of(tmp_path, 3), tmp_path / "out", ["--expand_hops", "0"])
    assert main([*command, "--progress", "json"]) == 0
    assert main([*command, "--progress", "none"]) == 0
    assert "nothing is to be done" in capsys.readouterr().out
    [manifest] = (tmp_path / "out/hub").glob("*/manifest.json")
    assert '"progress"' not in manifest.read_text()


@pytest.mark.parametrize("command", ["build", "refresh", "synthesize", "dedup", "takedown", "compact"])
def test_every_job_takes_the_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help_all" if command not in ("compact",) else "--help"])
    assert "--progress" in capsys.readouterr().out
