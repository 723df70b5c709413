"""What each process keeps in a Bigtable table: its ledger of spend and of its owners' lives, and its claims.

No transaction spans two rows. A ledger is written by its own process alone, and holds sums, never steps: writing it
again after a lost reply counts nothing twice. A claim is a row for each key, made and taken over by compare-and-set:
one conditional change more for a call, side by side with others, and a share of one that removes rows in bulk. Here a
process that was killed is believed to live for LEASE_SECONDS, since its ledger says so no more often.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property

import orjson
from google.cloud.bigtable.data import DeleteAllFromRow, SetCell

from persona_hub.transforms.store.bigtable_rows import STATE_FAMILY, TableRows
from persona_hub.transforms.store.protocol import (
    LEASE_SECONDS,
    Amount,
    Claim,
    Claimed,
    Put,
    Spend,
    Unclaim,
    is_alive,
    summed,
)

CLAIM_ROWS, OWNER = b"k/", b"owner"
Values = Callable[[Sequence[bytes]], dict[bytes, bytes]]
LeaseKey = tuple[str, str]  # owner, stage


@dataclass
class Ledger:
    """What one process has paid, what of it came from leases, and until when its owners count as alive."""

    spend: dict[str, Spend] = field(default_factory=dict)
    taken: dict[LeaseKey, Amount] = field(default_factory=dict)
    alive: dict[str, float] = field(default_factory=dict)  # seconds since 1970

    def pay(self, puts: Iterable[Put]) -> None:
        """Adds what calls have cost."""
        by_stage, by_lease = summed(puts)
        for stage, spend in by_stage.items():
            self.spend[stage] = self.spend.get(stage, Spend()).plus(spend)
        for lease, amount in by_lease.items():
            self.taken[lease] = self.taken.get(lease, Amount()).plus(amount)

    def pack(self) -> bytes:
        """As a row holds it."""
        taken = [[*lease, *amount] for lease, amount in self.taken.items()]
        spend = {stage: list(numbers) for stage, numbers in self.spend.items()}
        return orjson.dumps({"spend": spend, "taken": taken, "alive": self.alive})

    @classmethod
    def unpack(cls, packed: bytes) -> Ledger:
        """The ledger that `pack` was called on."""
        row = orjson.loads(packed)
        return cls(
            {stage: Spend(*numbers) for stage, numbers in row["spend"].items()},
            {(owner, stage): Amount(*numbers) for owner, stage, *numbers in row["taken"]},
            row["alive"],
        )


def alive_until(ledgers: Iterable[Ledger]) -> dict[str, float]:
    """The latest word of each owner."""
    latest: dict[str, float] = {}
    for ledger in ledgers:
        for owner, until in ledger.alive.items():
            latest[owner] = max(until, latest.get(owner, 0.0))
    return latest


def used_of(ledgers: Iterable[Ledger], leases: Mapping[LeaseKey, Amount], now: float) -> dict[str, Amount]:
    """Spent or leased, by stage. A lease is what its owner may have taken in all when it is used up, so that taking
    from it moves an amount from one side to the other within one ledger, at any time the same sum.
    """
    ledgers = list(ledgers)
    used: dict[str, Amount] = {}

    def use(stage: str, amount: Amount) -> None:
        used[stage] = used.get(stage, Amount()).plus(amount)

    for ledger in ledgers:
        for stage, spend in ledger.spend.items():
            use(stage, spend.amount)
    alive = alive_until(ledgers)
    for (owner, stage), ceiling in leases.items():
        if is_alive(alive.get(owner, 0.0), now, LEASE_SECONDS):
            left = ceiling
            for ledger in ledgers:
                left = left.minus(ledger.taken.get((owner, stage), Amount()))
            use(stage, Amount(*(max(0, much) for much in left)))
    return used


class BigtableClaims:
    """The claims that this process has made. `living` gives the owners that live, anywhere."""

    def __init__(self, rows: TableRows, pool: Executor, living: Callable[[], Collection[str]]):
        self.rows, self.pool, self.living = rows, pool, living
        self.mine: dict[bytes, str] = {}  # {key: owner}

    def claim(self, job: Claim, values: Values) -> list[Claimed]:
        """What a Claim results in; `values` are the answers of keys."""
        keys = list({key for question in job.questions for key in question})
        owners = LazyOwners(self.living)
        got = dict(zip(keys, self.pool.map(lambda key: self._take(key, job.owner, owners), keys), strict=True))
        answers = values([key for key in keys if got[key]])  # after the claims: who had them has written its answers
        self.mine.update((key, job.owner) for key in keys if got[key])
        said = [self._said(question, got, answers) for question in job.questions]
        kept = {key for question, word in zip(job.questions, said, strict=True) if word is True for key in question}
        self.give_back(Unclaim(job.owner, tuple(key for key in keys if got[key] and key not in kept)))
        return said

    def give_back(self, job: Unclaim) -> None:
        """Gives claims back, where they are still this owner's."""
        mine = [key for key in job.keys if self.mine.pop(key, None)]
        list(self.pool.map(lambda key: self._swap(key, job.owner, DeleteAllFromRow()), mine))

    def end(self, keys: Sequence[bytes]) -> None:
        """Ends the claims to keys that have an answer."""
        self.rows.remove_many([CLAIM_ROWS + key for key in keys if self.mine.pop(key, None)])

    def leave(self, owner: str) -> None:
        """Ends all claims of an owner of this process."""
        self.end([key for key, other in self.mine.items() if other == owner])

    @staticmethod
    def _said(question: tuple[bytes, ...], got: Mapping[bytes, bool], answers: Mapping[bytes, bytes]) -> Claimed:
        if not all(got[key] for key in question):
            return False
        if any(key in answers for key in question):
            return tuple(answers.get(key) for key in question)
        return True

    def _take(self, key: bytes, owner: str, owners: LazyOwners) -> bool:
        row, own = CLAIM_ROWS + key, SetCell(STATE_FAMILY, OWNER, owner.encode())
        if self.rows.add(row, own):
            return True
        cell = self.rows.read([row]).get(row, {}).get(OWNER)
        other = cell.value.decode() if cell else ""  # "": given back this moment, and claimed at the next look
        if not other or (other != owner and other in owners.living):
            return False
        return other == owner or self._swap(key, other, DeleteAllFromRow(), own)  # whatever its stamp

    def _swap(self, key: bytes, old: str, *changes: SetCell | DeleteAllFromRow) -> bool:
        return self.rows.swap(CLAIM_ROWS + key, OWNER, old.encode(), *changes)


class LazyOwners:
    """The owners that live, read at most once, and only where another's claim is met."""

    def __init__(self, read: Callable[[], Collection[str]]):
        self.read = read

    @cached_property
    def living(self) -> Collection[str]:
        """Read from the ledgers."""
        return self.read()
