"""What is Redis's own, beside the contract of every response store."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_hub.transforms.store import redis as store_module
from persona_hub.transforms.store import retry
from persona_hub.transforms.store.protocol import (
    Amount,
    Book,
    Lease,
    Limit,
    Spend,
    StoreError,
    granted_amount,
    pack_value,
)
from persona_hub.transforms.store.redis import FORMAT_KEY, KEY_PREFIX, LEASES_KEY, SPEND_KEY, RedisStore
from persona_hub.transforms.store.registry import open_store
from persona_hub.transforms.store.writer import GroupWriter
from tests.conftest import missing
from tests.helpers.stores import COST, KEY, OTHER, lease, put
from tests.servers.redis import RedisServer


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Any]:
    """Another program's connection to the same server."""
    connect: Any = redis.Redis
    with connect(port=redis_server.port, protocol=2) as connection:
        yield connection


def key_of(i: int) -> bytes:
    return i.to_bytes(16, "big")


def test_a_killed_server_has_lost_nothing_that_was_committed(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.address, durable=True)
    told: list[tuple[Any, Any]] = []
    busy, killed, submitted = threading.Event(), threading.Event(), list[int]()

    def on_done(done: Any) -> None:
        told.extend(done)
        if len(told) >= 500:
            busy.set()

    def feed() -> None:  # before, during and after
        while not killed.is_set():
            submit()
            time.sleep(0.0001)
        for _ in range(500):
            submit()

    def submit() -> None:
        submitted.append(len(submitted))
        writer.submit(put(key_of(submitted[-1]), b"%d" % submitted[-1]), submitted[-1])

    writer = GroupWriter(store, on_done)
    feeder = threading.Thread(target=feed)
    feeder.start()
    assert busy.wait(60)
    redis_server.kill()  # amid commits
    known = [token for token, _ in list(told)]
    killed.set()
    redis_server.start()
    assert len(open_store(redis_server.address).get_many([key_of(i) for i in known])) == len(known) >= 500
    feeder.join()
    writer.close()  # the writer has found the server again by itself
    assert sorted(told) == [(i, b"%d" % i) for i in submitted]
    again = open_store(redis_server.address)
    assert again.get_many([key_of(i) for i in submitted]) == {key_of(i): b"%d" % i for i in submitted}
    n = len(submitted)
    assert again.spend() == {"extract": Spend(n, 100 * n, 20 * n, 5000 * n)}  # each counted once


def test_leases_and_booked_time_outlive_the_server(redis_server: RedisServer) -> None:
    store = open_store(redis_server.address)
    first = store.commit([lease("a", 90), Book("requests", 30.0)])
    redis_server.kill()
    redis_server.start()
    second = store.commit([lease("b", 20, least=10), Book("requests", 30.0)])
    assert second == [Amount(calls=10), pytest.approx(first[1] + 30, abs=0.01)]


def test_a_commit_whose_reply_was_lost_counts_once(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.address)
    script, replies = store.script, list[Any]()

    def unlucky(*arguments: Any) -> Any:
        replies.append(script(*arguments))
        if len(replies) == 1:
            raise redis.ConnectionError("Connection reset by peer")
        return replies[-1]

    store.script = unlucky
    assert store.commit([put(KEY, b"first"), lease("a", 60)]) == [b"first", Amount(calls=60)]
    assert replies[0] == replies[1]
    assert store.spend() == {"extract": COST}
    assert store.commit([lease("b", 60, least=39)]) == [Amount(calls=39)]


def test_a_commit_that_comes_after_its_successor_does_nothing(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.address)
    store.commit([put(KEY, b"first")])
    store.commit([put(OTHER, b"second")])
    store.commits = 0  # as a packet that was on its way while the client asked again
    with pytest.raises(StoreError, match="STALE"):
        store.commit([put(KEY, b"first")])
    assert store.spend()["extract"].calls == 2


def test_a_server_that_stays_away_is_an_error_that_says_so(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "RETRY_SECONDS", 0.3)
    store = open_store(redis_server.address)
    redis_server.kill()
    with pytest.raises(StoreError, match=r"redis://127\.0\.0\.1:\d+: no answer for .*--response_store"):
        store.get_many([KEY])


