"""`-m persona_hub.transforms.llm.vllm_supervisor FOLDER PORT COMMAND...` runs one vLLM server while it is used.

A process of its own, so that the server outlives whichever worker came first, and ends when the last one has ended in
whatever way: users hold a shared lock on a file, which the system takes from a process that dies.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import IO, Any

STATE, USERS, LOG = "state.json", "users", "server.log"
STARTING, READY, FAILED = "starting", "ready", "failed"
WATCH_SECONDS = 0.2
IDLE, IDLE_SECONDS = "PERSONA_HUB_VLLM_IDLE", "10"  # without a user: a job's next step may open the model anew
RESTARTS = 3  # of a server that was ready; one that never was would fail again
END_SECONDS = 20.0


class VllmSupervisor:
    """One server: its process, and the file that says how it is."""

    def __init__(self, folder: Path, port: int, command: list[str]):
        self.folder, self.port, self.command = folder, port, command
        self.users = (folder / USERS).open("w")
        self.process: subprocess.Popen[bytes] | None = None
        self.state, self.restarts = "", 0
        self.idle = float(os.environ.get(IDLE, IDLE_SECONDS))

    def run(self) -> None:
        """Starts the server, watches it, ends it when nobody uses it any more."""
        self.start()
        used = time.monotonic()
        while True:
            time.sleep(WATCH_SECONDS)
            if not unused(self.users):
                used = time.monotonic()
            elif time.monotonic() - used < self.idle:
                fcntl.flock(self.users, fcntl.LOCK_UN)
            else:  # whoever comes now waits for the lock, and finds nothing there
                self.stop()
                (self.folder / STATE).unlink(missing_ok=True)
                return
            self.watch()

    def start(self) -> None:
        """Starts the server's process."""
        with (self.folder / LOG).open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  `vllm serve`, and what --vllm_args says
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "VLLM_LOGGING_LEVEL": "WARNING"},  # at "INFO" some versions log every prompt
            )
        self.report(STARTING)

    def watch(self) -> None:
        """Notes that the server is ready, or has ended; one that had been ready is started again."""
        if self.state == FAILED or self.process is None:
            return
        if self.process.poll() is None:
            if self.state == STARTING and healthy(self.port):
                self.report(READY)
        elif self.state == READY and self.restarts < RESTARTS:
            self.restarts += 1
            self.start()
        else:
            self.report(FAILED)

    def stop(self) -> None:
        """Ends the server's process."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def report(self, state: str) -> None:
        """Writes how the server is, for its users."""
        self.state = state
        code = self.process.poll() if self.process else None
        said = {"keeper": os.getpid(), "port": self.port, "state": state, "restarts": self.restarts, "exit": code}
        write_state(self.folder, said)


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Replaces the state file in one step."""
    part = folder / f"{STATE}.part"
    part.write_text(json.dumps(state))
    part.replace(folder / STATE)


def unused(users: IO[str]) -> bool:
    """Whether nobody uses the server; then this process holds the lock."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def healthy(port: int) -> bool:
    """Whether the server takes requests."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the job; the server ends after its users
    VllmSupervisor(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]).run()
