"""MeaningDecisions: the rows that words let stay -> which of them are dropped for their meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import apache_beam as beam
import numpy as np

from persona_hub.transforms.dedup.chunk_rows import RowLayout
from persona_hub.transforms.dedup.chunks import Chunk, parse_texts
from persona_hub.transforms.dedup.layout import pack_by_block
from persona_hub.transforms.dedup.sources import CHUNK_BITS
from persona_hub.transforms.embed_dedup.embed_dedup import EmbedDedup
from persona_hub.transforms.embed_dedup.existing import ExistingVectors
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.records import DeadLetter, Duplicate, Persona, content_id, partition_of
from persona_hub.transforms.similarity.arrays import U64
from persona_hub.transforms.similarity.ranks import ID_DIGITS, NEW
from persona_hub.transforms.similarity.shingles import tokenise_utf8
from persona_hub.transforms.wire.batches import Batch, batches
from persona_hub.transforms.wire.packing import KeyedArrays

PERSONAS_IN_A_BATCH = 1000

Chunks = beam.PCollection[tuple[int, Chunk]] | tuple[beam.PCollection[tuple[int, Chunk]], *tuple[ExistingVectors, ...]]


class RowDecisions(NamedTuple):
    """Which rows are dropped; dead letters for those that have no vector: they stay, compared with none."""

    decisions: beam.PCollection[KeyedArrays]
    dead_letters: beam.PCollection[Batch[DeadLetter]]


@dataclass(kw_only=True)
class MeaningDecisions(beam.PTransform):
    """Chunks of rows -> decisions as of `FindDuplicates`, by meaning.

    Rows go through EmbedDedup as personas whose ids are a hash of their position, so that blocks are even, and then the
    position. So of rows that mean the same not the first stays but the one whose place has the lowest hash: the same at
    every run. Rows without a word have no meaning to compare, and stay.
    """

    layout: RowLayout
    threshold: float
    embedder: EmbedderConfig
    blocks: int

    def expand(self, given: Chunks) -> RowDecisions:
        """There and back."""
        chunks, hubs = (given, ()) if isinstance(given, beam.PCollection) else (given[0], given[1:])
        personas = chunks | "AsPersonas" >> beam.FlatMap(personas_of, self.layout.field, self.blocks).with_output_types(
            tuple[int, Batch[Persona]]
        )
        dedup = EmbedDedup(threshold=self.threshold, embedder=self.embedder, blocks=self.blocks)
        found = (personas, *hubs) | "Find" >> dedup
        decisions = found.duplicates | "Decisions" >> beam.FlatMap(decisions_of, self.layout).with_output_types(
            KeyedArrays
        )
        return RowDecisions(decisions, found.dead_letters)


def personas_of(element: tuple[int, Chunk], field: str, blocks: int) -> Iterator[tuple[int, Batch[Persona]]]:
    """A chunk's rows as personas, by block."""
    number, chunk = element
    texts = parse_texts(chunk.lines, field)
    worded = tokenise_utf8(*texts).size > 0
    grouped: dict[int, list[Persona]] = {}
    for i in np.flatnonzero(worded).tolist():
        position = int(chunk.offset[i]) + (number << CHUNK_BITS)
        text = texts.data[texts.offsets[i] : texts.offsets[i + 1]].decode("utf-8", "replace")
        key = key_of(position)
        row = Persona(key, text, "text", 0, "", "", "", "", "und", "", "")
        grouped.setdefault(partition_of(key, blocks), []).append(row)
    for block, personas in grouped.items():
        for batch in batches(personas, PERSONAS_IN_A_BATCH):
            yield block, batch


def key_of(position: int) -> str:
    """The id of a row as a persona: a hash of its position, and the position."""
    return content_id(str(position))[:ID_DIGITS] + f"{position:0{32 - ID_DIGITS}x}"


def rank_of_key(key: str) -> int:
    """The rank of a row, or, if the key is none that `key_of` makes, of a persona that a hub holds at hop 0."""
    position = int(key[ID_DIGITS:], 16)
    return NEW | position if key == key_of(position) else int(key[:ID_DIGITS], 16)


def decisions_of(batch: Batch[Duplicate], layout: RowLayout) -> Iterator[KeyedArrays]:
    """Duplicates as decisions: ranks of the dropped, ranks of the kept, similarities, by chunk of the dropped."""
    dropped, kept = (
        np.array([rank_of_key(key) for key in keys], U64)
        for keys in ([row.persona_id for row in batch], [row.duplicate_of for row in batch])
    )
    yield from pack_by_block(layout, dropped, dropped, kept, np.array([row.similarity for row in batch]))
