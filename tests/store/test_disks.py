"""An embedded store whose disk or file fails, at opening and in the middle: what is said, and what is kept."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from persona_hub.transforms.store.protocol import Claim, Renew, StoreAway, StoreError
from persona_hub.transforms.store.sqlite import SqliteStore
from persona_hub.transforms.store.writer import GroupWriter, with_losses
from tests.helpers.stores import KEY, OTHER, put


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(str(tmp_path / "r.sqlite"))) as store:
        store.commit([put(KEY, b"kept")])
        yield store


def full(db: sqlite3.Connection, _: Path) -> None:
    [pages] = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count={pages}")


def read_only(db: sqlite3.Connection, _: Path) -> None:
    db.execute("PRAGMA query_only=ON")


def malformed(db: sqlite3.Connection, path: Path) -> None:
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (full, "database or disk is full; make room, then run the same command again"),
        (read_only, "readonly database; make the file and its folder writable"),
        (malformed, "restore it from a copy, or name another one with --response_store"),
    ],
)
def test_a_fault_in_the_middle_says_what_to_do(
    store: SqliteStore, fault: Callable[[sqlite3.Connection, Path], None], said: str
) -> None:
    fault(store._connection(), store.path)
    if fault is malformed:
        store.close()  # another thread's connection has none of it in memory
    jobs = [put(i.to_bytes(16, "big"), os.urandom(4000)) for i in range(50)]
    with pytest.raises(StoreError, match=said) as caught:
        store.commit([*jobs, Renew("me"), Claim("me", ((OTHER,),))])
    assert str(caught.value).startswith(store.address)


def test_what_was_stored_before_the_disk_was_full_is_there_and_it_goes_on_when_there_is_room(
    store: SqliteStore,
) -> None:
    full(store._connection(), store.path)
    with pytest.raises(StoreError, match="is full"):
        store.commit([put(i.to_bytes(16, "big"), os.urandom(4000)) for i in range(50)])
    assert store.get_many([KEY]) == {KEY: b"kept"}
    store._connection().execute("PRAGMA max_page_count=1000000")
    assert store.commit([put(OTHER, b"later")]) == [b"later"]
    assert store.spend()["extract"].calls == 2, "what was rolled back is not counted"


def test_calls_that_were_paid_and_could_not_be_kept_are_told(store: SqliteStore) -> None:
    heard: list[tuple[Any, Any]] = []
    full(store._connection(), store.path)
    store.own = SimpleNamespace(db=store._connection())  # type: ignore[assignment]  # the writer's, too
    writer = GroupWriter(store, heard.extend)
    writer.submit(put(OTHER, os.urandom(500_000)), "much")
    writer.close()
    [(token, fault)] = heard
    assert token == "much"
    assert isinstance(fault, StoreError)
    assert "is full; make room" in str(fault)
    assert str(fault).endswith("; 1 call that was paid just now could not be kept")
    assert with_losses(fault, [Renew("me")]) is fault
    away = with_losses(StoreAway("sqlite:x: is held"), [put(KEY, b"x"), put(b"", b"", owner="me")])
    assert isinstance(away, StoreAway)
    assert str(away) == "sqlite:x: is held; 2 calls that were paid just now could not be kept"


@pytest.mark.parametrize("words", [b"not a database, but as long as one " * 200, b"\0" * 100])
def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(tmp_path: Path, words: bytes) -> None:
    path = tmp_path / "r.sqlite"
    path.write_bytes(words)
    with pytest.raises(StoreError, match=r"r\.sqlite: .*(--response_store|another file)"):
        SqliteStore(str(path))
    assert path.read_bytes() == words


def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "r.sqlite", tmp_path):
        with pytest.raises(StoreError, match=str(place)):
            SqliteStore(str(place))


def test_a_disk_without_room_for_a_new_file_is_told(tmp_path: Path) -> None:
    """The limit is the process's own, so a child has it."""
    child = os.fork()
    if child == 0:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
        try:
            SqliteStore(str(tmp_path / "r.sqlite"))
        except StoreError as error:
            os._exit(0 if "run the same command again" in str(error) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_file_that_another_program_has_locked_is_away_at_opening_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sqlite", "sqlite_file"):
        monkeypatch.setattr(f"persona_hub.transforms.store.{name}.BUSY_SECONDS", 0.05)
    path = tmp_path / "r.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreAway, match="another process has held the file"):
            SqliteStore(str(path))
    with closing(SqliteStore(str(path))) as store:
        store.commit([put(KEY, b"x")])


def test_a_folder_that_is_gone_amid_a_job_is_told(store: SqliteStore) -> None:
    shutil.rmtree(store.path.parent)
    with pytest.raises(StoreError, match="was emptied or replaced"):
        store.commit([put(OTHER, b"x")])
