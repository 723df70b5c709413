"""The progress line: what has been read, made, kept and lost while a job runs on this machine."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from persona_hub.transforms.counting.tally import BOARD_VARIABLE, clear_board, read_board

EVERY_SECONDS = 0.5
Board = Counter[tuple[str, str]]

# A step's work and how much of it there will be, by counters of the steps before it.
WORK = {
    "extract_persona": ("read_corpus", "documents"),
    "expand_persona": ("unique_personas", "unique"),
    "synthesize": ("embed_dedup", "kept"),
}


@contextmanager
def progress(stream: TextIO | None = None, cluster: str = "") -> Iterator[None]:
    """Shows a line on `stream` (standard error) while the block runs; nothing where `stream` is no terminal.

    What a job on a cluster counts is not known here: the line names the cluster instead.
    """
    stream = stream or sys.stderr
    clear_board()
    if not stream.isatty():
        yield
        return
    with tempfile.TemporaryDirectory(prefix="persona-hub-") as folder:
        os.environ[BOARD_VARIABLE] = folder
        over = threading.Event()
        thread = threading.Thread(target=show, args=(Path(folder), stream, over, cluster), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            os.environ.pop(BOARD_VARIABLE, None)


def show(folder: Path, stream: TextIO, over: threading.Event, cluster: str = "") -> None:
    """Writes the line again and again until `over`, then wipes it."""
    started = time.monotonic()
    before, now, rate = Counter[tuple[str, str]](), Counter[tuple[str, str]](), 0.0
    while not over.wait(EVERY_SECONDS):
        before, now = now, read_board(folder)
        stage = busiest(before, now)
        done = now[stage, "asked"] - before[stage, "asked"]
        rate = 0.7 * rate + 0.3 * done / EVERY_SECONDS
        seconds = time.monotonic() - started
        text = f"{clock(seconds)} · runs on {cluster}" if cluster else line(now, stage, rate, seconds)
        stream.write(f"\r\x1b[K{text[:119]}")
        stream.flush()
    stream.write("\r\x1b[K")
    stream.flush()


def busiest(before: Board, now: Board) -> str:
    """The step that counted most since the last look, "" if none did."""
    grown: Counter[str] = Counter()
    for (stage, _), n in (now - before).items():
        grown[stage] += n
    return grown.most_common(1)[0][0] if grown else ""


def line(board: Board, stage: str, rate: float, seconds: float) -> str:
    """One line: totals, then the step at work with its rate and, where it can be known, the time left in it."""
    kept = board["embed_dedup", "kept"] or board["unique_personas", "unique"]
    lost = sum(n for (_, name), n in board.items() if name == "lost")
    samples = sum(n for (step, name), n in board.items() if step.startswith("synthesize") and name == "answered")
    parts = [
        clock(seconds),
        f"{board['read_corpus', 'documents']:,} documents",
        f"{kept:,} personas",
        f"{samples:,} samples",
        f"{lost:,} lost",
    ]
    if stage:
        parts.append(f"{stage.replace('_', ' ')}{work(board, stage, rate)}")
    return " · ".join(parts)


def work(board: Board, stage: str, rate: float) -> str:
    """Share done, rate and time left of a step that asks a model; "" for another."""
    asked, total = (
        board[stage, "asked"],
        board[WORK.get(stage.partition("_")[0] if stage.startswith("synthesize_") else stage, ("", ""))],
    )
    if not asked:
        return ""
    text = f" {asked:,}"
    if total >= asked:
        text += f" of {total:,}"
    if rate >= 0.5:
        text += f", {rate:,.0f}/s"
        if total > asked:
            text += f", {clock((total - asked) / rate)} left"
    return text


def clock(seconds: float) -> str:
    """1:02:03 or 02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
