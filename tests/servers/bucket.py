"""Filesystems that Beam finds by their scheme: this machine's disk as bucket:///path, like gs://, and as tree:///path.

Beam finds them among the subclasses of FileSystem, so importing this module is enough.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from typing import Any

from apache_beam.io.filesystem import BeamIOError, FileMetadata
from apache_beam.io.localfilesystem import LocalFileSystem


class Bucket(LocalFileSystem):
    """This machine's disk as bucket:///path."""

    @classmethod
    def scheme(cls) -> str:
        return "bucket"

    def split(self, path: str) -> tuple[str, str]:
        return posixpath.split(path)

    def open(self, path: str, *settings: Any, **more: Any) -> Any:
        return super().open(path.removeprefix("bucket://"), *settings, **more)

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        for found in super()._list(dir_or_prefix.removeprefix("bucket://")):
            yield FileMetadata(f"bucket://{found.path}", found.size_in_bytes)

    def exists(self, path: str) -> bool:
        """Objects exist, folders do not (but where the listing walks the disk beneath)."""
        return os.path.isfile(path.removeprefix("bucket://")) if path.startswith("bucket://") else super().exists(path)

    def metadata(self, path: str) -> FileMetadata:
        return FileMetadata(path, os.path.getsize(path.removeprefix("bucket://")))


class Tree(Bucket):
    """As HDFS does: a directory exists, has no byte, and is listed among its neighbours, one level at a time."""

    @classmethod
    def scheme(cls) -> str:
        return "tree"

    def has_dirs(self) -> bool:
        return True

    def open(self, path: str, *settings: Any, **more: Any) -> Any:
        return super().open(path.removeprefix("tree://"), *settings, **more)

    def exists(self, path: str) -> bool:
        return os.path.exists(path.removeprefix("tree://"))

    def metadata(self, path: str) -> FileMetadata:
        local = path.removeprefix("tree://")
        return FileMetadata(path, 0 if os.path.isdir(local) else os.path.getsize(local))

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        local = dir_or_prefix.removeprefix("tree://")
        if not os.path.isdir(local):
            raise BeamIOError("List operation failed", {dir_or_prefix: "is no directory"})
        for name in sorted(os.listdir(local)):
            yield self.metadata(f"tree://{os.path.join(local, name)}")
