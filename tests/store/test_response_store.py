"""The contract of every response store; what is one kind's own has a file of its own."""

from __future__ import annotations

import multiprocessing
import queue
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.store.protocol import (
    Amount,
    Book,
    Limit,
    Release,
    Renew,
    ResponseStore,
    Spend,
    StoreError,
    granted_amount,
    pack_value,
    subject_of,
    unpack_value,
)
from persona_hub.transforms.store.registry import is_embedded_store, open_store, scheme_of
from persona_hub.transforms.store.writer import GroupWriter
from tests.helpers.stores import COST, KEY, OTHER, lease, put

Opener = Callable[[], ResponseStore]


@pytest.fixture
def opener(store_address: str) -> Opener:
    """Opens the store under test; each time as another process would."""
    return lambda: open_store(store_address)


@pytest.fixture(params=["sqlite", "redis", "bigtable"])
def store(request: pytest.FixtureRequest) -> str:
    """Each kind of store."""
    return str(request.param)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets the stores' time go on: `clock(40)` is 40 seconds later."""
    late = [0.0]
    now = time.time

    def forward(seconds: float) -> None:
        late[0] += seconds

    monkeypatch.setattr("time.time", lambda: now() + late[0])
    return forward


def test_an_answer_is_there_for_whoever_opens_the_store_next(opener: Opener) -> None:
    store = opener()
    assert store.commit([put(KEY, b"answer \0 \xff")]) == [b"answer \0 \xff"]
    assert opener().get_many([KEY, OTHER]) == {KEY: b"answer \0 \xff"}


def test_who_only_looks_makes_no_store(opener: Opener, store_address: str) -> None:
    for _ in range(2):
        with pytest.raises(StoreError, match="does not exist; no job has called"):
            open_store(store_address, make=False)
    opener()
    assert not open_store(store_address, make=False).spend()


def test_the_first_answer_wins_for_all(opener: Opener) -> None:
    one, two = opener(), opener()
    assert one.commit([put(KEY, b"first")]) == [b"first"]
    assert two.commit([put(KEY, b"second"), put(OTHER, b"other")]) == [b"first", b"other"]
    assert one.get_many([KEY]) == {KEY: b"first"}


def test_of_two_answers_in_one_commit_the_first_wins(opener: Opener) -> None:
    assert opener().commit([put(KEY, b"first"), put(KEY, b"second")]) == [b"first", b"first"]


def test_every_answer_was_paid_also_those_that_came_second(opener: Opener) -> None:
    store = opener()
    store.commit(
        [put(KEY, b"first"), put(KEY, b"second"), put(b"", b"", Spend(1, 7, 0, 1)), put(OTHER, b"x", stage="expand")]
    )
    assert opener().spend() == {"extract": Spend(3, 207, 40, 10_001), "expand": COST}


def test_calls_whose_tokens_were_estimated_are_counted(opener: Opener) -> None:
    opener().commit([put(KEY, b"x", Spend(1, 5, 5, 10, 1)), put(OTHER, b"y"), put(b"", b"", Spend(1, 9, 0, 1, 1))])
    opener().commit([put(KEY, b"z", Spend(1, 5, 5, 10, 1))])
    assert opener().spend() == {"extract": Spend(4, 119, 30, 5021, 3)}


def test_look_ups_have_no_bound(opener: Opener) -> None:
    store = opener()
    keys = [i.to_bytes(16, "big") for i in range(1700)]
    store.commit([put(key, key + b"!") for key in keys[:900]])
    assert store.get_many(keys) == {key: key + b"!" for key in keys[:900]}
    assert store.get_many([]) == {}


def test_what_was_answered_about_somebody_can_be_erased(opener: Opener) -> None:
    store = opener()
    one, two, three = (subject_of(f"{n:032x}") for n in (1, 2, 3))
    keys = [i.to_bytes(16, "big") for i in range(1200)]
    store.commit([put(key, b"of one", subject=one) for key in keys])
    store.commit([put(KEY, b"of two", subject=two), put(OTHER, b"of nobody")])
    before = store.spend()
    assert opener().erase([one, three]) == 1200
    assert store.get_many([*keys, KEY, OTHER]) == {KEY: b"of two", OTHER: b"of nobody"}
    assert store.erase([one, three]) == 0
    assert store.spend() == before, "what was paid stays counted"
    assert store.commit([put(keys[0], b"anew")]) == [b"anew"]


