"""A Redis server for one test: its own port and folder, started, killed and started again at will."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 30.0


class RedisServer:
    """`redis-server` on loopback. Its files stay in `folder` when it is killed, as on a real machine."""

    def __init__(self, folder: Path, *options: str):
        self.folder, self.options = folder, options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"redis://127.0.0.1:{self.port}"
        self.ports = ["--port", str(self.port)]
        self.process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def installed() -> bool:
        """Whether this machine has one."""
        return shutil.which("redis-server") is not None

    def with_tls(self) -> RedisServer:
        """The same, to be started with TLS alone."""
        self.ports = ["--port", "0", "--tls-port", str(self.port)]
        return self

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Starts it and waits till it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", *self.ports, "--dir", str(self.folder),
             "--save", "", "--appendonly", "yes", "--appendfsync", "always", *self.options],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + START_SECONDS
        while not self._listens():
            assert self.process.poll() is None, "redis-server ended at once"
            assert time.monotonic() < until, "redis-server does not listen"
            time.sleep(0.01)

    def kill(self) -> None:
        """As `kill -9` does: no word to anyone, nothing flushed."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
