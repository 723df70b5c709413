"""Files which are written whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from persona_hub.transforms.files.atomic import whole_file, write_bytes
from persona_hub.transforms.files.storage import StorageError


def test_a_file_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    with whole_file(str(tmp_path), "t.avro") as file:
        file.write(b"some")
        [unfinished] = tmp_path.iterdir()
        assert unfinished.name.startswith("_part-")
    assert [found.name for found in tmp_path.iterdir()] == ["t.avro"]
    assert (file.name, file.bytes) == ("t.avro", 4)


def test_a_name_may_hold_the_hash_of_the_content(tmp_path: Path) -> None:
    digest = hashlib.blake2b(b"some", digest_size=6).hexdigest()
    for _ in range(2):
        with whole_file(str(tmp_path), lambda digest: f"t-{digest}") as file:
            file.write(b"so")
            file.write(b"me")
        assert [found.name for found in tmp_path.iterdir()] == [file.name] == [f"t-{digest}"]


def test_a_file_that_fails_half_way_is_not_there(tmp_path: Path) -> None:
    def half() -> None:
        with whole_file(str(tmp_path), "t.avro") as file:
            file.write(b"half")
            raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        half()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match=rf"^{tmp_path}/t/f: cannot be written \(.*; see that there is room"):
        whole_file(str(tmp_path / "t"), "f").__enter__()


def test_a_small_file_is_replaced(tmp_path: Path) -> None:
    for data in (b"one", b"two"):
        write_bytes(str(tmp_path / "a" / "b"), data)
        assert [(file.name, file.read_bytes()) for file in (tmp_path / "a").iterdir()] == [("b", data)]
