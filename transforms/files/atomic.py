"""Files which are written whole or not at all: no reader ever sees half of one."""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from persona_hub.transforms.files.access import scheme_of
from persona_hub.transforms.files.hdfs import replace_hdfs_file
from persona_hub.transforms.files.storage import (
    delete_file,
    delete_quietly,
    file_exists,
    has_folders,
    is_local,
    join_path,
    open_to_write,
    rename_file,
    split_path,
    write_errors,
)

UNFINISHED = "_part-"  # begins the names of files that are being written; readers of folders skip a leading "_"


class HashingWriter(io.RawIOBase):
    """A file that is written from its beginning to its end; counts its bytes and hashes them on the way."""

    def __init__(self, handle: BinaryIO, path: str):
        super().__init__()
        self.handle, self.path = handle, path  # the path is for errors
        self.digest, self.bytes = hashlib.blake2b(digest_size=6), 0
        self.name = ""  # of the finished file, without its folder

    def write(self, data: Any) -> int:
        """Passes `data` on. Raises StorageError."""
        self.digest.update(data)
        with write_errors(self.path):
            self.handle.write(data)
        self.bytes += len(data)
        return len(data)

    def writable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Bytes written."""
        return self.bytes


@contextmanager
def whole_file(folder: str, name: str | Callable[[str], str]) -> Iterator[HashingWriter]:
    """A new file in `folder`, which gets its name when the block ends, and is gone if that fails.

    `name` may be a function of the content's hash (12 hex digits); a file of such a name that is there already is the
    same file, and stays. Raises StorageError, and what the block raises.
    """
    unfinished = join_path(folder, f"{UNFINISHED}{uuid.uuid4().hex}")
    path = join_path(folder, name if isinstance(name, str) else name("*"))  # as errors name it
    try:
        with write_errors(path):
            handle = open_to_write(unfinished)
        file = HashingWriter(handle, path)
        try:
            yield file
        except BaseException:
            with suppress(Exception):  # the first error is the one to report
                handle.close()
            raise
        with write_errors(path):
            if is_local(unfinished):
                handle.flush()
                os.fsync(handle.fileno())
            handle.close()
            file.name = name if isinstance(name, str) else name(file.digest.hexdigest())
            _finish(unfinished, join_path(folder, file.name), keep=not isinstance(name, str))
    except BaseException:
        delete_quietly([unfinished])
        raise


def _finish(unfinished: str, path: str, keep: bool) -> None:
    """Moves a complete file to `path`; a file that is there stays, or is replaced."""
    there = file_exists(path)
    if there and keep:
        delete_file(unfinished)
        return
    if there and scheme_of(path) == "hdfs":
        replace_hdfs_file(unfinished, path)
        return
    if there and not is_local(path):  # only a local disk is sure to rename onto a file
        delete_file(path)
    rename_file(unfinished, path)


def write_bytes(path: str, data: bytes) -> None:
    """A small file, replaced as a whole: a reader sees the old one or the new one."""
    if not is_local(path) and not has_folders(path):  # an object appears when it is closed
        with open_to_write(path) as handle:
            handle.write(data)
        return
    if not is_local(path):  # a file system does not write onto a file
        folder, name = split_path(path)
        with whole_file(folder, name) as whole:
            whole.write(data)
        return
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{UNFINISHED}{file.name}-{uuid.uuid4().hex}")
    with unfinished.open("wb") as local:
        local.write(data)
        local.flush()
        os.fsync(local.fileno())
    unfinished.replace(file)
