"""Ten thousand hostile programs, and what the sandbox costs a program that means no harm.

python -m benchmarks.sandbox [PROGRAMS]. The programs are of 19 families, in `tests/material/hostile/programs.py`,
each with 0.1 s and 16 MB. Bait lies out for those that get out: a file, a variable of the environment, a port. Overhead
is the median time of a program of five lines in the sandbox, beside that of `exec` in this process and of a new
`python -I`, measured in turns.

On two busy cores: a plain program takes 0.196 ms, 2.6 times as long as by `exec` in the process (0.075 ms) and a 850th
of a new `python -I` (167 ms). 10,000 hostile programs in 384 s: none got out, none went over its time by 1 s (longest
0.46 s), no plain program after one was harmed, no crash was left without its fault, and the process grew by 9 MB.
"""

from __future__ import annotations

import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from persona_hub.transforms.sandbox.pool import POOL
from persona_hub.transforms.sandbox.sandbox import Limits, run_program
from tests.material.hostile.programs import FAMILIES, Bait, hostile_programs

PROGRAMS = 10_000
LIMITS = Limits(seconds=0.1, memory_mb=16)
SECRET = "canary-7f3a"
PLAIN = "total = 0\nfor n in range(10):\n    total += n * n\nanswer = total\nprint(answer)"
PLAIN_ANSWER = "285\n"


def hostile(count: int) -> None:
    """Runs the programs and prints what became of them."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        secret = Path(folder) / "secret.txt"
        secret.write_text(SECRET)
        os.environ["PERSONA_HUB_BAIT"] = SECRET
        POOL.close()
        faults: Counter[str] = Counter()
        seconds, harmed, escaped = [], 0, 0
        begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _, program in hostile_programs(count, Bait(str(secret), "PERSONA_HUB_BAIT", server.getsockname()[1])):
            start = time.perf_counter()
            run = run_program(program, LIMITS)
            seconds.append(time.perf_counter() - start)
            faults[run.fault or "none"] += 1
            escaped += SECRET in run.output + run.detail
            if run.fault not in ("", "syntax-error"):
                harmed += run_program(PLAIN).output != PLAIN_ANSWER
        wall = time.perf_counter() - begun
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        escaped += sorted(path.name for path in Path(folder).iterdir()) != ["secret.txt"]
        escaped += secret.read_text() != SECRET
        try:
            server.accept()
            escaped += 1
        except BlockingIOError:
            pass
    over = sum(one > LIMITS.seconds + 1 for one in seconds)
    print(f"{count:,} programs of {len(FAMILIES)} families in {wall:.0f} s: {escaped} escaped, {over} over time by 1 s")
    print(f"longest {max(seconds):.2f} s (limit {LIMITS.seconds:g} s); plain programs harmed after one: {harmed}")
    print(f"this process grew by {grown:.0f} MB; faults: {dict(faults.most_common())}")


def overhead(rounds: int = 2000) -> None:
    """Prints the median cost of a plain program, in the sandbox and elsewhere."""

    def bare() -> None:
        exec(PLAIN, {"print": lambda *_: None})

    def process() -> None:
        subprocess.run([sys.executable, "-I", "-c", PLAIN], capture_output=True, check=True)

    def sandboxed() -> None:
        assert run_program(PLAIN).output == PLAIN_ANSWER

    ways: dict[str, tuple[Callable[[], None], int]] = {
        "sandbox": (sandboxed, rounds),
        "exec in this process": (bare, rounds),
        "a new python -I": (process, rounds // 50),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds):
        for name, (way, times) in ways.items():
            if turn % (rounds // times) == 0:
                start = time.perf_counter()
                way()
                taken[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    for name, median in medians.items():
        print(f"{name}: median {1e3 * median:.3f} ms, the sandbox's is {medians['sandbox'] / median:.2f} of it")


if __name__ == "__main__":
    overhead()
    hostile(int(sys.argv[1]) if len(sys.argv) > 1 else PROGRAMS)
