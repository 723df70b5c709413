"""What is Bigtable's own, beside the contract of every response store."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.api_core.exceptions import ServiceUnavailable
from google.cloud.bigtable import Client
from google.cloud.bigtable.column_family import GCRuleIntersection, GCRuleUnion, MaxAgeGCRule, MaxVersionsGCRule
from google.cloud.bigtable.data import DeleteAllFromRow, SetCell

from persona_hub.transforms.store import bigtable_rows, retry
from persona_hub.transforms.store.bigtable import ANSWER_ROWS, LEASES_ROW, SERIAL, BigtableStore
from persona_hub.transforms.store.bigtable_rows import ANSWER_FAMILY, FORMAT_CELL, STATE_FAMILY, TableRows, forgets
from persona_hub.transforms.store.protocol import Amount, Book, Limit, Release, Renew, Spend, StoreError
from persona_hub.transforms.store.registry import open_store
from tests.helpers.stores import COST, KEY, OTHER, lease, put
from tests.servers.bigtable import BigtableServer


def admin_table(address: str) -> Any:
    """The table as an administrator's client has it."""
    project, instance, table = address.removeprefix("bigtable://").split("/")
    return Client(project=project, admin=True).instance(instance).table(table)


class Unlucky:
    """Does what a function does, and loses the reply to the n-th call, from 1."""

    def __init__(self, call: Any, n: int):
        self.call, self.n = call, n

    def __call__(self, *arguments: Any) -> Any:
        result = self.call(*arguments)
        self.n -= 1
        if self.n == 0:
            raise ServiceUnavailable("Socket closed")
        return result


def test_a_table_that_is_not_there_is_made(bigtable_address: str) -> None:
    open_store(bigtable_address)
    families = admin_table(bigtable_address).list_column_families()
    assert {name: family.gc_rule for name, family in families.items()} == dict.fromkeys(
        (ANSWER_FAMILY, STATE_FAMILY), MaxVersionsGCRule(1)
    )


def test_processes_that_come_at_once_make_one_table(bigtable_address: str) -> None:
    with futures.ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: open_store(bigtable_address), range(8)))
    stores[0].commit([put(KEY, b"x")])
    assert all(store.get_many([KEY]) == {KEY: b"x"} for store in stores)


def test_killed_before_the_answers_calls_are_counted_and_asked_again(bigtable_address: str) -> None:
    class Killed(BaseException):
        pass

    def kill(row: Any) -> bool:
        raise Killed

    store: Any = open_store(bigtable_address)
    store._add = kill
    with pytest.raises(Killed):
        store.commit([put(KEY, b"first"), put(OTHER, b"other")])
    after = open_store(bigtable_address)
    assert after.get_many([KEY, OTHER]) == {}
    assert after.commit([put(KEY, b"again")]) == [b"again"]
    assert after.spend()["extract"].calls == 3  # paid three times, and so it says


def test_a_reply_that_was_lost_changes_nothing(bigtable_address: str) -> None:
    store: Any = open_store(bigtable_address)
    for lost in (1, 2, 3):  # the reply to: the answer, the lease, the booking
        store.rows._check = Unlucky(TableRows._check.__get__(store.rows), lost)
        room = (Limit((), Amount(calls=lost + 10)),)  # for what is spent and for this lease, once
        found = store.commit([put(bytes([lost]) * 16, b"first"), lease(f"owner {lost}", 10, limits=room)])
        assert found == [b"first", Amount(calls=10)]
        store.commit([Release(f"owner {lost}")])
        assert store.commit([Book("requests", 1.0)])
        assert store.spend()["extract"] == Spend(*(lost * n for n in COST))


def test_a_ledger_that_comes_late_does_not_stand(bigtable_address: str) -> None:
    store: Any = open_store(bigtable_address)
    written: list[Any] = []
    write = store.rows.write

    def note(*row: Any) -> None:
        written.append(row)
        write(*row)

    store.rows.write = note
    store.commit([put(KEY, b"first")])
    store.commit([put(OTHER, b"second")])
    write(*written[0])  # as a packet that was on its way while the client asked again
    assert store.spend()["extract"].calls == 2


def test_leases_never_pass_the_budget_however_many_ask(bigtable_address: str) -> None:
    limits = (Limit((), Amount(calls=100)),)
    granted: list[int] = []

    def work(name: int) -> None:
        store = open_store(bigtable_address)
        while got := store.commit([lease(str(name), 7, limits=limits)])[0].calls:
            granted.append(got)
            store.commit([put(os.urandom(16), b"", owner=str(name)) for _ in range(got)])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 100
    assert open_store(bigtable_address).spend()["extract"].calls == 100


def test_booked_time_is_given_once_however_many_book(bigtable_address: str) -> None:
    def work(name: int) -> list[float]:
        store = open_store(bigtable_address)
        return [store.commit([Renew(f"owner {name}"), Book("requests", 5.0)])[1] for _ in range(5)]

    with futures.ThreadPoolExecutor(4) as pool:
        begins = sorted(begin for some in pool.map(work, range(4)) for begin in some)
    assert [b - begins[0] for b in begins] == pytest.approx([5.0 * i for i in range(20)], abs=0.01)


