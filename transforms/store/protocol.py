"""What a response store keeps and does, in keys and bytes; what those mean is its users' matter."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

LOOKUP_KEYS = 500  # in one question: 5 µs a key of a million with SQLite, ten times that one by one
LEASE_SECONDS = 60.0  # after which the lease of a process that was killed is free again; owners renew every second
CLAIM_SECONDS = 15.0  # after which another may ask what a process that was killed had claimed
SKEW_SECONDS = (
    60.0  # between two clocks at the most: a time that is later than so allows is no time, and counts as past
)
BOOKED_AHEAD_SECONDS = 60.0  # of a time line, for each process that lives: it books a fraction of that at a time
MOST_TOKENS, MOST_COST = 10**8, 10**14  # that one call is counted with, so that sums stay within 64 bits
CHECK_BYTES = 4
HEX_ID = re.compile("[0-9a-f]{32}")
NOT_THERE = "does not exist; no job has called a paid model with this store yet"


class StoreError(RuntimeError):
    """The store cannot be used; the message names its address, what is wrong and the remedy."""


class StoreAway(StoreError):
    """The store gives no answer now, and may later: its server is down, or another process holds its file."""


class Spend(NamedTuple):
    """What calls have cost."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0  # billionths of a US dollar: whole numbers add up the same in any order
    estimated: int = 0  # of the calls: the server did not say, or not believably, how many tokens they had

    @property
    def amount(self) -> Amount:
        """What it takes from a budget."""
        return Amount(self.calls, self.input_tokens + self.output_tokens, self.cost)

    @property
    def bounded(self) -> Spend:
        """The same in whole numbers that fit: no call has tokens below 0, which would unbind a budget, or 1e300."""
        most = (MOST_TOKENS, MOST_TOKENS, MOST_TOKENS, MOST_COST, MOST_TOKENS)
        return Spend(*(whole_number(n, much) for n, much in zip(self, most, strict=True)))

    def plus(self, other: Spend) -> Spend:
        """Both together."""
        return Spend(*(a + b for a, b in zip(self, other, strict=True)))


class Amount(NamedTuple):
    """A part of a budget."""

    calls: int = 0
    tokens: int = 0
    cost: int = 0  # billionths of a US dollar

    def plus(self, other: Amount) -> Amount:
        """Both together."""
        return Amount(self.calls + other.calls, self.tokens + other.tokens, self.cost + other.cost)

    def minus(self, other: Amount) -> Amount:
        """What `other` leaves, below nothing where it is more."""
        return Amount(self.calls - other.calls, self.tokens - other.tokens, self.cost - other.cost)

    def covers(self, other: Amount) -> bool:
        """Whether `other` fits in."""
        return self.calls >= other.calls and self.tokens >= other.tokens and self.cost >= other.cost


class Limit(NamedTuple):
    """The most that some stages may spend together, over all workers and runs."""

    stages: tuple[str, ...]  # none: all stages
    ceiling: Amount  # 0 in a field: no limit

    def binds(self, stage: str) -> bool:
        """Whether what `stage` spends counts."""
        return not self.stages or stage in self.stages


@dataclass(frozen=True)
class Put:
    """Keep an answer, unless its key has one, and count its spend; result: the value that stands (the first one).

    An empty key counts the spend alone: a call that was paid and gave nothing to keep. The subject is kept with the
    answer: who asks for the erasure of a document, or of a persona, means all that was answered about it.
    """

    key: bytes
    value: bytes
    stage: str
    spend: Spend
    owner: str = ""  # whose lease the spend is taken from
    subject: bytes = b""  # `subject_of` the record that the question is about


@dataclass(frozen=True)
class Lease:
    """Lease a part of the budget; result: the Amount `want` if all limits leave that much, else `least`, else none."""

    owner: str
    stage: str
    least: Amount
    want: Amount
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class Renew:
    """Say that `owner` is alive; result: whether the stop flag is set. Raises StoreError where the store is not the one
    that was opened: emptied, or replaced.
    """

    owner: str


@dataclass(frozen=True)
class Release:
    """Give back what is left of all leases and claims of `owner`; no result."""

    owner: str


@dataclass(frozen=True)
class Book:
    """Book the next `seconds` of a time line that all processes share; result: when they begin, seconds since 1970.

    So requests a minute of a whole job are kept: who wants n requests books 60 n / rate seconds, and waits till then.
    Negative seconds give back what was booked too much.
    """

    name: str
    seconds: float


@dataclass(frozen=True)
class Claim:
    """Claim questions before they are asked, so that no two processes pay for one; each is the keys of its answers.

    Result, for each question: True, it is the owner's to ask; False, another process that lives has claimed a key of
    it; or, where a key has an answer, the values of all its keys (None for those without). A claim ends with the answer
    of its key, by Unclaim, by Release, or CLAIM_SECONDS after the last word of its owner.
    """

    owner: str
    questions: tuple[tuple[bytes, ...], ...]


@dataclass(frozen=True)
class Unclaim:
    """Give back the claims of `owner` to these keys; no result."""

    owner: str
    keys: tuple[bytes, ...]


