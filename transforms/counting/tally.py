"""Counters of a step, seen twice: by Beam (the runner's own pages) and by whoever shows the progress of a job here.

Beam's counters can be read only when a job on the FnApiRunner has ended, and count twice what a runner retries. So
progress is read from a board of its own, and what is promised to add up is counted as data (`counts`).
"""

from __future__ import annotations

from typing import Any

from apache_beam.metrics import Metrics

from persona_hub.transforms.counting.board import add_to_board


class Tally:
    """The counters of one step, named like the step: `Tally("read_corpus").inc("documents", 12)`."""

    def __init__(self, stage: str):
        self.stage = stage
        self.counters: dict[str, Any] = {}

    def inc(self, name: str, n: int = 1) -> None:
        """Adds `n` to the counter `name`; call it on the bundle's own thread."""
        if n:
            self.report(name, n)
            add_to_board(self.stage, name, n)

    def report(self, name: str, n: int) -> None:
        """The same for what the board has already."""
        counter = self.counters.get(name)
        if counter is None:
            counter = self.counters[name] = Metrics.counter(self.stage, name)
        counter.inc(n)
