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
from io import BufferedWriter
from typing import BinaryIO, NamedTuple, cast

from apache_beam.io.filesystem import CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.access import FAR, bucket_and_name, require_client, scheme_of
from persona_hub.transforms.files.gcs import settle_credentials
from persona_hub.transforms.files.hdfs import match_hdfs
from persona_hub.transforms.files.s3 import S3File, client_of, settings_of, share_client
from persona_hub.transforms.records import excerpt

READ_THREADS = 16  # small files which are read at once
WRITE_BUFFER = 1 << 20  # bytes


class StorageError(OSError):
    """A file that cannot be written; the message names it, what the storage said, and the remedy."""


class TooLargeError(InvalidInputError):
    """A file that is larger than one of its kind can be; the message names it."""


class StoredFile(NamedTuple):
    """A file in a listing."""

    path: str
    size: int  # bytes
    modified: float  # seconds since 1970; 0 where the storage does not tell


def set_storage_options(options: PipelineOptions) -> None:
    """Has this process use storages with these options of Beam; the workers of a job have them from Beam."""
    FileSystems.set_options(options)


def storage_options() -> PipelineOptions | None:
    """The options of Beam by which this process uses storages, None where none were set."""
    return FileSystems._pipeline_options


def files_of(path: str) -> type[FileSystems]:
    """FileSystems, made ready for the storage of `path`. Raises AccessError where its client is not installed."""
    require_client(path)
    if scheme_of(path) == "gs":
        settle_credentials()
    if scheme_of(path) == "s3":
        share_client()
    if FileSystems._pipeline_options is None:  # S3 and HDFS ask for some
        FileSystems.set_options(PipelineOptions([]))
    return FileSystems


@contextmanager
def client_errors(path: str) -> Iterator[None]:
    """What the client of a far storage raises inside becomes a StorageError that names `path`."""
    try:
        yield
    except (OSError, InvalidInputError):
        raise
    except Exception as error:  # each client raises its own
        if scheme_of(path) not in FAR:
            raise
        raise StorageError(f"{path}: cannot be used ({excerpt(str(error))})") from error


def is_local(path: str) -> bool:
    """Whether `path` is on a disk of this machine."""
    return FileSystems.get_scheme(path) is None


def join_path(folder: str, *parts: str) -> str:
    """The path of something in `folder`."""
    require_client(folder)
    return FileSystems.join(folder, *parts)


def split_path(path: str) -> tuple[str, str]:
    """(folder, name) of a path; a local folder is made absolute."""
    require_client(path)
    folder, name = FileSystems.split(path)
    return folder, name


def file_exists(path: str) -> bool:
    """Whether there is a file of this path."""
    if is_bucket(path):
        return False
    with client_errors(path):
        return bool(files_of(path).exists(path))


def has_folders(path: str) -> bool:
    """Whether the storage of `path` knows folders, as a disk and HDFS do; an object store has names only."""
    return bool(files_of(path).get_filesystem(path).has_dirs())


def make_folder(folder: str) -> None:
    """Makes a folder where the storage has such, unless it is there."""
    with suppress(OSError):  # another process may be first
        files_of(folder).mkdirs(folder)


def open_to_read(path: str) -> BinaryIO:
    """A file's bytes as they are stored, open for reading and seeking."""
    with client_errors(path):
        return files_of(path).open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def open_decompressed(path: str) -> BinaryIO:
    """A file's bytes, unpacked if its name ends as that of a compressed file; open for reading."""
    with client_errors(path):
        return files_of(path).open(path, compression_type=CompressionTypes.AUTO)


def open_to_write(path: str) -> BinaryIO:
    """A new file, open for writing. In an object store it appears when it is closed."""
    if scheme_of(path) == "s3":
        require_client(path)
        return cast(BinaryIO, BufferedWriter(S3File(client_of(settings_of(storage_options())), path), WRITE_BUFFER))
    return files_of(path).create(path, compression_type=CompressionTypes.UNCOMPRESSED)


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


def is_bucket(path: str) -> bool:
    """Whether a path names a bucket, and no file in it: of that Beam's clients would ask again and again."""
    return scheme_of(path) in ("gs", "s3") and not bucket_and_name(path)[1]


def match(pattern: str) -> Iterable[FileMetadata]:
    """What one glob pattern names."""
    files = files_of(pattern)
    if is_bucket(pattern):
        return []
    return match_hdfs(pattern) if scheme_of(pattern) == "hdfs" else files.match([pattern])[0].metadata_list


def list_files(*patterns: str) -> list[StoredFile]:
    """The files that glob patterns name, pattern by pattern, sorted by path; on HDFS folders too, with a size of 0.

    Raises BeamIOError, which is an OSError, where a folder that the storage would have to list is not there.
    """
    with client_errors(", ".join(patterns)):
        matched = [match(pattern) for pattern in patterns]
    return [
        StoredFile(file.path, file.size_in_bytes, file.last_updated_in_seconds)
        for files in matched
        for file in sorted(files, key=lambda file: file.path)
    ]


def list_paths(*patterns: str) -> list[str]:
    """The paths of `list_files`, in its order. Raises what that does."""
    return [file.path for file in list_files(*patterns)]


def files_in(folder: str) -> list[tuple[str, int]]:
    """(name, bytes) of the files that lie in a folder itself; none where there is no folder."""
    if is_local(folder):
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            return sorted((entry.name, entry.stat().st_size) for entry in entries if entry.is_file())
        return []
    with suppress(OSError):  # a storage that knows folders, and has not this one
        return [(split_path(file.path)[1], file.size) for file in list_files(join_path(folder, "*"))]
    return []


def delete_file(path: str) -> None:
    """Deletes a file; on this machine the one of this very name, where Beam would delete all that a "*" in it names."""
    if is_local(path):
        os.remove(path)
    else:
        with client_errors(path):
            files_of(path).delete([path])


def delete_files(paths: Iterable[str]) -> None:
    """Deletes files, with few calls where the storage can delete many in one."""
    paths = list(paths)
    for path in filter(is_local, paths):
        delete_file(path)
    if far := [path for path in paths if not is_local(path)]:
        with client_errors(far[0]):
            files_of(far[0]).delete(far)


def delete_quietly(paths: Iterable[str]) -> None:
    """Deletes what there is of `paths`, and goes on where that cannot be done."""
    for path in paths:
        with suppress(OSError):
            if file_exists(path):
                delete_file(path)


def rename_file(path: str, new: str) -> None:
    """Gives a file another path, on the same storage."""
    with client_errors(new):
        files_of(path).rename([path], [new])
