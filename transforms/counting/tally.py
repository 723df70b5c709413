"""Counters of a step, seen twice: by Beam (the runner's own pages) and by the progress line of a job on this machine.

Beam's counters can be read only when a job on the FnApiRunner has ended, and count twice what a runner retries. So the
progress line reads a board of its own, and what is promised to add up is counted as data (`counts`).
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from apache_beam.metrics import Metrics

BOARD_VARIABLE = "PERSONA_HUB_PROGRESS"  # folder in which the processes of a local job post their counts
POST_SECONDS = 0.5

_board: Counter[tuple[str, str]] = Counter()
_lock = threading.Lock()
_posted = 0.0


class Tally:
    """The counters of one step, named like the step: `Tally("read_corpus").inc("documents", 12)`."""

    def __init__(self, stage: str):
        self.stage = stage
        self.counters: dict[str, Any] = {}

    def inc(self, name: str, n: int = 1) -> None:
        """Adds `n` to the counter `name`; call it on the bundle's own thread."""
        if not n:
            return
        counter = self.counters.get(name)
        if counter is None:
            counter = self.counters[name] = Metrics.counter(self.stage, name)
        counter.inc(n)
        with _lock:
            _board[self.stage, name] += n
        _post()


def _post() -> None:
    """Writes this process's counts to the board's folder, if there is one, at most twice a second."""
    global _posted
    folder = os.environ.get(BOARD_VARIABLE)
    now = time.monotonic()
    if not folder or now - _posted < POST_SECONDS:
        return
    with _lock:
        _posted = now
        rows = [[stage, name, n] for (stage, name), n in _board.items()]
        file = Path(folder) / f"{os.getpid()}.json"
        try:
            file.with_suffix(".part").write_text(json.dumps(rows))
            file.with_suffix(".part").replace(file)
        except OSError:  # the job is over and its board gone
            return


def read_board(folder: Path) -> Counter[tuple[str, str]]:
    """Counts by (stage, name) of all processes of the job: this one's as they are, the others' as last posted."""
    with _lock:
        total = Counter(_board)
    for file in folder.glob("*.json"):
        if file.stem != str(os.getpid()):
            for stage, name, n in json.loads(file.read_text()):
                total[stage, name] += n
    return total


def clear_board() -> None:
    """Forgets this process's counts: one job after another in a process, as in tests."""
    with _lock:
        _board.clear()
