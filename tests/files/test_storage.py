"""Paths, and files as they are stored, on a local disk and elsewhere."""

from __future__ import annotations

import gzip
import threading
from pathlib import Path

import pytest

import tests.servers.bucket  # noqa: F401 - Beam finds filesystems among the subclasses that are imported
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import (
    delete_file,
    delete_quietly,
    file_exists,
    is_local,
    join_path,
    list_files,
    list_paths,
    open_decompressed,
    open_to_read,
    open_to_write,
    read_bytes,
    read_files,
    split_path,
)


def test_a_path_without_a_scheme_is_local() -> None:
    assert all(map(is_local, ["/a/b", "a", "a/b.gz", "./a:b"]))
    assert not any(map(is_local, ["gs://b/a", "hdfs://a", "s3://b/a", "bucket://a"]))


@pytest.mark.parametrize("folder", ["/a/b", "bucket:///a"])
def test_a_path_is_split_where_it_was_joined(folder: str) -> None:
    assert split_path(join_path(folder, "c")) == (folder, "c")
    assert join_path(folder, "c", "d") == f"{folder}/c/d"


@pytest.mark.parametrize("scheme", ["", "bucket://"])
def test_files_are_listed_with_their_size_pattern_by_pattern(tmp_path: Path, scheme: str) -> None:
    for name in ("b2", "b1", "a"):
        (tmp_path / name).write_text(name)
    here = f"{scheme}{tmp_path}"
    assert [(file.path, file.size) for file in list_files(f"{here}/b*")] == [(f"{here}/b1", 2), (f"{here}/b2", 2)]
    assert list_paths(f"{here}/b*", f"{here}/a*") == [f"{here}/b1", f"{here}/b2", f"{here}/a"]
    assert list_paths(f"{here}/c*") == []


def test_bytes_are_read_as_they_are_stored_whatever_the_name_says(tmp_path: Path) -> None:
    path, packed = str(tmp_path / "a.gz"), gzip.compress(b"some text")
    with open_to_write(path) as file:
        file.write(packed)
    with open_to_read(path) as file:
        assert file.read() == packed == read_bytes(path)
    with open_decompressed(path) as file:
        assert file.read() == b"some text"


def test_what_cannot_be_deleted_quietly_is_left(tmp_path: Path) -> None:
    path = str(tmp_path / "a")
    write_bytes(path, b"")
    delete_quietly([str(tmp_path / "b"), path])
    assert not file_exists(path)
    with pytest.raises(OSError, match="a"):
        delete_file(path)


def test_small_files_are_read_in_order_and_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [str(tmp_path / f"{i}") for i in range(8)]
    for path in paths:
        write_bytes(path, path.encode())
    together = threading.Barrier(len(paths), timeout=30)

    def read(path: str) -> bytes:
        together.wait()  # breaks unless all are being read
        return read_bytes(path)

    monkeypatch.setattr("persona_hub.transforms.files.storage.read_bytes", read)
    assert read_files(paths) == [path.encode() for path in paths]
    assert read_files([]) == []
