"""Spend and leases where no transaction spans two rows: one ledger for each process, which that process alone writes.

A ledger holds sums, never steps: writing it again after a lost reply counts nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from persona_hub.transforms.store.protocol import Amount, Put, Spend, summed

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
        if alive.get(owner, 0.0) > now:
            left = ceiling
            for ledger in ledgers:
                left = left.minus(ledger.taken.get((owner, stage), Amount()))
            use(stage, Amount(*(max(0, much) for much in left)))
    return used
