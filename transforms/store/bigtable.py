"""The shared store on Google Cloud: one Bigtable table, for any number of workers.

Bigtable changes one row at a time and knows no transaction over several. So the order of writes is what keeps the
money right. A commit writes, each step durable before the next:

1. this process's ledger: what all its calls have cost, in sums;
2. the answers, side by side, each put if absent;
3. leases and booked time, each by compare-and-set on the one row that holds them.

Killed after 1 or amid 2, calls are counted that are not kept: they were paid, are among those that were in flight, and
are paid again when they are asked again; both payments are counted. An answer is never kept uncounted, and none is
counted twice: the same ledger or answer written again changes nothing. Killed amid 3, a lease may be granted that
nobody uses; it expires with its owner. A lost reply to a booking may book twice: for that long the job is slower than
it might be, never faster.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from google.cloud.bigtable.data import DeleteAllFromRow, DeleteRangeFromColumn, SetCell

from persona_hub.transforms.store.bigtable_owners import BigtableClaims, LeaseKey, Ledger, alive_until, used_of
from persona_hub.transforms.store.bigtable_rows import (
    ANSWER_FAMILY,
    FORMAT_ROW,
    IDENTITY,
    STATE_FAMILY,
    Cell,
    TableRows,
)
from persona_hub.transforms.store.protocol import (
    LEASE_SECONDS,
    LOOKUP_KEYS,
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
    is_alive,
    next_begin,
    pack_value,
    replaced_error,
    unpack_value,
)

# Keys of answers are hashes, so rows spread over the tablets whatever the order of the calls.
ANSWER_ROWS, LEDGER_ROWS, LEASES_ROW, BOOKED_ROWS, STOP_ROW = b"a/", b"l/", b"c/leases", b"c/booked/", b"c/stop"
VALUE, SUBJECT, SERIAL, UNTIL, SUMS = b"v", b"s", b"serial", b"until", b"sums"
PUT_THREADS = 32  # below the 100 streams of a connection
CONTENDED_SECONDS = 0.02  # of waiting for each time that another process was first, drawn at random


class BigtableStore:
    """A ResponseStore in one table. Every process leaves one small row (its ledger) for good.

    All answers outlive any machine, so `durable` changes nothing. The processes' clocks must agree to seconds. Who
    asks is said by the application default credentials.
    """

    def __init__(self, address: str, durable: bool = False, make: bool = True):
        self.address = address
        self.rows = TableRows(address, make)
        self.ledger, self.ledger_key = Ledger(), LEDGER_ROWS + secrets.token_hex(8).encode()
        self.last_stamp = 0
        self.pool = ThreadPoolExecutor(PUT_THREADS, "bigtable-put")
        self.closing = threading.Lock()
        self.claims = BigtableClaims(self.rows, self.pool, self._living)
        self.made_as = self.rows.read_identity()

    @property
    def identity(self) -> str:
        """The name that it was given when it was made; "" where only an earlier release has used it."""
        return self.made_as

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that have one."""
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), LOOKUP_KEYS):
            rows = self.rows.read([ANSWER_ROWS + key for key in keys[start : start + LOOKUP_KEYS]])
            for row, cells in rows.items():
                key = row.removeprefix(ANSWER_ROWS)
                found[key] = unpack_value(key, self._cell(cells, VALUE), self.address)
        return found

    def commit(self, jobs: Sequence[StoreJob]) -> list[Any]:
        """Does all jobs: the ledger first, then the answers, then the rest."""
        puts = [job for job in jobs if isinstance(job, Put)]
        self._count(puts, [job.owner for job in jobs if isinstance(job, Lease | Renew | Claim)], bool(puts))
        rows = {put.key: put.value for put in reversed(puts) if put.key}  # of two with one key, the first
        added = self.pool.map(self._add, {put.key: put for put in reversed(puts) if put.key}.values())
        lost = [key for key, mine in zip(rows, added, strict=True) if not mine]
        rows.update(self.get_many(lost))
        self.claims.end(list(rows))
        return [rows.get(job.key) if isinstance(job, Put) else self._do(job) for job in jobs]

    def spend(self) -> dict[str, Spend]:
        """What was spent so far, by stage."""
        by_stage: dict[str, Spend] = {}
        for ledger in self._ledgers():
            for stage, spend in ledger.spend.items():
                by_stage[stage] = by_stage.get(stage, Spend()).plus(spend)
        return by_stage

    def set_stop_flag(self, stop: bool = True) -> None:
        """Sets or clears the stop flag."""
        self.rows.write(STOP_ROW, SetCell(STATE_FAMILY, VALUE, b"stop") if stop else DeleteAllFromRow())

    def erase(self, subjects: Collection[bytes]) -> int:
        """Removes all answers about `subjects`, row by row; how many those were. Reads the subjects of the table."""
        found, gone = self.rows.pages(ANSWER_ROWS, SUBJECT), frozenset(subjects)
        keys = [row.removeprefix(ANSWER_ROWS) for row, cells in found if cells[SUBJECT].value in gone]
        return self._remove(keys)

    def forget(self, keys: Collection[bytes]) -> None:
        """Removes the answers of these keys."""
        self._remove(keys)

    def without_subject(self) -> Iterator[tuple[bytes, bytes]]:
        """(key, value) of the answers that name no subject."""
        for row, cells in self.rows.pages(ANSWER_ROWS):
            if SUBJECT not in cells:
                key = row.removeprefix(ANSWER_ROWS)
                yield key, unpack_value(key, self._cell(cells, VALUE), self.address)

    def scrub(self) -> Sequence[str]:
        """Bigtable does it itself, in its own time."""
        return [
            f"{self.address}: Bigtable takes removed cells off its disks when it compacts the table, within a week or "
            "so; backups keep them: delete those (gcloud bigtable backups delete)"
        ]

    def close(self) -> None:
        """Ends threads and connections."""
        with self.closing:
            self.pool.shutdown()
            self.rows.close()

    def _count(self, puts: Sequence[Put], owners: Sequence[str], changed: bool) -> None:
        """Writes the ledger where it changes."""
        now = time.time()
        self.ledger.pay(puts)
        for owner in owners:
            until = self.ledger.alive.get(owner, 0.0)
            if not now + LEASE_SECONDS / 2 <= until <= now + LEASE_SECONDS:  # beats are far more frequent
                self.ledger.alive[owner] = now + LEASE_SECONDS
                changed = True
        if changed:
            packed = pack_value(self.ledger_key, self.ledger.pack())
            self.rows.write(self.ledger_key, SetCell(STATE_FAMILY, SUMS, packed, self._stamp()))

    def _add(self, put: Put) -> bool:
        about = [SetCell(ANSWER_FAMILY, SUBJECT, put.subject)] if put.subject else []
        return self.rows.add(
            ANSWER_ROWS + put.key, SetCell(ANSWER_FAMILY, VALUE, pack_value(put.key, put.value)), *about
        )

    def _remove(self, keys: Collection[bytes]) -> int:
        return sum(self.pool.map(lambda key: self.rows.remove(ANSWER_ROWS + key), keys))

    def _do(self, job: StoreJob) -> Any:
        match job:
            case Lease():
                return self._lease(job)
            case Renew():
                rows = self.rows.read([STOP_ROW, FORMAT_ROW])
                cell = rows.get(FORMAT_ROW, {}).get(IDENTITY)
                if (cell.value.decode() if cell else "") != self.made_as:
                    raise replaced_error(self.address)
                return STOP_ROW in rows
            case Release():
                self._release(job.owner)
                self.claims.leave(job.owner)
            case Book():
                return self._book(job)
            case Claim():
                return self.claims.claim(job, self.get_many)
            case Unclaim():
                self.claims.give_back(job)
        return None

    def _lease(self, lease: Lease) -> Amount:
        """Grants what the budget has. The row of leases is read before the ledgers, so that a lease which its owner
        gives back in between is counted once too often, never too seldom.
        """
        key, mine, amount, attempt = (lease.owner, lease.stage), 0, Amount(), 0
        while True:
            cells = self.rows.read([LEASES_ROW]).get(LEASES_ROW, {})
            serial, leases = cells.pop(SERIAL, None), leases_of(cells)
            column = column_of(key)
            if mine and column in cells and cells[column].stamp == mine:
                return amount  # the reply was lost, or another process was next
            ledgers = self._ledgers()
            amount = granted_amount(lease, used_of(ledgers, leases, time.time()))
            if not any(amount):
                return amount
            ceiling = leases.get(key, self.ledger.taken.get(key, Amount())).plus(amount)
            mine = self._stamp(serial.stamp if serial else 0)
            token = b"%s-%d" % (self.ledger_key.removeprefix(LEDGER_ROWS), mine)
            grant = SetCell(STATE_FAMILY, column, b"%d %d %d" % ceiling, mine)
            if self.rows.swap(
                LEASES_ROW, SERIAL, serial.value if serial else None, grant, SetCell(STATE_FAMILY, SERIAL, token, mine)
            ):
                return amount
            attempt += 1
            _wait_for_others(attempt)

    def _release(self, owner: str) -> None:
        """Takes away the leases of `owner` and of all who are dead; only those seen, should newer ones come."""
        cells = self.rows.read([LEASES_ROW]).get(LEASES_ROW, {})
        cells.pop(SERIAL, None)
        if not cells:
            return
        alive, now = alive_until(self._ledgers()), time.time()
        gone = [
            DeleteRangeFromColumn(STATE_FAMILY, column_of(key), None, cells[column_of(key)].stamp + 1000)
            for key in leases_of(cells)
            if key[0] == owner or alive.get(key[0], 0.0) < now
        ]
        if gone:
            self.rows.write(LEASES_ROW, *gone)

    def _book(self, job: Book) -> float:
        row, attempt = BOOKED_ROWS + job.name.encode(), 0
        while True:
            cell = self.rows.read([row]).get(row, {}).get(UNTIL)
            booked = float(cell.value) if cell else None
            begin = next_begin(booked, job.seconds, time.time(), lambda: len(self._living()))
            until = (booked if booked is not None and job.seconds < 0 else begin) + job.seconds
            new = SetCell(STATE_FAMILY, UNTIL, b"%.6f" % until, self._stamp(cell.stamp if cell else 0))
            if self.rows.swap(row, UNTIL, cell.value if cell else None, new):
                return begin
            attempt += 1
            _wait_for_others(attempt)

    def _living(self) -> set[str]:
        now = time.time()
        return {owner for owner, until in alive_until(self._ledgers()).items() if is_alive(until, now, LEASE_SECONDS)}

    def _ledgers(self) -> list[Ledger]:
        rows = self.rows.scan(LEDGER_ROWS)
        return [Ledger.unpack(unpack_value(key, self._cell(cells, SUMS), self.address)) for key, cells in rows.items()]

    def _cell(self, cells: dict[bytes, Cell], column: bytes) -> bytes:
        if column not in cells:
            raise StoreError(f"{self.address}: holds rows of some other program; name another table")
        return cells[column].value

    def _stamp(self, after: int = 0) -> int:
        """Microseconds of this moment in whole milliseconds, later than any before and than `after`: of two versions
        of a cell the later one stands, whichever came last.
        """
        self.last_stamp = max(int(time.time() * 1000) * 1000, self.last_stamp + 1000, after + 1000)
        return self.last_stamp


def column_of(key: LeaseKey) -> bytes:
    """The column of a lease in the row of leases."""
    return "\n".join(key).encode()


def leases_of(cells: dict[bytes, Cell]) -> dict[LeaseKey, Amount]:
    """The leases in their row: what each owner may have taken in all."""
    leases: dict[LeaseKey, Amount] = {}
    for column, cell in cells.items():
        owner, _, stage = column.decode().partition("\n")
        leases[owner, stage] = Amount(*map(int, cell.value.split()))
    return leases


def _wait_for_others(attempt: int) -> None:
    time.sleep(random.uniform(0, CONTENDED_SECONDS) * min(attempt, 50))
