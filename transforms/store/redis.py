"""The shared store: one Redis server with its append-only file on, for the workers of a cluster."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry as ClientRetry

from persona_hub.transforms.secrets import SecretError, secret_or_password, variable
from persona_hub.transforms.store import redis_erasing as erasing
from persona_hub.transforms.store.protocol import (
    LOOKUP_KEYS,
    NOT_THERE,
    Amount,
    Book,
    Claim,
    Claimed,
    Lease,
    Put,
    Renew,
    Spend,
    StoreAway,
    StoreError,
    StoreJob,
    pack_value,
    replaced_error,
    unpack_value,
)
from persona_hub.transforms.store.redis_jobs import jobs_as_json
from persona_hub.transforms.store.retry import ServerRetry

FORMAT_KEY = b"persona-hub:format"  # holds the version of all keys below
KEYS_VERSION = 1
KEY_PREFIX = b"persona-hub:%d:" % KEYS_VERSION
ANSWER_PREFIX = KEY_PREFIX + b"answer:"
SPEND_KEY, LEASES_KEY, BOOKED_KEY, STOP_KEY = (KEY_PREFIX + name for name in (b"spend", b"lease", b"booked", b"stop"))
SUBJECTS_KEY = KEY_PREFIX + b"about"  # {key of an answer: its subject}
CLAIMS_KEY, ALIVE_KEY = KEY_PREFIX + b"claim", KEY_PREFIX + b"alive"  # {key: owner}, {owner: until when it lives}
IDENTITY_KEY = KEY_PREFIX + b"identity"
TYPES = {
    FORMAT_KEY: b"string",
    SPEND_KEY: b"hash",
    LEASES_KEY: b"hash",
    BOOKED_KEY: b"hash",
    STOP_KEY: b"string",
    SUBJECTS_KEY: b"hash",
    CLAIMS_KEY: b"hash",
    ALIVE_KEY: b"hash",
    IDENTITY_KEY: b"string",
}
REMEMBER_SECONDS = 3600  # a commit's result, for a client that lost the connection before it had the reply
CONNECT_SECONDS = 5.0  # a wrong address is reported soon
SOCKET_SECONDS = 30.0  # for a reply
LONGEST_PAUSE_SECONDS = 1.0  # between attempts
OTHER_DATABASE = "name another server or database (redis://HOST/1)"


class RedisStore:
    """A ResponseStore in one database of a Redis server. Every commit is one script, which runs alone.

    The append-only file must be on: then a killed server has all answers again. `appendfsync everysec` may lose the
    last two seconds to a power failure or a disk that hangs, `always` nothing: `durable` insists on it. The
    processes' clocks must agree to seconds. User and password: REDIS_USERNAME and REDIS_PASSWORD, or those that
    `?username=NAME&password_secret=SECRET` names; the latter is one of Secret Manager's, read here.
    """

    def __init__(self, address: str, durable: bool = False, make: bool = True):
        self.address = address
        self.done, self.commits = KEY_PREFIX + b"done:" + secrets.token_hex(8).encode(), 0
        place, _, query = address.partition("?")
        named = {name: values[0] for name, values in parse_qs(query).items()}
        try:
            password = secret_or_password(named.get("password_secret", ""), ["REDIS_PASSWORD"])
        except SecretError as error:
            raise StoreError(f"{place}: {error}") from error
        connect: Any = redis.Redis.from_url
        self.client = connect(
            place,
            username=named.get("username") or variable("REDIS_USERNAME") or None,
            password=password or None,
            protocol=2,  # every server has it
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=ClientRetry(NoBackoff(), 0),  # `_ask` retries, which knows what passes with time
        )
        self.script = self.client.register_script(files(__package__).joinpath("redis_commit.lua").read_text())
        self.retry = ServerRetry(address, passes_with_time, LONGEST_PAUSE_SECONDS, patience=CONNECT_SECONDS)
        try:
            self._check_server(durable)
            self._check_format(make)
        except BaseException:
            self.close()
            raise
        self.retry.opened()

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that have one."""
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), LOOKUP_KEYS):
            part = keys[start : start + LOOKUP_KEYS]
            values = self._ask(lambda: self.client.mget([ANSWER_PREFIX + key for key in part]))
            found.update((key, value) for key, value in zip(part, values, strict=True) if value is not None)
        return {key: unpack_value(key, value, self.address) for key, value in found.items()}

    @property
    def identity(self) -> str:
        """The name that it was given when it was made; "" where only an earlier release has used it."""
        return self.made_as

    def commit(self, jobs: Sequence[StoreJob]) -> list[Any]:
        """Does all jobs in one script: all that it wrote stands in the append-only file, or nothing does."""
        self.commits += 1
        puts = [job for job in jobs if isinstance(job, Put)]
        rows = {put.key: put.value for put in reversed(puts) if put.key}  # of two with one key, the first
        about = {put.key: put.subject for put in reversed(puts) if put.key}
        keys = [
            SPEND_KEY,
            LEASES_KEY,
            BOOKED_KEY,
            STOP_KEY,
            self.done,
            SUBJECTS_KEY,
            CLAIMS_KEY,
            ALIVE_KEY,
            IDENTITY_KEY,
            *(ANSWER_PREFIX + key for key in rows),
        ]
        values = [part for key, value in rows.items() for part in (pack_value(key, value), key, about[key])]
        work = jobs_as_json(puts, [job for job in jobs if not isinstance(job, Put)], ANSWER_PREFIX)
        kept, results = self._ask(
            lambda: self.script(keys, [f"{time.time():.6f}", self.commits, REMEMBER_SECONDS, work, *values])
        )
        lost = [key for key, mine in zip(rows, kept.decode(), strict=True) if mine == "0"]
        stands = self.get_many(lost)
        for key in lost:
            if key not in stands:  # it cannot be taken by SET and not be read by MGET
                raise StoreError(
                    f"{self.address}: {ANSWER_PREFIX + key!r} is no answer, but another program's; {OTHER_DATABASE}"
                )
        rows.update(stands)
        replies: Iterator[bytes] = iter(results)
        return [rows.get(job.key) if isinstance(job, Put) else self._result(job, next(replies)) for job in jobs]

    def spend(self) -> dict[str, Spend]:
        """What was spent so far, by stage."""
        by_stage: dict[str, Spend] = {}
        for field, much in self._ask(lambda: self.client.hgetall(SPEND_KEY)).items():
            name, _, stage = field.decode().partition(":")
            by_stage[stage] = by_stage.get(stage, Spend())._replace(**{name: int(much)})
        return by_stage

    def set_stop_flag(self, stop: bool = True) -> None:
        """Sets or clears the stop flag."""
        self._ask(lambda: self.client.set(STOP_KEY, 1) if stop else self.client.delete(STOP_KEY))

    def erase(self, subjects: Collection[bytes]) -> int:
        """Removes all answers about `subjects`; how many those were."""
        return self._remove(erasing.keys_about(self.client, self._ask, SUBJECTS_KEY, frozenset(subjects)))

    def forget(self, keys: Collection[bytes]) -> None:
        """Removes the answers of these keys."""
        self._remove(keys)

    def without_subject(self) -> Iterator[tuple[bytes, bytes]]:
        """(key, value) of the answers that name no subject."""
        for keys in erasing.keys_without_subject(self.client, self._ask, SUBJECTS_KEY, ANSWER_PREFIX):
            yield from self.get_many(keys).items()

    def scrub(self) -> Sequence[str]:
        """Has the server write its files anew, without what was removed."""
        return erasing.scrub(self.client, self._ask, self.address.partition("?")[0])

    def _result(self, job: StoreJob, reply: bytes) -> Any:
        match job:
            case Lease():
                return Amount(*map(int, reply.split()))
            case Renew():
                stop, _, identity = reply.decode().partition(" ")
                if identity != self.made_as:
                    raise replaced_error(self.address)
                return stop == "1"
            case Book():
                return float(reply)
            case Claim():
                return self._claimed(job, reply.decode())
        return None

    def _claimed(self, claim: Claim, reply: str) -> list[Claimed]:
        answered = [question for question, word in zip(claim.questions, reply, strict=True) if word == "2"]
        values = self.get_many([key for question in answered for key in question])
        return [
            tuple(values.get(key) for key in question) if word == "2" else word == "1"
            for question, word in zip(claim.questions, reply, strict=True)
        ]

    def _remove(self, keys: Collection[bytes]) -> int:
        return erasing.remove(self.client, self._ask, SUBJECTS_KEY, ANSWER_PREFIX, keys)

    def close(self) -> None:
        """Closes the connections of all threads."""
        self.client.close()

    def _ask(self, ask: Callable[[], Any]) -> Any:
        """The server's answer, asked for again while it restarts. Safe for commits: the script knows the last one."""
        try:
            return self.retry(ask)
        except redis.AuthenticationError as error:
            raise StoreError(
                f"{self.address}: {error}; set REDIS_USERNAME and REDIS_PASSWORD in every worker's environment, "
                "or name a secret: ?username=NAME&password_secret=projects/P/secrets/S/versions/V"
            ) from error
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise StoreAway(
                f"{self.address}: no answer for {self.retry.patience:.0f} s ({error}); start the server or name "
                "another one with --response_store (what it lacks is asked, and paid, again)"
            ) from error
        except redis.RedisError as error:
            raise StoreError(f"{self.address}: {error}; mend that on the server, or {OTHER_DATABASE}") from error

    def _info_once_loaded(self) -> dict[str, Any]:
        """What the server says of itself. One that reads its file after a restart says that the file is off."""
        info: dict[str, Any] = self.client.info()
        if info.get("loading"):
            raise redis.BusyLoadingError("it reads its append-only file")
        return info

    def _check_server(self, durable: bool) -> None:
        """Refuses a server that would forget answers: one that keeps no file, or throws keys out."""
        info = self._ask(self._info_once_loaded)
        if not info.get("aof_enabled"):
            raise StoreError(
                f"{self.address}: the append-only file is off, so a restart would lose answers that were paid; "
                "run CONFIG SET appendonly yes there, and set appendonly yes in redis.conf"
            )
        policy = info.get("maxmemory_policy", "noeviction")
        if info.get("maxmemory") and policy.startswith("allkeys"):
            raise StoreError(
                f"{self.address}: maxmemory-policy {policy} throws answers out when memory is short; "
                "run CONFIG SET maxmemory-policy noeviction there, and set it in redis.conf"
            )
        if info.get("cluster_enabled"):
            raise StoreError(f"{self.address}: is part of a Redis Cluster; name a server that is none")
        if durable:
            sync = self._ask(lambda: self.client.config_get("appendfsync")).get("appendfsync")
            if sync != "always":
                raise StoreError(
                    f"{self.address}: appendfsync is {sync}, so a power failure may lose the last seconds; run CONFIG "
                    "SET appendfsync always there, or give up --response_store_sync=power"
                )

    def _check_format(self, make: bool) -> None:
        """Marks a new store; refuses one of another version, and keys that are some other program's."""
        for key, wanted in TYPES.items():
            kind = self._ask(lambda: self.client.type(key))
            if kind not in (b"none", wanted):
                raise StoreError(
                    f"{self.address}: {key.decode()} is a {kind.decode()} of some other program; {OTHER_DATABASE}"
                )
        if make:
            self._ask(lambda: self.client.set(FORMAT_KEY, KEYS_VERSION, nx=True))
        version = self._ask(lambda: self.client.get(FORMAT_KEY))
        if version is None:
            raise StoreError(f"{self.address}: {NOT_THERE}")
        if version != b"%d" % KEYS_VERSION:
            raise StoreError(
                f"{self.address}: was written in version {version.decode(errors='replace')[:20]} of the format, this "
                f"program reads {KEYS_VERSION}; use the release that wrote it, or {OTHER_DATABASE}"
            )
        if make:
            self._ask(lambda: self.client.set(IDENTITY_KEY, secrets.token_hex(8), nx=True))
        self.made_as = (self._ask(lambda: self.client.get(IDENTITY_KEY)) or b"").decode()


def passes_with_time(error: BaseException) -> bool:
    """Whether a server may answer later; a wrong password is a ConnectionError, too, but does not pass."""
    return isinstance(error, redis.ConnectionError | redis.TimeoutError) and not isinstance(
        error, redis.AuthenticationError
    )
