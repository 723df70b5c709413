"""Jobs that are killed: what was paid stays paid, and nothing else is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fake_server.launch import FakeServer
from transforms.store.registry import open_store

QUESTIONS, IN_FLIGHT = 600, 16
ROOT = Path(__file__).parents[1]
LONG_DRILLS = "PERSONA_HUB_DRILLS"  # set in the environment: the drills of minutes run, too
WORKERS = [0, pytest.param(2, marks=pytest.mark.skipif(not os.environ.get(LONG_DRILLS), reason="a drill of minutes"))]


@pytest.fixture
def settings(server: FakeServer, tmp_path: Path) -> dict[str, Any]:
    server.tell(changing=True, median_ms=40, p99_ms=200)
    return {
        "questions": QUESTIONS,
        "workers": 0,
        "name": "openai:m",
        "base_url": server.url,
        "store": f"sqlite:{tmp_path}/responses.sqlite",
        "max_in_flight": IN_FLIGHT,
    }


def start(settings: dict[str, Any]) -> subprocess.Popen[str]:
    """In a group of its own, so that all its processes can be killed at once."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.crash_job", json.dumps(settings)],
        cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def wait_for_calls(server: FakeServer, n: int, job: subprocess.Popen[str]) -> None:
    while server.counts()["calls"] < n:
        assert job.poll() is None, job.communicate()
        time.sleep(0.02)


def quiet(server: FakeServer) -> dict[str, int]:
    """The server's counts when nothing is in flight any more: calls whose client was killed are paid all the same."""
    while True:
        counts = server.counts()
        if not counts["in_flight"]:
            return counts
        time.sleep(0.05)


@pytest.mark.parametrize("workers", WORKERS)
def test_kill_9_costs_at_most_what_was_in_flight(server: FakeServer, settings: dict[str, Any], workers: int) -> None:
    settings["workers"] = workers
    processes = max(workers, 1)
    for share in (0.25, 0.5, 0.75):
        job = start(settings)
        wait_for_calls(server, int(share * QUESTIONS), job)
        os.killpg(job.pid, signal.SIGKILL)
        job.communicate()
    job = start(settings)
    out, errors = job.communicate()
    assert job.returncode == 0, errors[-2000:]
    found = json.loads(out)
    assert (len(found["answers"]), found["dead"]) == (QUESTIONS, 0)
    assert quiet(server)["paid"] <= QUESTIONS + 3 * processes * IN_FLIGHT
    again, _ = start(settings).communicate()  # every branch sees one text, whatever the model says now
    assert json.loads(again) == found
    assert open_store(settings["store"]).spend()["echo"].calls == QUESTIONS


@pytest.mark.parametrize("workers", WORKERS)
def test_the_stop_word_loses_nothing_at_all(server: FakeServer, settings: dict[str, Any], workers: int) -> None:
    settings["workers"] = workers
    store = open_store(settings["store"])
    job = start(settings)
    wait_for_calls(server, QUESTIONS // 3, job)
    store.say_stop()
    _, errors = job.communicate()
    assert job.returncode != 0
    assert "the same command goes on from there" in errors
    paid = quiet(server)["paid"]
    assert paid < QUESTIONS
    assert store.spend()["echo"].calls == paid  # what was in flight was awaited and stored
    store.say_stop(False)
    assert start(settings).wait() == 0
    assert quiet(server)["paid"] == QUESTIONS
