"""MeaningDecisions: the rows that words let stay -> which of them are dropped for their meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import apache_beam as beam
import numpy as np

from persona_hub.transforms.corpus.language import quick_language
from persona_hub.transforms.dedup.chunk_rows import POSITION, RowLayout
from persona_hub.transforms.dedup.chunks import parse_texts
from persona_hub.transforms.dedup.layout import pack_by_block
from persona_hub.transforms.dedup.sources import CHUNK_BITS
from persona_hub.transforms.dedup_rows.drop_rows import KeptRows
from persona_hub.transforms.embed_dedup.across_languages import (
    DuplicatesAcrossLanguages,
    RowsOfLanguages,
    languages_of,
    languages_of_existing,
)
from persona_hub.transforms.embed_dedup.elements import pack_by_block as vectors_block
from persona_hub.transforms.embed_dedup.existing import EmbedExisting, ExistingVectors
from persona_hub.transforms.embed_dedup.near_duplicates import NearDuplicates
from persona_hub.transforms.embed_dedup.vectors import PersonaVectors
from persona_hub.transforms.embedding.across_languages import AcrossLanguages
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.records import DeadLetter, Persona
from persona_hub.transforms.similarity.arrays import U64
from persona_hub.transforms.similarity.ranks import ID_DIGITS, NEW, ROW_HOP
from persona_hub.transforms.similarity.shingles import tokenise_utf8
from persona_hub.transforms.wire.batches import Batch, batches
from persona_hub.transforms.wire.packing import KeyedArrays, unpack_arrays

PERSONAS_IN_A_BATCH = 1000

Kept = beam.PCollection[tuple[int, KeptRows]]


class RowDecisions(NamedTuple):
    """Which rows are dropped; dead letters for those that have no vector: they stay, compared with none."""

    decisions: beam.PCollection[KeyedArrays]
    across: tuple[beam.PCollection[KeyedArrays], ...]  # between languages, where those are compared
    dead_letters: beam.PCollection[Batch[DeadLetter]]


@dataclass(kw_only=True)
class MeaningDecisions(beam.PTransform):
    """Rows that words let stay -> decisions as of `FindDuplicates`, by meaning.

    Of rows that mean the same the first stays, in the order of files and places, as among those that read the same.
    Rows without a word have no meaning to compare, and stay. With `across` the language of each row is detected, and
    of the same row in two languages the first stays, too.
    """

    layout: RowLayout
    threshold: float
    embedder: EmbedderConfig
    blocks: int
    across: AcrossLanguages | None = None

    def expand(self, given: Kept | tuple[Kept, *tuple[ExistingVectors, ...]]) -> RowDecisions:
        """Vectors go by rank from here on, and no text goes with them."""
        rows, hubs = (given, ()) if isinstance(given, beam.PCollection) else (given[0], given[1:])
        personas = rows | "AsPersonas" >> beam.FlatMap(personas_of, self.layout.field).with_output_types(
            tuple[int, Batch[Persona]]
        )
        embedded = personas | "Embed" >> PersonaVectors(embedder=self.embedder, blocks=self.blocks)
        existing = [hub | "Existing" >> EmbedExisting(embedder=self.embedder, blocks=self.blocks) for hub in hubs]
        vectors = (embedded.vectors, *(hub.vectors for hub in existing)) | "Vectors" >> beam.Flatten()
        dead_letters = (embedded.dead_letters, *(hub.dead_letters for hub in existing)) | "Lost" >> beam.Flatten()
        tables = hubs[0].centroids if hubs else rows.pipeline | "NoCentroids" >> beam.Create([], reshuffle=False)
        found = (vectors, tables) | "NearDuplicates" >> NearDuplicates(threshold=self.threshold, blocks=self.blocks)
        decisions, across = found.decisions, []
        if self.across:
            compared = RowsOfLanguages(vectors, self.languages(personas, hubs), found)
            decided = compared | "AcrossLanguages" >> DuplicatesAcrossLanguages(across=self.across, blocks=self.blocks)
            decisions, across = decided.meaning, [decided.across]
        by_chunk = beam.FlatMap(decisions_of_rows, self.layout).with_output_types(KeyedArrays)
        return RowDecisions(
            decisions | "ByChunk" >> by_chunk,
            tuple(each | "AcrossByChunk" >> by_chunk for each in across),
            dead_letters,
        )

    def languages(
        self, personas: beam.PCollection[tuple[int, Batch[Persona]]], hubs: Sequence[ExistingVectors]
    ) -> beam.PCollection[KeyedArrays]:
        """(block, ranks and languages) of rows, which are detected, and of what a hub holds."""
        assert self.across is not None
        return (
            personas
            | "Detect" >> beam.MapTuple(with_languages).with_output_types(tuple[int, Batch[Persona]])
            | "Languages" >> beam.FlatMap(languages_of, self.across).with_output_types(KeyedArrays)
            | "ByBlock" >> beam.FlatMap(languages_by_block, self.blocks).with_output_types(KeyedArrays),
            *(
                hub.rows | "Held" >> beam.FlatMap(languages_of_existing, self.across).with_output_types(KeyedArrays)
                for hub in hubs
            ),
        ) | "AllLanguages" >> beam.Flatten()


def personas_of(element: tuple[int, KeptRows], field: str) -> Iterator[tuple[int, Batch[Persona]]]:
    """A chunk's rows as personas whose ranks are in the order of their positions."""
    number, rows = element
    texts = parse_texts(rows.chunk.lines, field)
    worded = tokenise_utf8(*texts).size > 0
    personas = (
        Persona(
            f"{int(rows.chunk.offset[i]) + (number << CHUNK_BITS):0{ID_DIGITS}x}",
            texts.data[texts.offsets[i] : texts.offsets[i + 1]].decode("utf-8", "replace"),
            "text", ROW_HOP, "", "", "", "", "und", "", "",
        )
        for i in np.flatnonzero(worded).tolist()
    )  # fmt: skip
    for batch in batches(personas, PERSONAS_IN_A_BATCH):
        yield number, batch


def with_languages(number: int, personas: Batch[Persona]) -> tuple[int, Batch[Persona]]:
    """The rows with the languages of their texts."""
    return number, Batch(replace(persona, language=quick_language(persona.text)) for persona in personas)


def languages_by_block(element: KeyedArrays, blocks: int) -> Iterator[KeyedArrays]:
    """By chunk -> by block, as vectors are."""
    ranks, languages = unpack_arrays(element[1])
    yield from vectors_block(ranks, blocks, ranks, languages)


def decisions_of_rows(element: KeyedArrays, layout: RowLayout) -> Iterator[KeyedArrays]:
    """Decisions by block of the dropped -> by chunk, with the ranks that rows have among texts."""
    dropped, kept, cosine = unpack_arrays(element[1])
    dropped, kept = (np.where(ranks >= U64(NEW), ranks & U64(NEW | POSITION), ranks) for ranks in (dropped, kept))
    yield from pack_by_block(layout, dropped, dropped, kept, cosine)
