"""Erasure in a Redis store: of keys, and then of their history in the server's files."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import redis

from persona_hub.transforms.store.protocol import LOOKUP_KEYS, StoreError

REWRITE_SECONDS = 600.0  # for a rewrite of the append-only file: seconds a gigabyte
REWRITE_POLL_SECONDS = 0.1
COPIES = "copies that others have made of its files, and replicas that are away, are beyond reach: remove them"

Asker = Callable[[Callable[[], Any]], Any]


def keys_about(client: Any, ask: Asker, about: bytes, subjects: Collection[bytes]) -> list[bytes]:
    """The keys whose subject is among `subjects`."""
    return [key for key, subject in hash_fields(client, ask, about) if subject in subjects]


def hash_fields(client: Any, ask: Asker, name: bytes) -> Iterator[tuple[bytes, bytes]]:
    """All fields of a hash."""
    cursor = 0
    while True:
        at = cursor
        cursor, found = ask(lambda: client.hscan(name, at, count=LOOKUP_KEYS))
        yield from found.items()
        if not cursor:
            return


def remove(client: Any, ask: Asker, about: bytes, answer: bytes, keys: Collection[bytes]) -> int:
    """Removes answers with their subjects; returns how many were there. Doing it again changes nothing."""
    left, removed = list(keys), 0
    for start in range(0, len(left), LOOKUP_KEYS):
        part = left[start : start + LOOKUP_KEYS]

        def act(part: Sequence[bytes] = part) -> int:
            with client.pipeline(transaction=True) as pipe:
                pipe.delete(*(answer + key for key in part))
                pipe.hdel(about, *part)
                return int(pipe.execute()[0])

        removed += ask(act)
    return removed


def keys_without_subject(client: Any, ask: Asker, about: bytes, answer: bytes) -> Iterator[list[bytes]]:
    """The keys of answers without a subject, in batches; a key may come twice."""
    cursor = 0
    while True:
        at = cursor
        cursor, found = ask(lambda: client.scan(at, match=answer + b"*", count=LOOKUP_KEYS))
        keys = [name.removeprefix(answer) for name in found]
        named = ask(lambda: client.hmget(about, keys)) if keys else []
        yield [key for key, subject in zip(keys, named, strict=True) if subject is None]
        if not cursor:
            return


def scrub(client: Any, ask: Asker, address: str) -> Sequence[str]:
    """Has the server rewrite its files, and waits for that; returns a note on copies of them. Raises StoreError."""
    try:
        rewrite_files(client, ask, address)
    except (redis.ResponseError, StoreError) as error:
        raise StoreError(
            f"{address}: its append-only file still holds what was removed ({error}); have the server write it anew "
            "(BGREWRITEAOF), and its snapshots (BGSAVE)"
        ) from error
    return [f"{address}: {COPIES}"]


def rewrite_files(client: Any, ask: Asker, address: str) -> None:
    """The append-only file, and the snapshot where the server keeps one. Raises StoreError."""
    wait_until_done(client, ask, address, "aof_rewrite_in_progress", "rdb_bgsave_in_progress")
    client.bgrewriteaof()
    wait_until_done(client, ask, address, "aof_rewrite_in_progress", "aof_rewrite_scheduled")
    if (status := ask(lambda: client.info("persistence")).get("aof_last_bgrewrite_status")) != "ok":
        raise StoreError(f"the rewrite ended with {status!r}")
    if ask(lambda: client.config_get("save")).get("save"):
        client.bgsave()
        wait_until_done(client, ask, address, "rdb_bgsave_in_progress")
        if (status := ask(lambda: client.info("persistence")).get("rdb_last_bgsave_status")) != "ok":
            raise StoreError(f"the snapshot ended with {status!r}")


def wait_until_done(client: Any, ask: Asker, address: str, *under_way: str) -> None:
    """Waits until none of these is under way."""
    until = time.monotonic() + REWRITE_SECONDS
    while any(ask(lambda: client.info("persistence")).get(name) for name in under_way):
        if time.monotonic() > until:
            raise StoreError(f"{address}: the server has not written its files in {REWRITE_SECONDS:.0f} s")
        time.sleep(REWRITE_POLL_SECONDS)