Claimed = bool | tuple[bytes | None, ...]  # what a Claim says of one question
StoreJob = Put | Lease | Renew | Release | Book | Claim | Unclaim


class ResponseStore(Protocol):
    """A store, opened in the process that uses it: connections cross no fork and are not pickled."""

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that have one. Any thread may ask. Raises StoreError."""

    @property
    def identity(self) -> str:
        """A random name given to the store when it was made: another one under the same address was made anew."""

    def commit(self, jobs: Sequence[StoreJob]) -> list[Any]:
        """Does all jobs durably, in one transaction if there are such; their results. Called by one thread only."""

    def spend(self) -> dict[str, Spend]:
        """What was spent so far, by stage, over all processes and runs."""

    def set_stop_flag(self, stop: bool = True) -> None:
        """Sets or clears the stop flag, which all processes that use the store look at."""

    def erase(self, subjects: Collection[bytes]) -> int:
        """Removes all answers about `subjects`, durably; how many those were. What they cost stays counted."""

    def without_subject(self) -> Iterator[tuple[bytes, bytes]]:
        """(key, value) of the answers that name no subject, as those of stores of before subjects were kept."""

    def forget(self, keys: Collection[bytes]) -> None:
        """Removes the answers of these keys, durably."""

    def scrub(self) -> Sequence[str]:
        """Frees files from what was removed; in words, what is out of reach. Raises StoreError where it cannot yet."""

    def close(self) -> None:
        """Frees connections."""


def subject_of(record_id: str) -> bytes:
    """What an answer keeps of the record that it is about: the 16 bytes of a hex id, or another id as it is."""
    return bytes.fromhex(record_id) if HEX_ID.fullmatch(record_id) else record_id.encode()


def whole_number(n: float, most: int) -> int:
    """`n` as a whole number from 0 to `most`; what is no number is 0."""
    return int(min(max(n, 0), most)) if isinstance(n, int | float) and n == n else 0


def is_alive(until: float, now: float, seconds: float) -> bool:
    """Whether a word that holds for `seconds` still does. One from a clock that was a day ahead does not."""
    return now < until <= now + seconds + SKEW_SECONDS


def next_begin(until: float | None, seconds: float, now: float, living: Callable[[], int]) -> float:
    """When the next booking of a time line begins that is booked `until`.

    So long a line that the processes which live cannot have booked it was written by a clock ahead; it begins anew.
    """
    if until is None or until <= now:
        return now
    each = max(BOOKED_AHEAD_SECONDS, seconds)
    return until if until <= now + each or until <= now + each * living() else now


def replaced_error(address: str) -> StoreError:
    """That the store is another than the one that was opened."""
    return StoreError(
        f"{address}: was emptied or replaced while the job ran, so the answers in it are gone; restore it from a copy, "
        "or run the same command again (what it lacks is asked, and paid, again)"
    )


def granted_amount(lease: Lease, used: dict[str, Amount]) -> Amount:
    """What `ask` gets when `used` is spent or leased by stage. The end of a budget is leased call by call."""
    for amount in (lease.want, lease.least):
        if all(_fits(limit, amount, used) for limit in lease.limits if limit.binds(lease.stage)):
            return amount
    return Amount()


def _fits(limit: Limit, amount: Amount, used: dict[str, Amount]) -> bool:
    taken = amount
    for stage, part in used.items():
        if limit.binds(stage):
            taken = taken.plus(part)
    return all(not most or much <= most for most, much in zip(limit.ceiling, taken, strict=True))


def summed(puts: Iterable[Put]) -> tuple[dict[str, Spend], dict[tuple[str, str], Amount]]:
    """The spend of many answers: by stage, and by (owner, stage) of the leases that it is taken from."""
    by_stage: dict[str, Spend] = {}
    by_lease: dict[tuple[str, str], Amount] = {}
    for put in puts:
        spend = put.spend.bounded
        by_stage[put.stage] = by_stage.get(put.stage, Spend()).plus(spend)
        if put.owner:
            lease = (put.owner, put.stage)
            by_lease[lease] = by_lease.get(lease, Amount()).plus(spend.amount)
    return by_stage, by_lease


def pack_value(key: bytes, value: bytes) -> bytes:
    """A value as it is stored: compressed (half of its size), after a check sum of it with its key."""
    body = zlib.compress(value, 1)
    return zlib.crc32(body, zlib.crc32(key)).to_bytes(CHECK_BYTES, "big") + body


def unpack_value(key: bytes, packed: bytes, address: str) -> bytes:
    """The value that `pack` was given. Raises StoreError if it is not what was stored under this very key."""
    body = packed[CHECK_BYTES:]
    if zlib.crc32(body, zlib.crc32(key)) != int.from_bytes(packed[:CHECK_BYTES], "big"):
        raise StoreError(
            f"{address}: the entry {key.hex()} is damaged; restore the store from a copy, or name another one "
            "with --response_store (what it lacks is asked, and paid, again)"
        )
    return zlib.decompress(body)
