"""Personas as the rows of a search for near-duplicates: how they lie in blocks, and how they travel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from persona_hub.transforms.dedup.rows import Packed
from persona_hub.transforms.records import Persona
from persona_hub.transforms.similarity.arrays import I64, U8, U64, Numbers, spans
from persona_hub.transforms.similarity.jaccard import overlaps
from persona_hub.transforms.similarity.ranks import HOP_SHIFT, ID_TYPE, blocks_of, ranks_of
from persona_hub.transforms.similarity.shingles import Tokens, hash_tokens, token_sets, tokenise, tokenise_utf8
from persona_hub.transforms.wire.batches import Batch, BatchCoder
from persona_hub.transforms.wire.packing import pack_arrays, unpack_arrays

HELD_END, NEW_END = b"\0", b"\1"  # the last byte of a payload: arrays go before it, so that they stay aligned


@dataclass(frozen=True)
class PersonaLayout:
    """Personas in blocks by id: `records.partition_of(persona_id, blocks)`."""

    blocks: int

    def read(self, block: int, payload: bytes) -> tuple[Numbers, Tokens]:
        """Ranks and tokens of what `pack_personas` or `pack_held` has packed."""
        if is_held(payload):
            held = unpack_held(payload)
            return held.ranks, tokenise_utf8(held.text.tobytes(), held.offsets)
        personas = unpack_personas(payload)
        return ranks_of(personas), tokenise([persona.text for persona in personas])

    def locate(self, ranks: Numbers) -> Numbers:
        """The block that the id in a rank lies in."""
        return blocks_of(ranks, self.blocks)


class HeldRows(NamedTuple):
    """Personas that a hub holds, as far as others are compared with them: arrays, which no step takes apart."""

    ranks: Numbers  # uint64, shape (n,)
    ids: Numbers  # ID_TYPE, shape (n,)
    offsets: Numbers  # int64, shape (n + 1,): text i is text[offsets[i] : offsets[i + 1]]
    text: Numbers  # uint8: UTF-8

    @classmethod
    def of(cls, personas: Collection[Persona]) -> Self:
        """The rows of personas."""
        texts = [persona.text.encode() for persona in personas]
        return cls(
            ranks_of(personas, new=False),
            np.array([persona.persona_id.encode() for persona in personas], ID_TYPE),
            spans(np.fromiter(map(len, texts), I64, len(texts))),
            np.frombuffer(b"".join(texts), U8),
        )

    def text_of(self, row: int) -> str:
        """The text of one row."""
        return str(self.text[self.offsets[row] : self.offsets[row + 1]].tobytes(), "utf-8")

    def named(self, wanted: Collection[int]) -> dict[int, tuple[str, str]]:
        """{rank: (id, text)} of those whose ranks are wanted."""
        rows = np.flatnonzero(np.isin(self.ranks, np.fromiter(wanted, U64, len(wanted))))
        return {int(self.ranks[row]): (self.ids[row].decode(), self.text_of(row)) for row in rows.tolist()}

    def personas(self, rows: Numbers) -> Batch[Persona]:
        """Some of them as personas that have no more than id, hop and text."""
        hops = self.ranks >> U64(HOP_SHIFT)
        return Batch(
            Persona(self.ids[row].decode(), self.text_of(row), "", int(hops[row]), "", "", "", "", "", "", "")
            for row in rows.tolist()
        )


def pack_held(block: int, personas: Batch[Persona]) -> Packed:
    """A batch of a hub's personas as (block, `HeldRows` as bytes)."""
    return block, pack_arrays(*HeldRows.of(personas)) + HELD_END


def unpack_held(payload: bytes) -> HeldRows:
    """What `pack_held` has packed."""
    return HeldRows(*unpack_arrays(payload))


def is_held(payload: bytes) -> bool:
    """Whether a hub holds the packed personas; otherwise they are new."""
    return payload[-1:] == HELD_END


def pack_personas(block: int, personas: Batch[Persona]) -> Packed:
    """A batch of new personas as (block, bytes)."""
    return block, BatchCoder().encode(personas) + NEW_END


def unpack_personas(payload: bytes) -> Batch[Persona]:
    """What `pack_personas` has packed."""
    return BatchCoder().decode(payload[:-1])


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
