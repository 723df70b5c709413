"""Ranks: personas as numbers whose order is that of representatives, and whose bits tell where a persona is.

bit 63: 0 for what a hub already holds, 1 for what is new; bits 60 to 62: hops; bits 0 to 59: the first 15 hex digits
of the persona id. Within a run a rank stands for its persona: of a billion ids two share 60 bits with probability 0.4,
of a million with 4e-7.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.records import Persona

NEW = 1 << 63
ID_TYPE = "S32"  # a persona's id in an array
HOP_SHIFT = 60
ID_DIGITS = 15


def rank_of(persona: Persona, new: bool = True) -> int:
    """The rank of one persona, 64 bits."""
    return NEW * new | persona.hop << HOP_SHIFT | int(persona.persona_id[:ID_DIGITS], 16)


def ranks_of(personas: Iterable[Persona], new: bool = True) -> npt.NDArray[np.uint64]:
    """The ranks of personas, in their order."""
    return np.array([rank_of(persona, new) for persona in personas], np.uint64)


def blocks_of(ranks: npt.NDArray[np.uint64], blocks: int) -> npt.NDArray[np.int64]:
    """The block of each rank: what `records.partition_of` says of its persona's id."""
    return ((ranks >> np.uint64(28) & np.uint64(0xFFFFFFFF)) * np.uint64(blocks) >> np.uint64(32)).astype(np.int64)
