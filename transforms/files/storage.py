"""Paths, and files as they are stored: what Beam's FileSystems does, with the types and errors which we want.

No other module imports `apache_beam.io.filesystems`. A path without a scheme is one of this machine's. Bytes are read
and written as they are, whatever a file's name says: FileSystems by itself would unpack a "*.gz".

Functions raise the OSError of the storage, and those which write a StorageError, unless they say otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import BinaryIO, NamedTuple

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import excerpt

READ_THREADS = 16  # small files which are read at once


class StorageError(OSError):
    """A file that cannot be written; the message names it, what the storage said, and the remedy."""


class TooLargeError(InvalidInputError):
    """A file that is larger than one of its kind can be; the message names it."""


class StoredFile(NamedTuple):
    """A file in a listing."""

    path: str
    size: int  # bytes
    modified: float  # seconds since 1970; 0 where the storage does not tell


def is_local(path: str) -> bool:
    """Whether `path` is on a disk of this machine."""
    return FileSystems.get_scheme(path) is None


def join_path(folder: str, *parts: str) -> str:
    """The path of something in `folder`."""
    return FileSystems.join(folder, *parts)


def split_path(path: str) -> tuple[str, str]:
    """(folder, name) of a path; a local folder is made absolute."""
    folder, name = FileSystems.split(path)
    return folder, name


def file_exists(path: str) -> bool:
    """Whether there is a file of this path."""
    return FileSystems.exists(path)


def has_folders(path: str) -> bool:
    """Whether the storage of `path` knows folders, as a disk and HDFS do; an object store has names only."""
    return FileSystems.get_filesystem(path).has_dirs()


def make_folder(folder: str) -> None:
    """Makes a folder where the storage has such, unless it is there."""
    with suppress(OSError):  # another process may be first
        FileSystems.mkdirs(folder)


def open_to_read(path: str) -> BinaryIO:
    """A file's bytes as they are stored, open for reading and seeking."""
    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def open_decompressed(path: str) -> BinaryIO:
    """A file's bytes, unpacked if its name ends as that of a compressed file; open for reading."""
    return FileSystems.open(path, compression_type=CompressionTypes.AUTO)


def open_to_write(path: str) -> BinaryIO:
    """A new file, open for writing. In an object store it appears when it is closed."""
    return FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED)


@contextmanager
def write_errors(path: str) -> Iterator[None]:
    """What the storage raises inside becomes a StorageError that names `path`; some clients say only a number."""
    try:
        yield
    except Exception as error:  # each client raises its own
        status = getattr(getattr(error, "response", None), "status_code", None)
        said = f"HTTP {status}" if status else excerpt(str(error))
        raise StorageError(
            f"{path}: cannot be written ({said}); see that there is room and that the account may"
        ) from error


def read_bytes(path: str, most: int = -1) -> bytes:
    """All of a small file. Raises TooLargeError for one of more than `most` bytes; -1: of any size."""
    with open_to_read(path) as handle:
        if most < 0:
            return handle.read()
        data = handle.read(most + 1)
    if len(data) > most:
        raise TooLargeError(f"{path}: more than {most:,} bytes, which no file of its kind has; see what it is")
    return data


def read_files(paths: Iterable[str], most: int = -1) -> list[bytes]:
    """Small files in the order of `paths`, many at once: on storage that is far each costs a round trip or three."""
    with ThreadPoolExecutor(READ_THREADS) as pool:
        return list(pool.map(read_bytes if most < 0 else partial(read_bytes, most=most), paths))


def list_files(*patterns: str) -> list[StoredFile]:
    """The files that glob patterns name, pattern by pattern, sorted by path; on HDFS folders too, with a size of 0.

    Raises BeamIOError, which is an OSError, where a folder that the storage would have to list is not there.
    """
    return [
        StoredFile(file.path, file.size_in_bytes, file.last_updated_in_seconds)
        for result in FileSystems.match(list(patterns))
        for file in sorted(result.metadata_list, key=lambda file: file.path)
    ]


def list_paths(*patterns: str) -> list[str]:
    """The paths of `list_files`, in its order. Raises what that does."""
    return [file.path for file in list_files(*patterns)]


def delete_file(path: str) -> None:
    """Deletes a file; on this machine the one of this very name, where Beam would delete all that a "*" in it names."""
    if is_local(path):
        os.remove(path)
    else:
        FileSystems.delete([path])


def delete_files(paths: Iterable[str]) -> None:
    """Deletes files, with few calls where the storage can delete many in one."""
    paths = list(paths)
    for path in filter(is_local, paths):
        delete_file(path)
    if far := [path for path in paths if not is_local(path)]:
        FileSystems.delete(far)


def delete_quietly(paths: Iterable[str]) -> None:
    """Deletes what there is of `paths`, and goes on where that cannot be done."""
    for path in paths:
        with suppress(OSError):
            if file_exists(path):
                delete_file(path)


def rename_file(path: str, new: str) -> None:
    """Gives a file another path, on the same storage."""
    FileSystems.rename([path], [new])