def test_a_password_comes_from_the_environment(
    redis_server: RedisServer, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.acl_setuser("me", enabled=True, passwords=["+s3cret"], keys=["persona-hub:*"], commands=["+@all"])
    client.config_set("requirepass", "0ther")
    with pytest.raises(StoreError, match="set REDIS_USERNAME and REDIS_PASSWORD"):
        open_store(redis_server.address)
    monkeypatch.setenv("REDIS_PASSWORD", "wr0ng")
    with pytest.raises(StoreError, match="set REDIS_USERNAME and REDIS_PASSWORD") as error:
        open_store(redis_server.address)
    assert "wr0ng" not in str(error.value)
    monkeypatch.setenv("REDIS_PASSWORD", "s3cret")
    monkeypatch.setenv("REDIS_USERNAME", "me")  # who may see our keys only
    store = open_store(redis_server.address)
    assert store.commit([put(KEY, b"x"), lease("a", 1)]) == [b"x", Amount(calls=1)]


@pytest.mark.parametrize(
    ("settings", "durable", "said"),
    [
        ({"appendonly": "no"}, False, "append-only file is off.* CONFIG SET appendonly yes"),
        ({"maxmemory-policy": "allkeys-lru", "maxmemory": "1gb"}, False, "allkeys-lru throws answers out"),
        ({"appendfsync": "everysec"}, True, "appendfsync is everysec.* CONFIG SET appendfsync always"),
    ],
)
def test_a_server_that_would_forget_is_refused(
    redis_server: RedisServer, client: Any, settings: dict[str, str], durable: bool, said: str
) -> None:
    for name, value in settings.items():
        client.config_set(name, value)
    with pytest.raises(StoreError, match=said):
        open_store(redis_server.address, durable)


def test_everysec_will_do_where_power_failures_may_cost(redis_server: RedisServer, client: Any) -> None:
    client.config_set("appendfsync", "everysec")
    assert open_store(redis_server.address).commit([put(KEY, b"x")]) == [b"x"]


def test_another_version_is_refused(redis_server: RedisServer, client: Any) -> None:
    client.set(FORMAT_KEY, 7)
    with pytest.raises(StoreError, match="version 7 of the format, this program reads 1"):
        open_store(redis_server.address)
    assert client.keys() == [FORMAT_KEY]


@pytest.mark.parametrize("key", [FORMAT_KEY, SPEND_KEY, LEASES_KEY])
def test_keys_of_another_type_are_refused(redis_server: RedisServer, client: Any, key: bytes) -> None:
    client.rpush(key, "x")
    with pytest.raises(StoreError, match=f"{key.decode()} is a list of some other program; name another"):
        open_store(redis_server.address)


def test_a_key_that_became_another_type_fails_before_anything_is_written(
    redis_server: RedisServer, client: Any
) -> None:
    store = open_store(redis_server.address)
    client.set(LEASES_KEY, "x")
    with pytest.raises(StoreError, match="WRONGTYPE"):
        store.commit([put(KEY, b"x")])
    assert not store.get_many([KEY])
    assert not store.spend()


def test_damaged_entries_never_give_a_wrong_answer(redis_server: RedisServer, client: Any) -> None:
    store = open_store(redis_server.address)
    store.commit([put(KEY, b"answer")])
    whole = client.get(KEY_PREFIX + b"answer:" + KEY)
    client.set(KEY_PREFIX + b"answer:" + KEY, whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(StoreError, match="is damaged"):
        store.get_many([KEY])
    client.delete(KEY_PREFIX + b"answer:" + KEY)
    client.rpush(KEY_PREFIX + b"answer:" + KEY, "x")
    with pytest.raises(StoreError, match="another program's"):
        store.commit([put(KEY, b"answer")])


def test_databases_of_one_server_are_stores_of_their_own(redis_server: RedisServer) -> None:
    open_store(redis_server.address).commit([put(KEY, b"x")])
    assert not open_store(f"{redis_server.address}/1").get_many([KEY])


def test_a_store_does_not_cross_a_fork(redis_server: RedisServer) -> None:
    store = open_store(redis_server.address)
    child = os.fork()
    if child == 0:
        try:
            store.get_many([KEY])
        except StoreError:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


AMOUNTS = st.builds(Amount, *[st.sampled_from([0, 1, 5, 10**8 + 7, 10**14 + 7])] * 3)
TOKENS, COSTS = st.sampled_from([0, 1, 4, 10**8]), st.sampled_from([0, 1, 4, 10**14])
SPENDS = st.builds(Spend, TOKENS, TOKENS, TOKENS, COSTS, st.just(0))
LIMITS = st.builds(Limit, st.sampled_from([(), ("a",), ("b",), ("a", "b")]), AMOUNTS)


@given(
    spent=st.dictionaries(st.sampled_from("abc"), SPENDS),
    lease=st.builds(
        Lease, st.just("me"), st.sampled_from("abc"), AMOUNTS, AMOUNTS, st.lists(LIMITS, max_size=3).map(tuple)
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_script_grants_what_the_protocol_does(
    redis_server: RedisServer, client: Any, spent: dict[str, Spend], lease: Lease
) -> None:
    client.flushall()
    store = open_store(redis_server.address)
    store.commit([put(b"", b"", spend, stage=stage) for stage, spend in spent.items()])
    assert store.spend() == spent
    assert store.commit([lease]) == [granted_amount(lease, {stage: spend.amount for stage, spend in spent.items()})]
    store.close()


def test_tls_is_spoken_to_a_server_whose_certificate_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (RedisServer.installed() and shutil.which("openssl")):
        missing("redis-server or openssl is not installed on this machine")
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    server = RedisServer(tmp_path / "redis", "--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no")
    with server.with_tls():
        monkeypatch.setattr(store_module, "CONNECT_SECONDS", 0.5)
        with pytest.raises(StoreError, match="certificate verify failed"):
            open_store(f"rediss://localhost:{server.port}")
        monkeypatch.setenv("SSL_CERT_FILE", cert)
        assert open_store(f"rediss://localhost:{server.port}").commit([put(KEY, b"x")]) == [b"x"]


def test_no_file_of_the_server_holds_what_was_erased(redis_server: RedisServer) -> None:
    store = open_store(redis_server.address)
    packed = pack_value(KEY, b"words that shall be gone " * 20)
    store.commit([put(KEY, b"words that shall be gone " * 20, subject=b"one"), put(OTHER, b"other", subject=b"two")])

    def held() -> bytes:
        return b"".join(file.read_bytes() for file in redis_server.folder.rglob("*") if file.is_file())

    assert packed in held()
    assert store.erase([b"one"]) == 1
    assert packed in held(), "the append-only file is a history"
    [word] = store.scrub()
    assert "replicas that are away, are beyond reach" in word
    assert packed not in held()
    redis_server.kill()
    redis_server.start()
    assert open_store(redis_server.address).get_many([KEY, OTHER]) == {OTHER: b"other"}


def test_a_server_that_may_not_rewrite_its_file_is_told(redis_server: RedisServer, client: Any) -> None:
    store = RedisStore(redis_server.address)
    client.execute_command("ACL", "SETUSER", "default", "-bgrewriteaof")
    with pytest.raises(StoreError, match=rf"{redis_server.address}: its append-only file still .*BGREWRITEAOF"):
        store.scrub()
