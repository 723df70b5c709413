"""Processes of a cluster on this machine: started on free ports of loopback, ended with the test run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

START_SECONDS = 120.0  # on a busy machine
WITH_ITS_PARENT = ["setpriv", "--pdeathsig", "KILL"]  # a test run that is killed leaves nothing behind
Process = subprocess.Popen[bytes]


def start(command: list[str], log: Path, **environment: str) -> Process:
    """A process in a group of its own, that logs to a file."""
    with open(log, "ab") as out:
        return subprocess.Popen(
            [*WITH_ITS_PARENT, *command], env={**os.environ, **environment},
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip


def kill(process: Process) -> None:
    """As `kill -9` does, to the process and all that it started, as when a container goes."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_ports(n: int) -> list[int]:
    """Ports of loopback that nobody has."""
    sockets = [socket.socket() for _ in range(n)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def listens(port: int) -> bool:
    """Whether someone does."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(true: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Waits; fails with the name of what did not come."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)
