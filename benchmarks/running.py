"""What a run took: seconds, CPU, and how long its busiest thread ran, or waited for a core that others used."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOOK_SECONDS = 0.1


@dataclass
class Run:
    """What a run took, in seconds; `load`: of the machine, mean of the last minute at the end."""

    seconds: float = 0.0
    cpu: float = 0.0
    busiest_ran: float = 0.0
    busiest_waited: float = 0.0  # ready to run, while others had the cores
    load: float = 0.0


@contextmanager
def measured() -> Iterator[Run]:
    run, done = Run(), threading.Event()
    begin, seen = threads(os.getpid()), dict[str, tuple[float, float]]()

    def look() -> None:  # threads that end take their figures with them
        while not done.wait(LOOK_SECONDS):
            seen.update(threads(os.getpid()))

    looking = threading.Thread(target=look)
    looking.start()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield run
    finally:
        run.seconds, run.cpu = time.perf_counter() - wall, time.process_time() - cpu
        seen.update(threads(os.getpid()))
        done.set()
        looking.join()
        ran, waited = busiest(begin, seen)
        run.busiest_ran, run.busiest_waited, run.load = ran, waited, os.getloadavg()[0]


def threads(process: int) -> dict[str, tuple[float, float]]:
    """(seconds run, seconds ready and waiting for a core) of each thread so far, as the kernel has counted."""
    found = {}
    for path in Path(f"/proc/{process}/task").glob("*/schedstat"):
        try:
            ran, waited, _ = path.read_text().split()
        except OSError:  # it has ended
            continue
        found[path.parent.name] = int(ran) / 1e9, int(waited) / 1e9
    return found


def busiest(begin: dict[str, tuple[float, float]], end: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """Seconds run and waited since `begin`, of the thread for which that is most."""
    spans = []
    for name, (ran, waited) in end.items():
        ran_before, waited_before = begin.get(name, (0.0, 0.0))
        spans.append((ran - ran_before, waited - waited_before))
    return max(spans, key=sum)


def prompts(n: int, word: str = "page") -> list[str]:
    """Questions of about 130 tokens."""
    return [f"Who reads {word} {i}? {'It is about boats. ' * 25}" for i in range(n)]
