"""Spill: on one machine the large values of a shuffle lie in files, and what travels is the place where they lie.

The FnApiRunner holds what is shuffled in memory, up to twice while it groups, and copies it several times on its way.
Other runners have a shuffle of their own; there nothing is spilled.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = "PERSONA_HUB_SPILL"  # of the environment, so that worker processes inherit it
LEAST_BYTES = (
    4 << 10
)  # below it a write and a read cost more than the copies; of many rows most values are just above it


@dataclass(frozen=True)
class Place:
    """Where bytes lie."""

    path: str
    offset: int
    length: int


@dataclass
class Files:
    """The files of this process: one that it appends to, and those that it has read from."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    own: dict[str, tuple[str, int, int]] = field(default_factory=dict)  # {folder: (path, descriptor, length)}
    read: dict[str, int] = field(default_factory=dict)  # {path: descriptor}

    def close(self) -> None:
        """Forgets all of them."""
        for descriptor in (*(file[1] for file in self.own.values()), *self.read.values()):
            os.close(descriptor)
        self.own.clear()
        self.read.clear()


_files = Files()


@contextmanager
def spilling() -> Iterator[None]:
    """Values are spilled while this lasts, into a folder under TMPDIR that is gone at its end."""
    with tempfile.TemporaryDirectory(prefix="persona-hub-") as folder:
        before = os.environ.get(FOLDER)
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            os.environ.pop(FOLDER)
            if before is not None:
                os.environ[FOLDER] = before
            with _files.lock:
                _files.close()


def put(data: bytes) -> Place | None:
    """Where `data` lies from now on; None if it is small, if nothing is spilled, or if the disk is full."""
    folder = os.environ.get(FOLDER)
    if folder is None or len(data) < LEAST_BYTES:
        return None
    with _files.lock:
        if folder not in _files.own:
            descriptor, path = tempfile.mkstemp(dir=folder)
            _files.own[folder] = path, descriptor, 0
        path, descriptor, length = _files.own[folder]
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(descriptor, memoryview(data)[written:], length + written)
        except OSError:
            return None
        _files.own[folder] = path, descriptor, length + len(data)
    return Place(path, length, len(data))


def get(place: Place) -> bytes:
    """The bytes that `put` was given."""
    with _files.lock:
        if place.path not in _files.read:
            _files.read[place.path] = os.open(Path(place.path), os.O_RDONLY)
        descriptor = _files.read[place.path]
    return os.pread(descriptor, place.length, place.offset)
