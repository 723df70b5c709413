"""Pools of Beam workers behind one door.

A pool stands for the sidecar of a task manager. On Kubernetes each task manager finds its own at localhost; here all
would, so a door at one address lets their calls through to the pools in turn.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from tests.cluster.door import Door
from tests.cluster.processes import Process, free_ports, kill, listens, start, wait_until
from tests.helpers.places import ROOT


class Pools:
    """Worker pools that come and go."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.door = Door()
        self.address = f"localhost:{self.door.port}"
        self.running: dict[int, Process] = {}  # by port, the oldest first

    def start(self, number: int = 1) -> None:
        """So many more, ready for workers."""
        path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"  # the pool starts plain `python`
        ports = free_ports(number)
        for port in ports:
            module = "apache_beam.runners.worker.worker_pool_main"
            command = [sys.executable, "-m", module, f"--service_port={port}"]
            self.running[port] = start(command, self.folder / f"pool-{port}.log", PATH=path, PYTHONPATH=str(ROOT))
        for port in ports:
            wait_until(partial(listens, port), f"worker pool at {port}")
            self.door.open_to(port)

    def with_workers(self) -> int:
        """In how many of the pools there were workers so far."""
        logs = [self.folder / f"pool-{port}.log" for port in self.running]
        return sum(b"Starting worker" in log.read_bytes() for log in logs)

    def kill_one(self) -> None:
        """The oldest, and its workers with it."""
        port = next(iter(self.running))
        self.door.shut(port)
        kill(self.running.pop(port))

    def close(self) -> None:
        """Ends all."""
        self.door.close()
        for process in self.running.values():
            kill(process)
