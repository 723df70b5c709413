"""How a shared store forgets: keys go, then the history of them out of the server's files."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import redis

from persona_hub.transforms.store.protocol import LOOKUP_KEYS, StoreError

REWRITE_SECONDS = 600.0  # for a rewrite of the append-only file: seconds a gigabyte
LOOK_SECONDS = 0.1
COPIES = "copies that others have made of its files, and replicas that are away, are beyond reach: remove them"

Try = Callable[[Callable[[], Any]], Any]


def keys_about(client: Any, again: Try, about: bytes, subjects: Collection[bytes]) -> list[bytes]:
    """The keys whose subject is among `subjects`."""
    return [key for key, subject in fields_of(client, again, about) if subject in subjects]


def fields_of(client: Any, again: Try, name: bytes) -> Iterator[tuple[bytes, bytes]]:
    """All fields of a hash."""
    cursor = 0
    while True:
        at = cursor
        cursor, found = again(lambda: client.hscan(name, at, count=LOOKUP_KEYS))
        yield from found.items()
        if not cursor:
            return


def remove(client: Any, again: Try, about: bytes, answer: bytes, keys: Collection[bytes]) -> int:
    """Removes answers with the subjects that they name; how many were there. Done again it changes nothing."""
    left, removed = list(keys), 0
    for start in range(0, len(left), LOOKUP_KEYS):
        part = left[start : start + LOOKUP_KEYS]

        def act(part: Sequence[bytes] = part) -> int:
            with client.pipeline(transaction=True) as pipe:
                pipe.delete(*(answer + key for key in part))
                pipe.hdel(about, *part)
                return int(pipe.execute()[0])

        removed += again(act)
    return removed


def unnamed_keys(client: Any, again: Try, about: bytes, answer: bytes) -> Iterator[list[bytes]]:
    """The keys of answers that name no subject, some at a time; one may come twice."""
    cursor = 0
    while True:
        at = cursor
        cursor, found = again(lambda: client.scan(at, match=answer + b"*", count=LOOKUP_KEYS))
        keys = [name.removeprefix(answer) for name in found]
        named = again(lambda: client.hmget(about, keys)) if keys else []
        yield [key for key, subject in zip(keys, named, strict=True) if subject is None]
        if not cursor:
            return


def scrub(client: Any, again: Try, address: str) -> Sequence[str]:
    """Has the server write its files anew, and waits for that; a word on copies of them. Raises StoreError."""
    try:
        rewrite(client, again, address)
    except (redis.ResponseError, StoreError) as error:
        raise StoreError(
            f"{address}: its append-only file still holds what was removed ({error}); have the server write it anew "
            "(BGREWRITEAOF), and its snapshots (BGSAVE)"
        ) from error
    return [f"{address}: {COPIES}"]


def rewrite(client: Any, again: Try, address: str) -> None:
    """The append-only file, and the snapshot where the server keeps one. Raises StoreError."""
    waited_for(client, again, address, "aof_rewrite_in_progress", "rdb_bgsave_in_progress")
    client.bgrewriteaof()
    waited_for(client, again, address, "aof_rewrite_in_progress", "aof_rewrite_scheduled")
    if (status := again(lambda: client.info("persistence")).get("aof_last_bgrewrite_status")) != "ok":
        raise StoreError(f"the rewrite ended with {status!r}")
    if again(lambda: client.config_get("save")).get("save"):
        client.bgsave()
        waited_for(client, again, address, "rdb_bgsave_in_progress")
        if (status := again(lambda: client.info("persistence")).get("rdb_last_bgsave_status")) != "ok":
            raise StoreError(f"the snapshot ended with {status!r}")


def waited_for(client: Any, again: Try, address: str, *under_way: str) -> None:
    """Waits until none of these is under way."""
    until = time.monotonic() + REWRITE_SECONDS
    while any(again(lambda: client.info("persistence")).get(name) for name in under_way):
        if time.monotonic() > until:
            raise StoreError(f"{address}: the server has not written its files in {REWRITE_SECONDS:.0f} s")
        time.sleep(LOOK_SECONDS)
