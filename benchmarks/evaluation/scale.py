"""`evaluate` of large hubs, a tenth of the personas and all: CPU, memory of each process, size of what it writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.evaluation.made_hub import make_hub, make_samples

LOOK_SECONDS = 0.1


def descendants(process: int) -> list[int]:
    """A process and all that it started."""
    found = [process]
    for one in found:
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except OSError:  # it has ended
            continue
    return found


def peak_of(process: int) -> float:
    """The most memory that a process has held, GB; 0 of one that has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e6 for line in lines if line.startswith("VmHWM")), 0.0)


def measured(command: Sequence[str]) -> tuple[float, list[float]]:
    """(seconds of CPU of a command and all that it starts, the most memory of each of these processes, GB)."""
    running, peaks = subprocess.Popen(command, stdout=subprocess.DEVNULL), dict[int, float]()
    while True:
        for one in descendants(running.pid):
            peaks[one] = max(peaks.get(one, 0.0), peak_of(one))
        ended, status, usage = os.wait4(running.pid, os.WNOHANG)
        if ended:
            running.returncode = os.waitstatus_to_exitcode(status)
            break
        time.sleep(LOOK_SECONDS)
    assert running.returncode == 0, f"exit code {running.returncode}"
    return usage.ru_utime + usage.ru_stime, sorted(peaks.values(), reverse=True)


def scale(personas: int, samples: int, folder: Path, flags: Sequence[str]) -> None:
    """Prints a line for a tenth of the personas and for all."""
    folder.mkdir(parents=True, exist_ok=True)
    given = folder / f"samples-{samples}-of-{personas}"
    if samples and not given.exists():
        make_samples(given, samples, personas // 10)
    each = []
    for n in (personas // 10, personas):
        hub, output = folder / f"hub-{n}", folder / f"report-{n}"
        if not hub.exists():
            make_hub(hub, n)
        shutil.rmtree(output, ignore_errors=True)
        command = [sys.executable, "-m", "persona_hub", "evaluate", "--hub", str(hub), "--output", str(output)]
        beside = ["--samples", str(given)] if samples else []
        cpu, peaks = measured([*command, "--progress", "none", *beside, *flags])
        each.append(cpu / n)
        sizes = {name: (output / name).stat().st_size / 1e6 for name in ("index.html", "report.json")}
        print(
            f"{n:>9,} personas: {cpu:.0f} s of CPU, {1e3 * cpu / n:.3f} ms each; "
            f"processes of {', '.join(f'{one:.2f}' for one in peaks if one > 0.1)} GB; "
            + ", ".join(f"{name} {size:.2f} MB" for name, size in sizes.items()),
            flush=True,
        )
    print(f"ten times the personas: {each[1] / each[0]:.2f} x linear")
