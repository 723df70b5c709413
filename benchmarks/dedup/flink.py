"""`dedup` on a real Flink cluster of this machine, beside the FnApiRunner on the same rows in the same run.

    PERSONA_HUB_DATA=DIR python -m benchmarks.dedup.flink [--rows 300000] [--task_heap_mb 1024] [--times 3]
        [--folder DIR]

Two task managers of two slots, a pool of workers for each (tests/cluster). Wall seconds of the whole command, what was
kept, and the highest memory of a task manager. Fails if one ran out of memory, or if the two runners differ in one row.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.cluster.flink import Cluster
from tests.cluster.processes import Process
from tests.helpers.dedup import timed
from tests.material.rows import write_rows


def highest(processes: list[Process]) -> float:
    """The highest resident memory in MB that one of some living processes had."""
    statuses = [Path(f"/proc/{process.pid}/status").read_text() for process in processes]
    return max(int(line.split()[1]) for text in statuses for line in text.splitlines() if "VmHWM" in line) / 1e3


def main() -> None:
    """Prints one line for each runner."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--task_heap_mb", type=int, default=1024)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="persona-hub-flink-"))
    folder.mkdir(parents=True, exist_ok=True)
    rows = write_rows("even", options.rows, folder / f"even{options.rows}.jsonl")
    direct, here = timed(rows, folder / "direct", [])
    flink = []
    with Cluster(folder / "cluster", task_heap_mb=options.task_heap_mb) as cluster:
        for i in range(options.times):
            seconds, there = timed(rows, folder / f"flink-{i}", cluster.flags())
            assert not cluster.out_of_memory(), cluster.out_of_memory()
            assert there == here, {kind: len(set(there[kind]) ^ set(here[kind])) for kind in here}
            flink.append(seconds)
        task_manager = highest(cluster.task_managers)
    times = ", ".join(f"{seconds:.1f}" for seconds in flink)
    print(f"{options.rows:,} rows; {len(here['kept']):,} kept and {len(here['dropped']):,} dropped by both, row by row")
    print(f"FnApiRunner   {direct:7.1f} s")
    print(
        f"Flink         {min(flink):7.1f} s ({times}), {min(flink) / direct:.1f} x; task managers of "
        f"{options.task_heap_mb} MB task heap reached {task_manager:,.0f} MB resident, none ran out of memory"
    )


if __name__ == "__main__":
    main()
