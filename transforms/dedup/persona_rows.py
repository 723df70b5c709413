"""Personas as the rows of a search for near-duplicates: how they lie in blocks, and how they travel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from persona_hub.transforms.dedup.layout import KeyedPayload
from persona_hub.transforms.records import Persona
from persona_hub.transforms.similarity.arrays import I64, U8, U64, Numbers, spans
from persona_hub.transforms.similarity.jaccard import overlaps
from persona_hub.transforms.similarity.ranks import HOP_SHIFT, ID_TYPE, blocks_of, ranks_of
from persona_hub.transforms.similarity.shingles import Tokens, hash_tokens, token_sets, tokenise, tokenise_utf8
from persona_hub.transforms.wire.batches import Batch, BatchCoder
from persona_hub.transforms.wire.packing import pack_arrays, unpack_arrays

LANGUAGE_BYTES = 8  # of a language's code: the longest that stands before a region
NEW_PERSONAS = b"PERSONAS"  # the first word of a payload of new personas; packed arrays begin with a tag of their own


@dataclass(frozen=True)
class PersonaLayout:
    """Personas in blocks by id: `records.partition_of(persona_id, blocks)`."""

    blocks: int

    def read(self, block: int, payload: bytes) -> tuple[Numbers, Tokens]:
        """Ranks and tokens of what `encode_rows` has made."""
        rows = decode_rows(payload)
        if isinstance(rows, ExistingRows):
            return rows.ranks, tokenise_utf8(rows.text.tobytes(), rows.offsets)
        return ranks_of(rows), tokenise([persona.text for persona in rows])

    def locate(self, ranks: Numbers) -> Numbers:
        """The block that the id in a rank lies in."""
        return blocks_of(ranks, self.blocks)


class ExistingRows(NamedTuple):
    """Personas that a hub holds, as far as others are compared with them: arrays, which no step takes apart."""

    ranks: Numbers  # uint64, shape (n,)
    ids: Numbers  # ID_TYPE, shape (n,)
    offsets: Numbers  # int64, shape (n + 1,): text i is text[offsets[i] : offsets[i + 1]]
    text: Numbers  # uint8: UTF-8
    languages: Numbers  # "S8", shape (n,): codes as personas have them

    @classmethod
    def of(cls, personas: Collection[Persona]) -> Self:
        """The rows of personas."""
        texts = [persona.text.encode() for persona in personas]
        return cls(
            ranks_of(personas, new=False),
            np.array([persona.persona_id.encode() for persona in personas], ID_TYPE),
            spans(np.fromiter(map(len, texts), I64, len(texts))),
            np.frombuffer(b"".join(texts), U8),
            np.array([persona.language.encode()[:LANGUAGE_BYTES] for persona in personas], f"S{LANGUAGE_BYTES}"),
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


def encode_rows(rows: ExistingRows | Batch[Persona]) -> bytes:
    """Rows of a hub, or a batch of new personas, as a payload whose first word says which it is.

    `ExistingRows` are packed arrays, which begin with a tag; personas begin with `NEW_PERSONAS`: b"PERSONAS" and the
    batch as `BatchCoder` encodes it.
    """
    return pack_arrays(*rows) if isinstance(rows, ExistingRows) else NEW_PERSONAS + BatchCoder().encode(rows)


def decode_rows(payload: bytes) -> ExistingRows | Batch[Persona]:
    """What `encode_rows` was given. Raises ValueError for anything else."""
    if payload.startswith(NEW_PERSONAS):
        return BatchCoder().decode(payload[len(NEW_PERSONAS) :])
    return ExistingRows(*unpack_arrays(payload))


def pack_existing(block: int, personas: Batch[Persona]) -> KeyedPayload:
    """A batch of a hub's personas as (block, payload)."""
    return block, encode_rows(ExistingRows.of(personas))


def unpack_existing(payload: bytes) -> ExistingRows:
    """What `pack_existing` has packed. Raises ValueError for new personas."""
    return ExistingRows(*unpack_arrays(payload))


def pack_personas(block: int, personas: Batch[Persona]) -> KeyedPayload:
    """A batch of new personas as (block, payload)."""
    return block, encode_rows(personas)


def fill_similarities(found: Sequence[float], ones: Sequence[str], others: Sequence[str]) -> list[float]:
    """`found`; where it is NaN, the Jaccard similarity of the token sets of the two texts."""
    out = np.array(found, np.float64)
    rows = np.flatnonzero(np.isnan(out))
    tokens = tokenise([texts[i] for texts in (ones, others) for i in rows.tolist()])
    sets = token_sets(hash_tokens(tokens), tokens.size)
    left, right = np.arange(len(rows)), np.arange(len(rows), 2 * len(rows))
    overlap = overlaps(sets.tokens, sets.size, left, right)
    out[rows] = overlap / np.maximum(1, sets.size[left] + sets.size[right] - overlap)
    return out.tolist()
