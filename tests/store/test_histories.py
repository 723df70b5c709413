"""Whatever several processes commit, in whatever order: the store is what a plain ledger says it is."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.store.protocol import (
    Amount,
    Lease,
    Limit,
    Put,
    Release,
    Renew,
    Spend,
    granted_amount,
    summed,
)
from persona_hub.transforms.store.registry import open_store
from persona_hub.transforms.store.usage import usage_of, usage_row
from persona_hub.transforms.store.writer import GROUP_JOBS, GroupWriter

OWNERS, STAGES = st.sampled_from(["a", "b", "c"]), st.sampled_from(["extract", "expand"])
SMALL = st.integers(0, 6)
BUDGET = Amount(calls=20, tokens=60, cost=90)
LIMITS = (Limit((), BUDGET), Limit(("extract",), Amount(8, 30, 40)))
SPENDS = st.builds(lambda i, o, c, guessed: Spend(1, i, o, c, guessed), SMALL, SMALL, SMALL, st.integers(0, 1))
KEYS = st.sampled_from([b"", *(bytes([n]) * 16 for n in range(4))])
AMOUNTS = st.builds(Amount, st.integers(0, 3), st.integers(0, 9), st.integers(0, 9))
PUTS = st.builds(Put, KEYS, st.binary(max_size=4), STAGES, SPENDS, OWNERS)
ASKS = st.builds(
    lambda owner, stage, least, more: Lease(owner, stage, least, least.plus(more), LIMITS),
    OWNERS,
    STAGES,
    AMOUNTS,
    AMOUNTS,
)
JOBS = st.lists(st.one_of(PUTS, ASKS, st.builds(Renew, OWNERS), st.builds(Release, OWNERS)), max_size=5)


class Ledger:
    """The same by the plainest means; no lease expires."""

    def __init__(self) -> None:
        self.answers: dict[bytes, bytes] = {}
        self.spent: dict[str, Spend] = {}
        self.leases: dict[tuple[str, str], Amount] = {}

    def commit(self, jobs: list[Any]) -> list[Any]:
        """Answers first: what is spent counts before a lease is granted in the same transaction."""
        for job in jobs:
            if isinstance(job, Put):
                if job.key:
                    self.answers.setdefault(job.key, job.value)
                self.spent[job.stage] = self.spent.get(job.stage, Spend()).plus(job.spend)
                lease = (job.owner, job.stage)
                if lease in self.leases:
                    self.leases[lease] = self.leases[lease].minus(job.spend.amount)
        return [self.result(job) for job in jobs]

    def result(self, job: Any) -> Any:
        if isinstance(job, Put):
            return self.answers.get(job.key)
        if isinstance(job, Lease):
            amount = granted_amount(job, self.used())
            lease = (job.owner, job.stage)
            self.leases[lease] = self.leases.get(lease, Amount()).plus(amount)
            return amount
        if isinstance(job, Release):
            self.leases = {lease: rest for lease, rest in self.leases.items() if lease[0] != job.owner}
        return False if isinstance(job, Renew) else None

    def used(self) -> dict[str, Amount]:
        used: dict[str, Amount] = defaultdict(Amount)
        for stage, spend in self.spent.items():
            used[stage] = used[stage].plus(spend.amount)
        for (_, stage), rest in self.leases.items():
            used[stage] = used[stage].plus(Amount(*(max(0, n) for n in rest)))
        return used


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 1), JOBS), max_size=12))
def test_a_store_is_what_a_ledger_says(history: list[tuple[int, list[Any]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stores = [open_store(f"sqlite:{folder}/s.sqlite") for _ in range(2)]
        ledger = Ledger()
        for process, jobs in history:
            assert stores[process].commit(jobs) == ledger.commit(jobs)
            other = stores[1 - process]
            assert other.spend() == ledger.spent
            keys = [bytes([n]) * 16 for n in range(4)]
            assert other.get_many(keys) == {key: value for key, value in ledger.answers.items() if key in keys}
        for store in stores:
            store.close()


@settings(max_examples=100)
@given(st.lists(ASKS, max_size=30))
def test_leases_alone_never_pass_any_limit(leases: list[Lease]) -> None:
    ledger = Ledger()
    for lease in leases:
        amount = ledger.result(lease)
        assert amount in (lease.want, lease.least, Amount())
    for limit in LIMITS:
        total = Amount()
        for stage, part in ledger.used().items():
            total = total.plus(part) if limit.binds(stage) else total
        assert limit.ceiling.covers(total)


@given(st.lists(PUTS, max_size=12))
def test_spend_adds_up_by_stage_and_by_lease(puts: list[Put]) -> None:
    by_stage, by_lease = summed(puts)
    assert sum((spend.calls for spend in by_stage.values()), 0) == len(puts)
    for stage, spend in by_stage.items():
        leases = [amount for (_, other), amount in by_lease.items() if other == stage]
        assert Amount(*map(sum, zip(*leases, strict=True))) == spend.amount


@pytest.mark.parametrize(
    ("left", "wanted", "fits"),
    [
        (Amount(1, 10, 5), Amount(1, 10, 5), True),
        (Amount(1, 10, 5), Amount(1, 11, 5), False),
        (Amount(0, 10, 5), Amount(1, 1, 1), False),
        (Amount(9, 9, -1), Amount(0, 0, 0), False),
        (Amount(), Amount(), True),
    ],
)
def test_an_amount_covers_another_in_every_unit(left: Amount, wanted: Amount, fits: bool) -> None:
    assert left.covers(wanted) == fits
    assert left.minus(wanted).plus(wanted) == left


def test_usage_is_what_a_manifest_says(tmp_path: Any) -> None:
    address = f"sqlite:{tmp_path}/s.sqlite"
    open_store(address).commit([Put(b"k" * 16, b"v", stage, Spend(2, 30, 4, 1_500_000_000)) for stage in ("b", "a")])
    assert list(usage_of(address)) == ["a", "b"]
    assert usage_of(address)["a"] == {"calls": 2, "input_tokens": 30, "output_tokens": 4, "cost_usd": 1.5}
    assert "cost_usd" not in usage_row(Spend(1, 1, 1, 0), priced=False)
    assert usage_row(Spend(3, 1, 1, 0, 2))["estimated"] == 2


# ---- the writer


class Broken:
    """A store whose third commit fails."""

    def __init__(self) -> None:
        self.commits: list[int] = []

    def commit(self, jobs: Any) -> list[Any]:
        self.commits.append(len(jobs))
        if len(self.commits) == 3:
            raise OSError("no room")
        return ["done"] * len(jobs)


def test_of_a_commit_that_failed_everyone_hears_and_the_writer_goes_on() -> None:
    heard: list[tuple[int, Any]] = []
    writer = GroupWriter(Broken(), heard.extend)  # type: ignore[arg-type]
    for number in range(5):
        before = len(heard)
        writer.submit(Renew("a"), number)
        while len(heard) == before:
            time.sleep(0.001)
    writer.close()
    assert [token for token, _ in heard] == list(range(5))
    assert [str(result) for _, result in heard] == ["done", "done", "no room", "done", "done"]


def test_what_queues_up_goes_into_one_transaction_of_bounded_size() -> None:
    store = Broken()
    held = [True]
    done: list[Any] = []
    writer = GroupWriter(store, lambda results: done.extend(results))  # type: ignore[arg-type]
    first = store.commit

    def slow(jobs: Any) -> list[Any]:
        while held[0]:
            time.sleep(0.001)
        return first(jobs)

    store.commit = slow  # type: ignore[method-assign]
    for number in range(2 * GROUP_JOBS + 1):
        writer.submit(Renew("a"), number)
    held[0] = False
    writer.close()
    assert len(done) == 2 * GROUP_JOBS + 1
    assert len(store.commits) <= 4
    assert max(store.commits) <= GROUP_JOBS
