"""An order of personas that depends on their ids and a seed alone."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable

HASH_DIGITS = 16  # hexadecimal, of the hash of an id

Place = tuple[str, str]  # (hash of the id, id), by which personas come one after another


def drawn_place(persona_id: str, seed: int) -> Place:
    """The place of a persona: a hash of its id, keyed by the seed; with seed 0 the id itself, which is a hash."""
    if not seed:
        return (persona_id, persona_id)
    key = seed.to_bytes(8, "little")
    return (hashlib.blake2b(persona_id.encode(), digest_size=8, key=key).hexdigest(), persona_id)


def lowest(places: Iterable[Place], n: int) -> list[Place]:
    """The first `n` in order."""
    return heapq.nsmallest(n, places)
