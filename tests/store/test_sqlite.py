"""What is SQLite's own, beside the contract of every response store."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from persona_hub.transforms.store import sqlite_file
from persona_hub.transforms.store.protocol import Put, Renew, Spend, StoreAway, StoreError, pack_value
from persona_hub.transforms.store.registry import open_store
from persona_hub.transforms.store.sqlite import SqliteStore
from tests.helpers.stores import KEY, put


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
    assert (sqlite_file.APPLICATION, sqlite_file.SCHEMA_VERSION) == (0x50484252, 3)


WORDS = b"words that shall be gone " * 20


def bytes_of(path: Path) -> bytes:
    """All files of a store."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def test_no_byte_of_what_was_erased_is_left_in_any_file(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    store = open_store(f"sqlite:{path}")
    packed = pack_value(KEY, WORDS)
    keys = [i.to_bytes(16, "big") for i in range(300)]
    store.commit([Put(key, key * 40, "extract", Spend(), subject=b"other") for key in keys])
    store.commit([Put(KEY, WORDS, "extract", Spend(), subject=b"subject")])
    assert packed in bytes_of(path)
    other = open_store(f"sqlite:{path}")  # of another process, which is idle
    assert other.get_many([KEY]) == {KEY: WORDS}
    assert store.erase([b"subject"]) == 1
    assert not store.scrub()
    assert packed not in bytes_of(path)
    assert len(other.get_many([KEY, *keys])) == 300


def test_a_store_that_is_read_meanwhile_says_that_it_is_not_scrubbed(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    store = SqliteStore(str(path))
    store.commit([Put(KEY, WORDS, "extract", Spend(), subject=b"subject")])
    store._connection().execute("PRAGMA busy_timeout=100")
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM answer").fetchall()
        store.erase([b"subject"])
        with pytest.raises(StoreError, match="another process uses the store"):
            store.scrub()
    assert not store.scrub()


OLD_TABLES = """
    CREATE TABLE answer(key BLOB NOT NULL UNIQUE, value BLOB NOT NULL{});
    CREATE TABLE spend(stage TEXT PRIMARY KEY, calls INT, input_tokens INT, output_tokens INT, cost INT) WITHOUT ROWID;
    CREATE TABLE lease(owner TEXT, stage TEXT, calls INT, tokens INT, cost INT, expires REAL,
                       PRIMARY KEY(owner, stage)) WITHOUT ROWID;
    CREATE TABLE booked(name TEXT PRIMARY KEY, until REAL) WITHOUT ROWID;
    CREATE TABLE word(name TEXT PRIMARY KEY) WITHOUT ROWID;
    INSERT INTO spend VALUES ('extract', 1, 100, 20, 5000);
    PRAGMA application_id=1346912850;
    PRAGMA user_version={}
"""


@pytest.mark.parametrize(("version", "subject"), [(1, ""), (2, ", subject BLOB")])
def test_a_store_of_an_earlier_release_keeps_its_answers_and_what_they_cost(
    version: int, subject: str, tmp_path: Path
) -> None:
    path = tmp_path / "responses.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(OLD_TABLES.format(subject, version))
        db.execute("INSERT INTO answer(key, value) VALUES (?, ?)", (KEY, pack_value(KEY, b"old")))
    for _ in range(2):
        store = open_store(f"sqlite:{path}")
        assert store.get_many([KEY]) == {KEY: b"old"}
        assert dict(store.without_subject()) == {KEY: b"old"}
        assert store.spend() == {"extract": Spend(1, 100, 20, 5000)}
    store.commit([Put(b"n" * 16, b"new", "extract", Spend(1, 1, 1, 1, 1), subject=b"subject")])
    assert store.erase([b"subject"]) == 1
    assert store.spend() == {"extract": Spend(2, 101, 21, 5001, 1)}


def test_a_store_that_another_process_holds_is_away_and_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persona_hub.transforms.store.sqlite.BUSY_SECONDS", 0.05)
    with closing(open_store(f"sqlite:{tmp_path}/s.sqlite")) as store:
        holder = sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        for act in (lambda: store.set_stop_flag(True), lambda: store.commit([Renew("me")])):
            with pytest.raises(StoreAway, match="another process has held the file"):
                act()
        holder.close()
        store.set_stop_flag(False)
