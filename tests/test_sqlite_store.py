"""What is SQLite's own, beside the contract of every response store."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from tests.test_response_store import KEY, put
from transforms.store import sqlite
from transforms.store.protocol import StoreError
from transforms.store.registry import open_store


def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    path.write_bytes(b"not a database at all, but long enough to be read as one" * 100)
    with pytest.raises(StoreError, match=r"responses\.sqlite: file is not a database; .* --response_store"):
        open_store(f"sqlite:{path}")


def test_a_truncated_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    fill(path, 2000)
    path.write_bytes(path.read_bytes()[:8192])
    with pytest.raises(StoreError, match=r"responses\.sqlite"):
        open_store(f"sqlite:{path}").get_many([i.to_bytes(16, "big") for i in range(2000)])


def test_a_flipped_bit_never_gives_a_wrong_answer(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    fill(path, 200)
    whole = path.read_bytes()
    for place in range(5000, len(whole), 997):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            store = open_store(f"sqlite:{path}")
            found = store.get_many([i.to_bytes(16, "big") for i in range(200)])
        except StoreError:
            continue
        assert all(value == text_of(int.from_bytes(key, "big")) for key, value in found.items())
        store.close()


def text_of(i: int) -> bytes:
    return f"answer {i} ".encode() * 20


def fill(path: Path, n: int) -> None:
    store = open_store(f"sqlite:{path}")
    store.commit([put(i.to_bytes(16, "big"), text_of(i)) for i in range(n)])
    store._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[attr-defined]
    store.close()


@pytest.mark.parametrize(
    ("pragma", "words"),
    [("user_version=7", "version 7 of the format"), ("application_id=9", "some other program's database")],
)
def test_another_version_or_program_is_refused(tmp_path: Path, pragma: str, words: str) -> None:
    path = tmp_path / "responses.sqlite"
    fill(path, 1)
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA {pragma}")
    with pytest.raises(StoreError, match=words):
        open_store(f"sqlite:{path}")


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE users(name)")
    with pytest.raises(StoreError, match="some other program's database"):
        open_store(f"sqlite:{path}")
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("users",)]


def test_a_store_does_not_cross_a_fork(tmp_path: Path) -> None:
    store = open_store(f"sqlite:{tmp_path}/responses.sqlite")
    child = os.fork()
    if child == 0:
        try:
            store.get_many([KEY])
        except StoreError:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_the_mark_of_the_format_is_the_one_that_files_out_there_have() -> None:
    assert (sqlite.APPLICATION, sqlite.SCHEMA_VERSION) == (0x50484252, 1)
