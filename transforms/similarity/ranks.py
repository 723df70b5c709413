"""Ranks: personas as numbers whose order is that of representatives, and whose bits say where a persona is.

bit 63: 0 for what a hub already holds, 1 for what is new; bits 60 to 62: hops; bits 0 to 59: the first 15 hex digits
of the persona id. Within a run a rank stands for its persona: of a billion ids two share 60 bits with probability 0.4,
of a million with 4e-7.

Rows of files have `ROW_HOP` in place of a hop, and their position among all rows in place of an id: of them, too, the
first ranks first.

A new persona at hop 2 whose id begins with 0123456789abcde has the rank 0xa0123456789abcde: the first digit is 8 (new)
+ 2 (hops) = a, the other fifteen are those of the id.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.similarity.arrays import mix

NEW = 1 << 63  # a rank below it belongs to what a hub already holds, which stays whatever its neighbours
ID_TYPE = "S32"  # a persona's id in an array
HOP_SHIFT = 60
ID_DIGITS = 15
ROW_HOP = 7  # no persona's: `records.HOP_LIMIT`


class Ranked(Protocol):
    """What a rank is made of: a persona has it (`records.Persona`)."""

    @property
    def persona_id(self) -> str:
        """32 hex digits."""

    @property
    def hop(self) -> int:
        """0 to 7."""


def rank_of(persona: Ranked, new: bool = True) -> int:
    """The rank of one persona, 64 bits."""
    return NEW * new | persona.hop << HOP_SHIFT | int(persona.persona_id[:ID_DIGITS], 16)


def ranks_of(personas: Iterable[Ranked], new: bool = True) -> npt.NDArray[np.uint64]:
    """The ranks of personas, in their order."""
    return np.array([rank_of(persona, new) for persona in personas], np.uint64)


def blocks_of(ranks: npt.NDArray[np.uint64], blocks: int) -> npt.NDArray[np.int64]:
    """The block of each rank: what `records.partition_of` says of its persona's id; of a row's position, by a hash."""
    places = np.where(ranks >= np.uint64(NEW | ROW_HOP << HOP_SHIFT), mix(ranks), ranks)
    return ((places >> np.uint64(28) & np.uint64(0xFFFFFFFF)) * np.uint64(blocks) >> np.uint64(32)).astype(np.int64)
