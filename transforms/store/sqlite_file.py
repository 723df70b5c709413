"""The file of an embedded store: its tables, made or added to when it is opened, and what its faults mean."""

from __future__ import annotations

import secrets
import sqlite3
import time
from contextlib import closing

from persona_hub.transforms.store.protocol import StoreAway, StoreError

APPLICATION = 0x50484252  # "PHBR" in the file's header: a response store, and no other program's database
SCHEMA_VERSION = 3  # 1 had no subjects; 2 no estimates, claims and identity
BUSY_SECONDS = 60.0  # another process may hold the write lock: a commit takes milliseconds, a slow disk's a second
SCHEMA = """
    CREATE TABLE answer(key BLOB NOT NULL UNIQUE, value BLOB NOT NULL, subject BLOB);
    CREATE TABLE spend(stage TEXT PRIMARY KEY, calls INT, input_tokens INT, output_tokens INT, cost INT,
                       estimated INT NOT NULL DEFAULT 0) WITHOUT ROWID;
    CREATE TABLE lease(owner TEXT, stage TEXT, calls INT, tokens INT, cost INT, expires REAL,
                       PRIMARY KEY(owner, stage)) WITHOUT ROWID;
    CREATE TABLE booked(name TEXT PRIMARY KEY, until REAL) WITHOUT ROWID;
    CREATE TABLE word(name TEXT PRIMARY KEY) WITHOUT ROWID;
"""
SINCE_VERSION_3 = """
    CREATE TABLE claim(key BLOB PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE alive(owner TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE identity(id TEXT NOT NULL);
"""
UPGRADES = {
    1: ["ALTER TABLE answer ADD COLUMN subject BLOB"],
    2: ["ALTER TABLE spend ADD COLUMN estimated INT NOT NULL DEFAULT 0", *SINCE_VERSION_3.split(";")],
}

ANOTHER = "name another one with --response_store (what it lacks is asked, and paid, again)"
AGAIN = "then run the same command again: what is in the store is not paid again"
REMEDIES = {
    sqlite3.SQLITE_FULL: f"make room, {AGAIN}",
    sqlite3.SQLITE_IOERR: f"see to the disk (is it full, or a share that is gone?), {AGAIN}",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable for this user, or name another one with "
    "--response_store",
    sqlite3.SQLITE_CANTOPEN: "see that its folder is there and writable for this user, or name another file with "
    "--response_store",
    sqlite3.SQLITE_PERM: "make the file readable and writable for this user",
    sqlite3.SQLITE_CORRUPT: f"the file is damaged: restore it from a copy, or {ANOTHER}",
    sqlite3.SQLITE_NOTADB: f"the file is damaged or no response store: restore it from a copy, or {ANOTHER}",
}


def prepare(db: sqlite3.Connection, address: str) -> None:
    """Makes the tables in a new file, and those that an older one lacks; refuses a file that is something else."""
    other = StoreError(f"{address}: is some other program's database; name another file")
    if _header(db) == (0, 0):
        _to_wal(db)
        db.execute("BEGIN IMMEDIATE")
        if _header(db) == (0, 0):  # another process may have been first
            if db.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise other
            for statement in (SCHEMA + SINCE_VERSION_3).split(";"):
                db.execute(statement)
            _identify(db)
            db.execute(f"PRAGMA application_id={APPLICATION}")
            db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        db.execute("COMMIT")
    application, version = _header(db)
    if application != APPLICATION:
        raise other
    if version in UPGRADES:
        _upgrade(db)
        version = _header(db)[1]
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"{address}: was written in version {version} of the format, this program reads {SCHEMA_VERSION}; "
            "use the release that wrote it, or name another file"
        )
    db.execute("SELECT 1 FROM answer, spend, lease, booked, word, claim, alive, identity LIMIT 1")


def store_error(address: str, error: Exception) -> StoreError:
    """A StoreError that says what to do about `error`."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # of an extended code the kind
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreAway(
            f"{address}: another process has held the file for {BUSY_SECONDS:.0f} s; end it (lsof names it), {AGAIN}"
        )
    remedy = REMEDIES.get(code, f"if the file is damaged, restore it from a copy, or {ANOTHER}")
    return StoreError(f"{address}: {error}; {remedy}")


def _upgrade(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    version = first = _header(db)[1]  # another process may have been first
    while version in UPGRADES:
        for statement in UPGRADES[version]:
            db.execute(statement)
        version += 1
    if first != version:
        _identify(db)
        db.execute(f"PRAGMA user_version={version}")
    db.execute("COMMIT")


def _identify(db: sqlite3.Connection) -> None:
    """Gives the store the name by which a job knows it again."""
    db.execute("INSERT INTO identity VALUES (?)", (secrets.token_hex(8),))


def _header(db: sqlite3.Connection) -> tuple[int, int]:
    return db.execute("PRAGMA application_id").fetchone()[0], db.execute("PRAGMA user_version").fetchone()[0]


def _to_wal(db: sqlite3.Connection) -> None:
    """Write-ahead logging; the switch takes an exclusive lock that SQLite's own waiting for locks does not cover."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            with closing(db.execute("PRAGMA journal_mode=WAL")):
                return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
