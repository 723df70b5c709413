"""Google's emulator of Bigtable for one test session: built once by Go, started on a free port of loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

MODULE, VERSION = "cloud.google.com/go/bigtable/cmd/emulator", "v1.58.0"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "persona-hub"
PROGRAM = CACHE / f"bigtable-emulator-{VERSION}"
BUILD_SECONDS, START_SECONDS = 900.0, 30.0


class BigtableServer:
    """The emulator, all of it in memory. Clients find it by BIGTABLE_EMULATOR_HOST."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Starts it, with nothing in it, and waits till it listens."""
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + START_SECONDS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, "the emulator ended at once"
            assert time.monotonic() < until, "the emulator does not listen"
            time.sleep(0.01)

    def command(self) -> list[str]:
        """Its program with its flags."""
        return [str(PROGRAM), "-host", "127.0.0.1", "-port", str(self.port)]

    def kill(self) -> None:
        """Ends it."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


def build(module: str = MODULE, version: str = VERSION, program: Path = PROGRAM) -> str:
    """Builds an emulator where it is not yet; what went wrong, "" if nothing did."""
    if program.exists():
        return ""
    if not shutil.which("go"):
        return "Go is not installed on this machine"
    folder = CACHE / f"build-{os.getpid()}"
    environment = {**os.environ, "GOBIN": str(folder), "GOFLAGS": "-mod=mod"}
    try:
        done = subprocess.run(
            ["go", "install", f"{module}@{version}"],
            env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS,
        )  # fmt: skip
        if done.returncode:
            return f"the emulator does not build: {done.stderr.strip().splitlines()[-1:]}"
        (folder / module.rpartition("/")[2]).replace(program)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return ""


if __name__ == "__main__":
    sys.exit(build() or None)
