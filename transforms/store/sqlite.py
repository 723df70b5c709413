"""The embedded store: one SQLite file, for the processes of one machine."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from persona_hub.transforms.store import sqlite_claims as claims
from persona_hub.transforms.store import sqlite_erasing as erasing
from persona_hub.transforms.store.protocol import (
    LEASE_SECONDS,
    LOOKUP_KEYS,
    NOT_THERE,
    SKEW_SECONDS,
    Amount,
    Book,
    Claim,
    Lease,
    Put,
    Release,
    Renew,
    Spend,
    StoreError,
    StoreJob,
    Unclaim,
    granted_amount,
    next_begin,
    pack_value,
    replaced_error,
    summed,
    unpack_value,
)
from persona_hub.transforms.store.sqlite_file import BUSY_SECONDS, prepare, store_error

FAULTS = (sqlite3.Error, OverflowError)  # the latter: a number beyond 64 bits

Outcome = TypeVar("Outcome")


class SqliteStore:
    """A ResponseStore in one file in WAL mode. Every thread reads by a connection of its own.

    `durable`: each commit waits for the disk (139 µs of CPU a put against 90), so that not even a power failure
    takes an answer that was paid; without it a crash of the machine may, a killed process never does.
    """

    def __init__(self, path: str, durable: bool = False, make: bool = True):
        self.path, self.address = Path(path), f"sqlite:{path}"
        self.synchronous = "FULL" if durable else "NORMAL"
        self.own, self.opened, self.lock = threading.local(), list[sqlite3.Connection](), threading.Lock()
        self.pid = os.getpid()
        if not (make or self.path.is_file()):
            raise StoreError(f"{self.address}: {NOT_THERE}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            prepare(self._connection(), self.address)
            found = self.path.stat()
            self.file = (found.st_dev, found.st_ino)
            [self.made_as] = self._connection().execute("SELECT id FROM identity").fetchone()
        except OSError as error:
            raise StoreError(f"{self.address}: cannot be made: {error.strerror}") from error
        except FAULTS as error:
            raise store_error(self.address, error) from error

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that have one."""
        try:
            return self._unpacked(self._connection(), keys)
        except FAULTS as error:
            raise store_error(self.address, error) from error

    @property
    def identity(self) -> str:
        """The name that it was given when it was made."""
        return self.made_as

    def commit(self, jobs: Sequence[StoreJob]) -> list[Any]:
        """Does all jobs in one transaction."""
        try:
            db = self._connection()
            self._check_file()
            db.execute("BEGIN IMMEDIATE")
            try:
                stands = self._put(db, [job for job in jobs if isinstance(job, Put)])
                results = [stands.get(job.key) if isinstance(job, Put) else self._do(db, job) for job in jobs]
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # some faults have ended it already
                    db.execute("ROLLBACK")
                raise
        except FAULTS as error:
            raise store_error(self.address, error) from error
        return results

    def spend(self) -> dict[str, Spend]:
        """What was spent so far, by stage."""
        try:
            rows = self._connection().execute(
                "SELECT stage, calls, input_tokens, output_tokens, cost, estimated FROM spend"
            )
            return {stage: Spend(*numbers) for stage, *numbers in rows}
        except FAULTS as error:
            raise store_error(self.address, error) from error

    def set_stop_flag(self, stop: bool = True) -> None:
        """Sets or clears the stop flag."""
        sql = "INSERT OR IGNORE INTO word VALUES ('stop')" if stop else "DELETE FROM word WHERE name = 'stop'"
        self._guarded(lambda db: db.execute(sql))

    def erase(self, subjects: Collection[bytes]) -> int:
        """Removes all answers about `subjects`; how many those were."""
        return self._guarded(lambda db: erasing.erase(db, "subject", subjects))

    def forget(self, keys: Collection[bytes]) -> None:
        """Removes the answers of these keys."""
        self._guarded(lambda db: erasing.erase(db, "key", keys))

    def without_subject(self) -> Iterator[tuple[bytes, bytes]]:
        """(key, value) of the answers that name no subject."""
        try:
            for key, value in erasing.without_subject(self._connection()):
                yield key, unpack_value(key, value, self.address)
        except FAULTS as error:
            raise store_error(self.address, error) from error

    def scrub(self) -> Sequence[str]:
        """Writes the file anew without what was removed, and empties the log beside it."""
        self._guarded(lambda db: erasing.scrub(db, self.address))
        return ()

    def close(self) -> None:
        """Closes the connections of all threads."""
        with self.lock:
            while self.opened:
                self.opened.pop().close()
        self.own = threading.local()

    def _guarded(self, act: Callable[[sqlite3.Connection], Outcome]) -> Outcome:
        try:
            return act(self._connection())
        except FAULTS as error:
            raise store_error(self.address, error) from error

    def _connection(self) -> sqlite3.Connection:
        if self.pid != os.getpid():
            raise StoreError(f"{self.address}: was opened in another process; a connection must not cross a fork")
        db: sqlite3.Connection | None = getattr(self.own, "db", None)
        if db is None:
            db = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self.own.db = db
            with self.lock:
                self.opened.append(db)
            db.execute(f"PRAGMA synchronous={self.synchronous}")
            db.execute("PRAGMA mmap_size=0")  # reading a mapped file that was cut kills the process by SIGBUS
        return db

    def _unpacked(self, db: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), LOOKUP_KEYS):
            part = keys[start : start + LOOKUP_KEYS]
            marks = ",".join("?" * len(part))
            found.update(db.execute(f"SELECT key, value FROM answer WHERE key IN ({marks})", tuple(part)))  # noqa: S608
        return {key: unpack_value(key, value, self.address) for key, value in found.items()}

    def _check_file(self) -> None:
        """Refuses to write into a file that is no longer the one at its path: what it holds would be lost."""
        try:
            now = self.path.stat()
        except OSError:
            raise replaced_error(self.address) from None
        if (now.st_dev, now.st_ino) != self.file or not now.st_size:
            raise replaced_error(self.address)

    def _put(self, db: sqlite3.Connection, puts: list[Put]) -> dict[bytes, bytes]:
        """The value that stands for each key, and all that they cost counted."""
        rows = {put.key: put.value for put in reversed(puts) if put.key}  # of two with one key, the first
        about = {put.key: put.subject for put in reversed(puts) if put.key}
        if rows:
            inserted = db.executemany(
                "INSERT INTO answer VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [(key, pack_value(key, value), about[key] or None) for key, value in rows.items()],
            ).rowcount
            claims.end(db, list(rows))
            if inserted < len(rows):  # another process was first with some
                rows.update(self._unpacked(db, list(rows)))
        by_stage, by_lease = summed(puts)
        db.executemany(
            "INSERT INTO spend VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, "
            "input_tokens = input_tokens + excluded.input_tokens, "
            "output_tokens = output_tokens + excluded.output_tokens, cost = cost + excluded.cost, "
            "estimated = estimated + excluded.estimated",
            [(stage, *spend) for stage, spend in by_stage.items()],
        )
        db.executemany(
            "UPDATE lease SET calls = calls - ?, tokens = tokens - ?, cost = cost - ? WHERE owner = ? AND stage = ?",
            [(*amount, *lease) for lease, amount in by_lease.items()],
        )
        return rows

    def _do(self, db: sqlite3.Connection, job: StoreJob) -> Any:
        now = time.time()
        match job:
            case Lease():
                amount = granted_amount(job, self._used(db, now))
                db.execute(
                    "INSERT INTO lease VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET expires = excluded.expires, "
                    "calls = calls + excluded.calls, tokens = tokens + excluded.tokens, cost = cost + excluded.cost",
                    (job.owner, job.stage, *amount, now + LEASE_SECONDS),
                )
                return amount
            case Renew():
                if db.execute("SELECT id FROM identity").fetchone() != (self.made_as,):
                    raise replaced_error(self.address)
                db.execute("UPDATE lease SET expires = ? WHERE owner = ?", (now + LEASE_SECONDS, job.owner))
                claims.beat(db, job.owner, now)
                return db.execute("SELECT 1 FROM word WHERE name = 'stop'").fetchone() is not None
            case Release():
                db.execute("DELETE FROM lease WHERE owner = ? OR expires < ?", (job.owner, now))
                claims.leave(db, job.owner, now)
            case Book():
                row = db.execute("SELECT until FROM booked WHERE name = ?", (job.name,)).fetchone()
                booked = row[0] if row else None
                begin = next_begin(booked, job.seconds, now, lambda: len(claims.living(db, now)))
                until = (booked if booked is not None and job.seconds < 0 else begin) + job.seconds
                db.execute("INSERT OR REPLACE INTO booked VALUES (?, ?)", (job.name, until))
                return begin
            case Claim():
                return claims.claim(db, job, now, lambda keys: self._unpacked(db, keys))
            case Unclaim():
                claims.unclaim(db, job)
        return None

    @staticmethod
    def _used(db: sqlite3.Connection, now: float) -> dict[str, Amount]:
        """Spent or leased, by stage."""
        rows = db.execute(
            "SELECT stage, sum(calls), sum(tokens), sum(cost) FROM ("
            "SELECT stage, calls, input_tokens + output_tokens AS tokens, cost FROM spend UNION ALL "
            "SELECT stage, max(calls, 0), max(tokens, 0), max(cost, 0) FROM lease WHERE expires > ? AND expires <= ?) "
            "GROUP BY stage",
            (now, now + LEASE_SECONDS + SKEW_SECONDS),
        )
        return {stage: Amount(*numbers) for stage, *numbers in rows}