def test_an_answer_is_about_whom_it_was_first_given_for(opener: Opener) -> None:
    store = opener()
    store.commit([put(KEY, b"first", subject=b"1" * 16), put(KEY, b"second", subject=b"2" * 16)])
    store.commit([put(KEY, b"third", subject=b"3" * 16)])
    assert store.erase([b"2" * 16, b"3" * 16]) == 0
    assert store.erase([b"1" * 16]) == 1


def test_answers_that_name_nobody_are_told_and_can_be_forgotten(opener: Opener) -> None:
    store = opener()
    keys = [i.to_bytes(16, "big") for i in range(700)]
    store.commit([put(key, key + b"!") for key in keys])
    store.commit([put(KEY, b"of one", subject=b"1" * 16)])
    assert dict(opener().without_subject()) == {key: key + b"!" for key in keys}
    store.forget(keys[:600])
    store.forget([])
    assert dict(store.without_subject()) == {key: key + b"!" for key in keys[600:]}
    assert store.get_many([KEY, keys[0]]) == {KEY: b"of one"}


def test_what_is_out_of_reach_of_an_erasure_is_told_with_the_address(opener: Opener, store_address: str) -> None:
    store = opener()
    store.commit([put(KEY, b"of one", subject=b"1" * 16)])
    store.erase([b"1" * 16])
    for word in store.scrub():
        assert word.startswith(store_address)
    assert store.get_many([KEY]) == {}


def test_leases_and_spend_never_pass_the_budget_together(opener: Opener) -> None:
    one, two = opener(), opener()
    assert one.commit([lease("a", 60)]) == [Amount(calls=60)]
    assert two.commit([lease("b", 60, least=5)]) == [Amount(calls=5)]  # the end of a budget goes call by call
    assert two.commit([lease("b", 60, least=36)]) == [Amount()]
    one.commit([put(i.to_bytes(16, "big"), b"", owner="a") for i in range(50)])  # spent from a's lease
    assert two.commit([lease("b", 35)]) == [Amount(calls=35)]
    assert two.commit([lease("b", 1)]) == [Amount()]
    one.commit([Release("a")])  # 10 of a's lease were never used
    assert two.commit([lease("b", 10), lease("b", 1)]) == [Amount(calls=10), Amount()]


def test_a_lease_of_a_process_that_died_expires(opener: Opener, clock: Callable[[float], None]) -> None:
    store = opener()
    assert store.commit([lease("dead", 100)]) == [Amount(calls=100)]
    assert store.commit([lease("alive", 10)]) == [Amount()]
    clock(40)
    store.commit([Renew("dead")])
    clock(40)
    assert store.commit([lease("alive", 10)]) == [Amount()]
    clock(40)
    assert store.commit([lease("alive", 10)]) == [Amount(calls=10)]


def test_the_stop_flag_reaches_everyone(opener: Opener) -> None:
    one, two = opener(), opener()
    assert one.commit([Renew("a")]) == [False]
    two.set_stop_flag()
    two.set_stop_flag()
    assert one.commit([Renew("a")]) == [True]
    two.set_stop_flag(False)
    assert one.commit([Renew("a")]) == [False]


def test_booked_time_follows_on_and_starts_no_earlier_than_now(opener: Opener) -> None:
    one, two = opener(), opener()
    now = time.time()
    begins = [store.commit([Book("requests", 2.0)])[0] for store in (one, two, one)]
    assert begins[0] == pytest.approx(now, abs=1.5)
    assert [b - begins[0] for b in begins] == pytest.approx([0, 2, 4], abs=0.01)
    one.commit([Book("requests", -4.0)])
    assert two.commit([Book("requests", 1.0)])[0] - begins[0] == pytest.approx(2, abs=0.01)
    assert two.commit([Book("tokens", 1.0)])[0] < begins[0] + 1.5


