"""Samples by hash: the k rows of the smallest keyed hashes of their ids, so that samples of parts merge exactly.

A row's id is its own, not its text's: copies with one id would be drawn together or not at all. What the sample holds
does not depend on order, sharding or runner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]  # shape (rows,)
PURPOSE = "evaluation"


def row_keys(ids: Iterable[str], purpose: str = PURPOSE) -> Keys:
    """64 bits of the BLAKE2b of each id, keyed by `purpose`: draws of different purposes are independent."""
    return np.frombuffer(b"".join(digests(ids, purpose)), ">u8").astype(np.uint64)


def digests(ids: Iterable[str], purpose: str) -> Iterator[bytes]:
    """The hash of each id, 8 bytes that are compared as a number."""
    keyed = blake2b(digest_size=8, key=purpose.encode()[:64])
    for row_id in ids:
        one = keyed.copy()
        one.update(row_id.encode("utf-8", "surrogatepass"))
        yield one.digest()


@dataclass(frozen=True)
class SampledRow:
    """A sampled row: 8 bytes of hash, the id, and whatever goes with it (a text, a stored vector ...)."""

    key: bytes
    row_id: str
    payload: Any


@dataclass(frozen=True)
class HashSample:
    """The `size` rows of the smallest hashes, in their order, which is one by chance. Weighs its payloads."""

    size: int
    purpose: str = PURPOSE
    rows: tuple[SampledRow, ...] = ()
    seen: int = 0  # rows that it was drawn from

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size is {self.size}, and must be at least 1")

    def add(self, ids: Sequence[str], payloads: Sequence[Any]) -> HashSample:
        """The sample of these rows and others. Raises ValueError where their numbers differ."""
        if len(ids) != len(payloads):
            raise ValueError(f"{len(ids)} ids with {len(payloads)} payloads")
        return self.add_rows(row_keys(ids, self.purpose), ids, payloads.__getitem__)

    def add_rows(self, keys: Keys, ids: Sequence[str], payload: Callable[[int], Any]) -> HashSample:
        """The same of rows whose hashes, `row_keys` by its purpose, are there: of those that may stay the payloads are
        made, by their place. Of blocks of 20,000 rows all payloads took half of the CPU of a first pass.
        """
        places = np.arange(len(keys))
        if len(keys) > self.size:
            places = np.flatnonzero(keys <= np.partition(keys, self.size - 1)[self.size - 1])  # equals stay, too
        if len(self.rows) == self.size:
            places = places[keys[places] <= np.uint64(int.from_bytes(self.rows[-1].key, "big"))]
        new = [SampledRow(int(keys[at]).to_bytes(8, "big"), ids[at], payload(at)) for at in places.tolist()]
        return replace(self, rows=self.smallest(new), seen=self.seen + len(ids))

    def merged(self, other: HashSample) -> HashSample:
        """The sample of the rows of both. Raises ValueError where they were not drawn alike."""
        if (self.size, self.purpose) != (other.size, other.purpose):
            raise ValueError(f"{self.size} by {self.purpose!r} does not merge with {other.size} by {other.purpose!r}")
        return replace(self, rows=self.smallest(other.rows), seen=self.seen + other.seen)

    def smallest(self, others: Sequence[SampledRow]) -> tuple[SampledRow, ...]:
        """Of its rows and others those that stay; rows of one id are told apart by what they are."""
        if not others:
            return self.rows
        return tuple(sorted((*self.rows, *others), key=row_order)[: self.size])

    @property
    def ids(self) -> list[str]:
        """The ids in order."""
        return [row.row_id for row in self.rows]

    @property
    def payloads(self) -> list[Any]:
        """What goes with them."""
        return [row.payload for row in self.rows]


class ByContent:
    """A payload in an order by what it shows; looked at only where two rows have one id, for that takes 10 us."""

    def __init__(self, payload: Any):
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByContent) and repr(self.payload) == repr(other.payload)

    def __lt__(self, other: ByContent) -> bool:
        return repr(self.payload) < repr(other.payload)


def row_order(row: SampledRow) -> tuple[bytes, str, ByContent]:
    """By hash; equals by id and payload, so that it makes no difference which came first."""
    return row.key, row.row_id, ByContent(row.payload)
