"""Shows how far a job is while it runs: bars on a terminal, elsewhere a line each minute, or JSON for programs."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.progress.bars import Bars
from persona_hub.pipelines.progress.facts import FactFinder, Facts
from persona_hub.pipelines.progress.lines import json_line, plain_line
from persona_hub.pipelines.progress.spend_reader import SpendReader
from persona_hub.pipelines.progress.telemetry import exported, wanted_exporters
from persona_hub.transforms.calls.protocol import Budget
from persona_hub.transforms.counting.board import BOARD_VARIABLE, clear_board, read_board

AUTO, BAR, PLAIN, JSON, NONE = MODES = ("auto", "bar", "plain", "json", "none")
SECONDS_VARIABLE = "PERSONA_HUB_PROGRESS_SECONDS"  # from one showing to the next, and to the first plain line
FIRST_SECONDS = {BAR: 0.1, PLAIN: 10.0, JSON: 0.0}  # after the start
EVERY_SECONDS = {BAR: 0.5, PLAIN: 60.0, JSON: 5.0}
LONGEST_SECONDS = 86_400.0

Show = Callable[[Facts, bool], None]  # (how far the job is, whether it has ended)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What is shown of which job."""

    mode: str = AUTO  # one of MODES
    store: str = ""  # address of the response store; "" or "none": there is none
    budget: Budget = field(default_factory=Budget)
    most_samples: int = 0  # of a use case; 0: one for each persona, or more
    cluster: str = ""  # where the job runs, "" for this machine


@contextmanager
def progress(watched: Watched, stream: TextIO | None = None) -> Iterator[None]:
    """Shows how far the job is on `stream` (standard error) while the block runs. Raises UsageError."""
    stream = stream or sys.stderr
    mode = mode_for(watched.mode, stream)
    pauses = pauses_of(mode)
    exporters = wanted_exporters()
    clear_board()
    if mode == NONE and not exporters:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="persona-hub-", ignore_cleanup_errors=True) as folder:
        os.environ[BOARD_VARIABLE] = folder
        board = Path(folder)
        try:
            # Bars end before the last export, which may have failures to tell on the same terminal.
            with (
                exported(exporters, finder_of(watched), watched.store, board),
                progress_shown(watched, mode, pauses, board, stream),
            ):
                yield
        finally:
            os.environ.pop(BOARD_VARIABLE, None)


@contextmanager
def progress_shown(
    watched: Watched, mode: str, pauses: tuple[float, float], board: Path, stream: TextIO
) -> Iterator[None]:
    """Shows the facts, by a thread of its own, while the block runs."""
    if mode == NONE:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=watch, args=(watched, mode, pauses, board, stream, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def finder_of(watched: Watched) -> FactFinder:
    """What makes facts of the job."""
    return FactFinder(watched.budget, watched.cluster, watched.most_samples)


def mode_for(wanted: str, stream: TextIO) -> str:
    """How progress is shown on a stream: bars need a terminal that can move its cursor."""
    if wanted not in (AUTO, BAR):
        return wanted
    return BAR if stream.isatty() and os.environ.get("TERM") != "dumb" else PLAIN


def pauses_of(mode: str) -> tuple[float, float]:
    """Seconds to the first showing, and from one to the next. Raises UsageError for what the environment says."""
    said = os.environ.get(SECONDS_VARIABLE, "")
    if not said:
        return FIRST_SECONDS.get(mode, 0.0), EVERY_SECONDS.get(mode, 0.0)
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_SECONDS:
        raise UsageError(f"{SECONDS_VARIABLE}={said}: must be a number of seconds, up to {LONGEST_SECONDS:.0f}")
    return seconds if mode == PLAIN else FIRST_SECONDS.get(mode, 0.0), seconds


def watch(
    watched: Watched, mode: str, pauses: tuple[float, float], board: Path, stream: TextIO, over: threading.Event
) -> None:
    """Shows the facts again and again until `over`, and once more then."""
    started = time.monotonic()
    reader = SpendReader(watched.store)
    finder = finder_of(watched)

    def facts() -> Facts:
        return finder.facts(time.monotonic() - started, read_board(board), reader.stored)

    first, pause = pauses
    with suppress(OSError, ValueError), showing(mode, stream) as show:  # a stream that is closed ends the showing alone
        begun = False
        while not over.wait(pause if begun else first):
            show(facts(), False)
            begun = True
        reader.close()
        if begun or mode == JSON:  # a job that ended before its first line has told all there is in its summary
            show(facts(), True)
    over.wait()
    reader.close()


@contextmanager
def showing(mode: str, stream: TextIO) -> Iterator[Show]:
    """The way to show facts in a mode."""
    if mode == BAR:
        with Bars(stream) as bars:
            yield lambda facts, _: bars.show(facts)
        return
    line = json_line if mode == JSON else plain_line

    def write(facts: Facts, ended: bool) -> None:
        say(line(facts, ended), file=stream, flush=True)

    yield write