def test_two_writing_processes_lose_nothing(opener: Opener, store_address: str) -> None:
    opener()
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=write_many, args=(store_address, name)) for name in ("one", "two")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    store = opener()
    keys = [i.to_bytes(16, "big") for i in range(300)]
    assert len(store.get_many(keys)) == 300
    assert store.spend()["extract"].calls == 400  # a third of the keys was written by both


def write_many(address: str, name: str) -> None:
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    store = open_store(address)
    writer = GroupWriter(store, done.put)
    mine = range(200) if name == "one" else range(100, 300)
    for i in mine:
        writer.submit(put(i.to_bytes(16, "big"), name.encode()), i)
    writer.close()
    results = dict(pair for group in iter_queue(done) for pair in group)
    stored = store.get_many([i.to_bytes(16, "big") for i in mine])
    assert all(results[i] == stored[i.to_bytes(16, "big")] for i in mine)  # what we were told is what stands
    store.close()


def iter_queue(done: queue.SimpleQueue[Any]) -> list[Any]:
    return [done.get() for _ in range(done.qsize())]


def test_a_writer_that_is_closed_has_written_everything(opener: Opener) -> None:
    seen: list[Any] = []
    writer = GroupWriter(opener(), seen.extend)
    for i in range(2500):  # more than one group holds
        writer.submit(put(i.to_bytes(16, "big"), b"x"), i)
    writer.close()
    assert sorted(token for token, _ in seen) == list(range(2500))
    assert opener().spend()["extract"].calls == 2500


# ---- the parts


@given(st.binary(min_size=16, max_size=16), st.binary())
def test_a_packed_value_comes_back_under_its_own_key_only(key: bytes, value: bytes) -> None:
    assert unpack_value(key, pack_value(key, value), "here") == value
    with pytest.raises(StoreError, match=r"here: the entry .* is damaged"):
        unpack_value(bytes([key[0] ^ 1]) + key[1:], pack_value(key, value), "here")


def test_an_early_stage_cannot_eat_a_later_ones_share() -> None:
    limits = (Limit((), Amount(calls=100)), Limit(("extract",), Amount(calls=30)))
    assert granted_amount(lease("a", 40, 20, "extract", limits), {}) == Amount(calls=20)
    assert granted_amount(lease("a", 40, 40, "extract", limits), {}) == Amount()
    assert granted_amount(lease("a", 90, 1, "expand", limits), {"extract": Amount(calls=10)}) == Amount(calls=90)


@pytest.mark.parametrize("address", ["", "sqlite:", "mysql://x", "redis://user:s3cret@host", "/a/path",
    "redis:host", "redis://", "redis://host:port", "redis://host/name", "rediss://host?password=s3cret",
    "bigtable:p/i/t", "bigtable://p/i", "bigtable://p/i/t/x", "bigtable://p/i/"])  # fmt: skip
def test_an_address_that_is_none_is_refused_without_showing_secrets(address: str) -> None:
    with pytest.raises(ValueError, match="--response_store") as caught:
        scheme_of(address)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("address", ["reddis://user:s3cret@host", "redis//user:s3cret@host", "rediss://:s3cret",
    "redis:/host?password=s3cret", "mysql://host/db?token=s3cret", "bigtable://p/i/t?token=s3cret", "user:s3cret@host",
    "postgres://user:s3c/ret@host", "https://:s3cret@host", "redis://default:s3cret", "host;password=s3cret",
    "redis//host,password=s3cret", "redis://host#s3cret"])  # fmt: skip
def test_what_may_be_a_secret_in_a_mistyped_address_is_not_shown(address: str) -> None:
    with pytest.raises(ValueError, match=r"--response_store .*…") as caught:
        scheme_of(address)
    assert "s3c" not in str(caught.value)


def test_a_mistyped_address_without_secrets_is_shown() -> None:
    for address in ("mysql://host/db", "/a/path", "bigtable://p/i"):
        with pytest.raises(ValueError, match=address):
            scheme_of(address)


def test_an_embedded_store_is_local() -> None:
    assert is_embedded_store("sqlite:/here/responses.sqlite")
    assert not any(
        map(is_embedded_store, ["redis://host", "redis://host:6379/1", "rediss://[::1]:7000/0", "bigtable://p/i/t"])
    )
    assert not is_embedded_store("none")
