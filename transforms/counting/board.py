"""The board: what the processes of a job on this machine have counted so far, for whoever shows its progress.

Any thread may count here at any time, while Beam's counters work on a bundle's own thread and reach the runner when the
bundle ends: a bundle of 2,000 questions would stand still for minutes. A process adds to a dictionary, and writes that
to a file of its own at most every POST_SECONDS.
"""

from __future__ import annotations

import atexit
import json
import os
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from weakref import WeakValueDictionary

BOARD_VARIABLE = "PERSONA_HUB_PROGRESS"  # folder in which the processes of a local job post their counts
POST_SECONDS = 0.5

Board = Counter[tuple[str, str]]  # (stage, name)

_board: Board = Counter()
_live: WeakValueDictionary[int, LiveCounts] = WeakValueDictionary()  # by object id
_lock = threading.Lock()
_timer: threading.Timer | None = None  # until the next post


class LiveCounts(Counter[str]):
    """Counts of one bundle that are on the board as soon as they are made: `counts["asked"] += 1`.

    Counting costs what it costs in a Counter, for the board looks here when it is read: a call is counted eight times,
    and telling the board each time took 50 µs of its 1.2 ms. `clear` leaves them to the board, once they are reported
    to the runner. Those of a bundle that fails go with it.
    """

    def __init__(self, stage: str):
        super().__init__()
        self.stage = stage
        with _lock:
            _live[id(self)] = self
            _post_soon()

    def clear(self) -> None:
        """Begins anew; the board keeps what was counted."""
        with _lock:
            for name, n in self.items():
                _board[self.stage, name] += n
            super().clear()


def add_to_board(stage: str, name: str, n: int = 1) -> None:
    """Adds `n` to the count `name` of a stage, from any thread."""
    with _lock:
        _board[stage, name] += n
        _post_soon()


def post(again: bool = True) -> None:
    """Writes this process's counts to the board's folder, if there is one, and then `again` while bundles count."""
    global _timer
    folder = os.environ.get(BOARD_VARIABLE)
    with _lock:
        _timer = None
        rows = [[stage, name, n] for (stage, name), n in _counted().items()]
        if folder and rows:
            file = Path(folder) / f"{os.getpid()}.json"
            with suppress(OSError):  # the job is over and its board gone
                file.with_suffix(".part").write_text(json.dumps(rows))
                file.with_suffix(".part").replace(file)
        if again and _live:
            _post_soon()


def read_board(folder: Path) -> Board:
    """Counts of all processes of the job: this one's as they are, the others' as last posted."""
    with _lock:
        total = _counted()
    for file in folder.glob("*.json"):
        if file.stem != str(os.getpid()):
            with suppress(OSError, ValueError):
                for stage, name, n in json.loads(file.read_text()):
                    total[stage, name] += n
    return total


def clear_board() -> None:
    """Forgets this process's counts: one job after another in a process, as in tests."""
    with _lock:
        _board.clear()
        _live.clear()


def _counted() -> Board:
    """All counts of this process; the lock is held."""
    total = Counter(_board)
    for counts in list(_live.values()):
        for name, n in dict(counts).items():  # a copy, which the bundle's thread cannot change while it is read
            total[counts.stage, name] += n
    return total


def _post_soon() -> None:
    """Posts in POST_SECONDS, where there is a folder and no post is due; the lock is held."""
    global _timer
    if _timer is None and os.environ.get(BOARD_VARIABLE):
        _timer = threading.Timer(POST_SECONDS, post)
        _timer.daemon = True
        _timer.start()


def _forget() -> None:
    """In a forked child: the counts and the timer's thread are the parent's."""
    global _lock, _timer
    _lock, _timer = threading.Lock(), None
    _board.clear()
    _live.clear()


atexit.register(post, again=False)
os.register_at_fork(after_in_child=_forget)
