"""Personas as the rows of a search for near-duplicates: how they lie in blocks, and how they travel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from transforms.dedup.rows import Packed
from transforms.records import Batch, BatchCoder, Persona
from transforms.similarity.arrays import Numbers
from transforms.similarity.jaccard import overlaps
from transforms.similarity.ranks import blocks_of, ranks_of
from transforms.similarity.shingles import Tokens, hash_tokens, token_sets, tokenise


@dataclass(frozen=True)
class PersonaLayout:
    """Personas in blocks by id: `records.partition_of(persona_id, blocks)`."""

    blocks: int

    def read(self, block: int, payload: bytes) -> tuple[Numbers, Tokens]:
        """Ranks and tokens of packed personas."""
        new, personas = unpack_personas(payload)
        return ranks_of(personas, new), tokenise([persona.text for persona in personas])

    def locate(self, ranks: Numbers) -> Numbers:
        """The block that the id in a rank lies in."""
        return blocks_of(ranks, self.blocks)


def pack_personas(element: tuple[int, Batch[Persona]], new: bool) -> Packed:
    """An element as bytes: whether the personas are new, then the batch."""
    block, batch = element
    return block, bytes([new]) + BatchCoder().encode(batch)


def unpack_personas(payload: bytes) -> tuple[bool, Batch[Persona]]:
    """What `pack_personas` was given."""
    return bool(payload[0]), BatchCoder().decode(payload[1:])


def similarities(found: Sequence[float], ones: Sequence[str], others: Sequence[str]) -> list[float]:
    """`found`; where it is NaN, the Jaccard similarity of the token sets of the two texts."""
    out = np.array(found, np.float64)
    rows = np.flatnonzero(np.isnan(out))
    tokens = tokenise([texts[i] for texts in (ones, others) for i in rows.tolist()])
    sets = token_sets(hash_tokens(tokens), tokens.size)
    left, right = np.arange(len(rows)), np.arange(len(rows), 2 * len(rows))
    overlap = overlaps(sets.tokens, sets.size, left, right)
    out[rows] = overlap / np.maximum(1, sets.size[left] + sets.size[right] - overlap)
    return out.tolist()
