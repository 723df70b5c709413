"""How an embedded store forgets: rows go, then their bytes out of the file, and out of the log beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing

from persona_hub.transforms.store.protocol import LOOKUP_KEYS, StoreError


def erase(db: sqlite3.Connection, column: str, values: Collection[bytes]) -> int:
    """Removes the answers whose `column` is among `values`, in one transaction; how many those were.

    There is no index of subjects: one would cost each put, and a whole store is read in seconds a gigabyte.
    """
    db.execute("PRAGMA secure_delete=ON")
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("CREATE TEMP TABLE gone(value BLOB PRIMARY KEY) WITHOUT ROWID")
        db.executemany("INSERT OR IGNORE INTO gone VALUES (?)", ((value,) for value in values))
        removed = db.execute(f"DELETE FROM answer WHERE {column} IN (SELECT value FROM gone)").rowcount  # noqa: S608
        db.execute("DROP TABLE gone")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
    return removed


def without_subject(db: sqlite3.Connection) -> Iterator[tuple[bytes, bytes]]:
    """(key, packed value) of the answers without a subject, some at a time: a reader that lingers holds the log."""
    last = 0
    sql = "SELECT rowid, key, value FROM answer WHERE subject IS NULL AND rowid > ? ORDER BY rowid LIMIT ?"
    while rows := db.execute(sql, (last, LOOKUP_KEYS)).fetchall():
        yield from ((key, value) for _, key, value in rows)
        last = rows[-1][0]


def scrub(db: sqlite3.Connection, address: str) -> None:
    """Writes the file anew without what was removed, and cuts the log to nothing. Raises StoreError."""
    if not (emptied(db) and vacuumed(db) and emptied(db)):
        raise StoreError(
            f"{address}: another process uses the store, so its files may still hold bytes of what was removed; run "
            "the same command again when no job runs"
        )


def vacuumed(db: sqlite3.Connection) -> bool:
    """Whether the file could be written anew."""
    try:
        with closing(db.execute("VACUUM")):
            return True
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        return False


def emptied(db: sqlite3.Connection) -> bool:
    """Whether all of the log is in the file and the log of no length; waits for who reads or writes."""
    busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
