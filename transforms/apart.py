"""A function of two texts in a process of its own, for each worker process, within bounds of seconds and memory.

A text on which a regular expression or a parser loses itself can be stopped by nothing else, and one on which the
parser crashes takes no worker along.
"""

from __future__ import annotations

import atexit
import importlib
import os
import resource
import selectors
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import BinaryIO

SIZES = struct.Struct("<II")  # bytes of the second text and of the first; of the answer, in the second place
START_SECONDS = 120.0  # for the function to be imported: 1 s on an idle machine
TEXTS_OF_A_PROCESS = 5000  # after which it is replaced: parsers keep caches that only grow
MOST_MEMORY = 1 << 30  # bytes of the other process; a page of 31 MB of plain paragraphs takes a third
FIRST_TEXT = "<html><body><p>A first page loads what is loaded late.</p></body></html>"


class ApartError(Exception):
    """No answer of the other process."""


class TooSlowError(ApartError):
    """The function took longer than it may; the process was ended."""


class CrashedError(ApartError):
    """The process ended while it was asked."""


class FailedError(ApartError):
    """The function raised an exception, whose name this has."""


class Apart:
    """A function of two texts that returns a text, run in the other process."""

    def __init__(self, function: str) -> None:
        self.function = function  # "package.module:name"
        self.process: _Process | None = None
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    def __call__(self, text: str, second: str, seconds: float) -> str:
        """The function's answer; raises TooSlowError after `seconds`, CrashedError or FailedError."""
        with self._lock:
            return self.ready().ask(text, second, seconds)

    def _forget(self) -> None:
        """In a fork: the process is its parent's, and so is who holds the lock."""
        self.process, self._lock = None, threading.Lock()

    def ready(self) -> _Process:
        """The other process, started if it is not there or has done enough."""
        if self.process is None or not self.process.usable:
            if self.process is not None:
                self.process.stop()
            self.process = _Process(self.function)
            atexit.register(self.process.stop)
        return self.process


class _Process:
    """The other process, seen from here."""

    def __init__(self, function: str) -> None:
        # A plain interpreter: a fork would copy the worker's threads' locks, `multiprocessing` its main module.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        command = [sys.executable, "-P", "-m", __name__, function]  # -P: no package of the working folder hides ours
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self.owner = os.getpid()
        self.texts = 0
        self._ready = False

    @property
    def usable(self) -> bool:
        """Whether it can be asked, by this process."""
        return self.owner == os.getpid() and self.process.poll() is None and self.texts < TEXTS_OF_A_PROCESS

    def ask(self, text: str, second: str, seconds: float) -> str:
        """See `Apart`."""
        assert self.process.stdin
        self.texts += 1
        try:
            if not self._ready:
                self._read(1, START_SECONDS)
                self._ready = True
            one, other = text.encode("utf-8", "replace"), second.encode("utf-8", "replace")
            self.process.stdin.write(SIZES.pack(len(other), len(one)) + other + one)
            self.process.stdin.flush()
            deadline = time.monotonic() + seconds
            failed, size = SIZES.unpack(self._read(SIZES.size, seconds))
            answer = self._read(size, max(1.0, deadline - time.monotonic())).decode("utf-8")
        except TimeoutError:
            self.stop()
            raise TooSlowError from None
        except (EOFError, OSError):
            self.stop()
            raise CrashedError from None
        if failed:
            raise FailedError(answer)
        return answer

    def stop(self) -> None:
        """Ends the process."""
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()

    def _read(self, size: int, seconds: float) -> bytes:
        """`size` bytes of the answer; raises TimeoutError after `seconds`, EOFError if the process ends."""
        assert self.process.stdout
        deadline = time.monotonic() + seconds
        data = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while len(data) < size:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                part = os.read(self.process.stdout.fileno(), size - len(data))
                if not part:
                    raise EOFError
                data += part
        return data


def serve(function: Callable[[str, str], str], stdin: BinaryIO, stdout: BinaryIO) -> None:
    """Answers texts until the worker is gone."""
    function(FIRST_TEXT, "")
    stdout.write(b"!")
    stdout.flush()
    while len(sizes := stdin.read(SIZES.size)) == SIZES.size:
        other, one = SIZES.unpack(sizes)
        second = stdin.read(other).decode("utf-8")
        text = stdin.read(one).decode("utf-8")
        failed = 0
        try:
            answer = function(text, second)
        except Exception as error:
            failed, answer = 1, type(error).__name__
        data = answer.encode("utf-8", "replace")
        stdout.write(SIZES.pack(failed, len(data)) + data)
        stdout.flush()


if __name__ == "__main__":
    module, _, name = sys.argv[1].partition(":")
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    # What a parser prints must not get between the answers.
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    serve(getattr(importlib.import_module(module), name), sys.stdin.buffer, answers)