def test_what_the_dead_had_leased_is_swept_away(bigtable_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store: Any = open_store(bigtable_address)
    store.commit([lease("dead", 10), lease("alive", 10)])
    late = time.time() + 100
    monkeypatch.setattr("time.time", lambda: late)
    store.commit([Renew("alive"), Release("me")])
    assert set(store.rows.read([LEASES_ROW])[LEASES_ROW]) == {SERIAL, b"alive\nextract"}


def test_a_server_that_stays_away_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "RETRY_SECONDS", 0.3)
    monkeypatch.setattr(bigtable_rows, "OPERATION_SECONDS", 0.3)
    server = BigtableServer()
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
    with server:
        store = open_store("bigtable://p/i/t")
    with pytest.raises(StoreError, match=r"bigtable://p/i/t: no answer for .*--response_store"):
        store.get_many([KEY])


@pytest.mark.parametrize(
    ("families", "said"),
    [
        ({"x": MaxVersionsGCRule(1)}, "some other program's table .column families: x"),
        ({}, "some other program's table .column families: none"),
        (
            {ANSWER_FAMILY: MaxAgeGCRule(timedelta(days=30)), STATE_FAMILY: None},
            "throws cells out by age.*cbt setgcpolicy",
        ),
    ],
)
def test_tables_of_another_make_are_refused(bigtable_address: str, families: Any, said: str) -> None:
    admin_table(bigtable_address).create(column_families=families)
    with pytest.raises(StoreError, match=said):
        open_store(bigtable_address)


def test_another_version_is_refused(bigtable_address: str) -> None:
    store: Any = open_store(bigtable_address)
    row, column = FORMAT_CELL
    store.rows.write(row, SetCell(STATE_FAMILY, column, b"7"))
    with pytest.raises(StoreError, match="version 7 of the format, this program reads 1"):
        open_store(bigtable_address)


def test_rows_of_another_program_are_refused(bigtable_address: str) -> None:
    store: Any = open_store(bigtable_address)
    row, _ = FORMAT_CELL
    store.rows.write(row, DeleteAllFromRow())
    store.rows.write(b"x", SetCell(STATE_FAMILY, b"x", b"x"))
    with pytest.raises(StoreError, match="rows of some other program"):
        open_store(bigtable_address)


def test_damaged_entries_never_give_a_wrong_answer(bigtable_address: str) -> None:
    store: Any = open_store(bigtable_address)
    store.commit([put(KEY, b"answer")])
    [cells] = store.rows.read([ANSWER_ROWS + KEY]).values()
    whole = cells[b"v"].value
    store.rows.write(ANSWER_ROWS + KEY, SetCell(ANSWER_FAMILY, b"v", whole[:-1] + bytes([whole[-1] ^ 1])))
    with pytest.raises(StoreError, match="is damaged"):
        store.get_many([KEY])


def test_a_store_does_not_cross_a_fork(bigtable_address: str) -> None:
    store = open_store(bigtable_address)
    child = os.fork()
    if child == 0:
        try:
            store.get_many([KEY])
        except StoreError:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


# ---- refusals that the emulator does not know


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, grpc.StatusCode]]:
    """A server that answers each method with the status that is told."""
    told: dict[str, grpc.StatusCode] = {}

    class Refuse(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            def refuse(_: Any, context: grpc.ServicerContext) -> None:
                context.abort(told[details.method.rpartition("/")[2]], "no such luck")

            return grpc.unary_unary_rpc_method_handler(refuse)

    server = grpc.server(futures.ThreadPoolExecutor(1), handlers=[Refuse()])
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    yield told
    server.stop(None)


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (
            {"GetTable": "NOT_FOUND", "CreateTable": "PERMISSION_DENIED"},
            "cannot be made .*no such luck.*gcloud bigtable instances tables create t --project=p --instance=i",
        ),
        ({"GetTable": "NOT_FOUND", "CreateTable": "NOT_FOUND"}, "cannot be made .*no such luck"),  # no such instance
        ({"GetTable": "UNAUTHENTICATED"}, "roles/bigtable.user"),
        ({"GetTable": "PERMISSION_DENIED", "ReadRows": "PERMISSION_DENIED"}, "roles/bigtable.user"),
        ({"GetTable": "PERMISSION_DENIED", "ReadRows": "FAILED_PRECONDITION"}, "single-row transactions"),
    ],
)
def test_refusals_say_what_to_do(refusing: dict[str, grpc.StatusCode], statuses: dict[str, str], said: str) -> None:
    refusing.update({method: grpc.StatusCode[status] for method, status in statuses.items()})
    with pytest.raises(StoreError, match=said):
        BigtableStore("bigtable://p/i/t")


# ---- the parts


def test_rules_that_forget_are_known() -> None:
    old, latest = MaxAgeGCRule(timedelta(days=30)), MaxVersionsGCRule(1)
    assert forgets(old.to_pb())
    assert forgets(GCRuleUnion([old, latest]).to_pb())
    assert not forgets(GCRuleIntersection([old, latest]).to_pb())
    assert not forgets(latest.to_pb())
