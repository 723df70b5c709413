"""EmbedDedup: personas -> those that mean something of their own, and the near-duplicates of meaning among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apache_beam as beam

from persona_hub.transforms.counting.counts import Equation, Sizes, count_records
from persona_hub.transforms.counting.stages import EMBED_DEDUP
from persona_hub.transforms.embed_dedup.across_languages import (
    DuplicatesAcrossLanguages,
    RowsOfLanguages,
    languages_of,
    languages_of_existing,
)
from persona_hub.transforms.embed_dedup.elements import KeyedPersonas
from persona_hub.transforms.embed_dedup.existing import EmbedExisting, ExistingVectors
from persona_hub.transforms.embed_dedup.near_duplicates import CELLS_FROM, NearDuplicates, NearDuplicatesFound
from persona_hub.transforms.embed_dedup.outputs import (
    DroppedPersona,
    SplitKeptFromDropped,
    duplicates_of_kept,
    kept_ranks_by_block,
)
from persona_hub.transforms.embed_dedup.vectors import PersonaVectors
from persona_hub.transforms.embedding.across_languages import AcrossLanguages
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import split_embedder
from persona_hub.transforms.embedding.thresholds import default_threshold
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Centroids, DeadLetter, Duplicate
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import KeyedArrays

Personas = beam.PCollection[KeyedPersonas] | tuple[beam.PCollection[KeyedPersonas], *tuple[ExistingVectors, ...]]


class MeaningDeduplicated(NamedTuple):
    """What is kept, what is not, and what could not be compared: each persona that came in once."""

    kept: beam.PCollection[KeyedPersonas]
    duplicates: beam.PCollection[Batch[Duplicate]]
    vectors: beam.PCollection[KeyedArrays]  # as `WriteVectors` takes them: of the kept, and those that the hub lacked
    centroids: beam.PCollection[Batch[Centroids]]  # a k-means table, if one was trained
    dead_letters: beam.PCollection[Batch[DeadLetter]]
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every new persona is kept, a duplicate, or lost for want of a vector."""
        return (Equation(EMBED_DEDUP, "personas", ("kept", "duplicate-*", "lost-*")),)


@dataclass(kw_only=True)
class EmbedDedup(beam.PTransform):
    """(block, personas) -> those without an earlier kept persona at cosine `threshold`; the others; vectors.

    Personas come unique by id, by `records.partition_of(persona_id, blocks)`. Applied to the new personas, or to a
    tuple of them and at most one `ExistingVectors`: what a hub holds wins, does not come out, and is embedded only
    where no vector is stored. A threshold of 1.0 turns the step off: nothing is embedded, all are kept. A new persona
    without a vector (the budget ran out, a server refuses its text) is a dead letter: nobody knows whether it is a
    duplicate. With `across` what is kept is compared across languages, too (`DuplicatesAcrossLanguages`). Raises
    InvalidInputError for a threshold out of range or an unknown embedder.
    """

    threshold: float | None = None  # None: the embedder's own
    embedder: EmbedderConfig = field(default_factory=EmbedderConfig)
    blocks: int
    across: AcrossLanguages | None = None

    def __post_init__(self) -> None:
        super().__init__()
        self.cosine = default_threshold(self.embedder.name) if self.threshold is None else self.threshold
        if not (0.5 <= self.cosine <= 0.99 or self.cosine == 1.0):
            raise InvalidInputError(
                f"--embedding_threshold {self.cosine}: a cosine from 0.5 to 0.99, or 1.0 to turn the step off"
            )
        if self.blocks < 1:
            raise InvalidInputError(f"blocks is {self.blocks}; at least 1")
        split_embedder(self.embedder.name)
        if self.across and not CELLS_FROM <= self.cosine < 1.0:
            raise InvalidInputError(
                f"--across_languages: compares what --embedding_threshold leaves, which must be {CELLS_FROM} to 0.99; "
                f"it is {self.cosine}"
            )

    def expand(self, personas: Personas) -> MeaningDeduplicated:
        """Embeds, finds the near-duplicates, splits kept from dropped, and gives each dropped one its keeper's id."""
        new, hubs = (personas, ()) if isinstance(personas, beam.PCollection) else (personas[0], personas[1:])
        if self.cosine == 1.0:
            return keep_all(new)
        embedded = new | "Embed" >> PersonaVectors(embedder=self.embedder, blocks=self.blocks)
        existing = [hub | "Existing" >> EmbedExisting(embedder=self.embedder, blocks=self.blocks) for hub in hubs]
        vectors = (embedded.vectors, *(hub.vectors for hub in existing)) | "Vectors" >> beam.Flatten()
        dead_letters = (embedded.dead_letters, *(hub.dead_letters for hub in existing)) | "Lost" >> beam.Flatten()
        tables = hubs[0].centroids if hubs else new.pipeline | "NoCentroids" >> beam.Create([], reshuffle=False)
        found = (vectors, tables) | "NearDuplicates" >> NearDuplicates(threshold=self.cosine, blocks=self.blocks)
        decisions = self.all_decisions(new, hubs, vectors, found)
        sides = {
            "personas": new,
            "vectors": embedded.vectors,
            **decisions,
            "keepers": tuple(decisions.values())
            | "AllDecisions" >> beam.Flatten()
            | "Keepers" >> beam.FlatMap(kept_ranks_by_block, self.blocks).with_output_types(KeyedArrays),
        }
        for hub in existing:
            sides |= {"existing_ids": hub.ids, "existing_vectors": hub.newly_embedded}
        split = (
            sides
            | "ByBlock" >> beam.CoGroupByKey()
            | "Split"
            >> beam.ParDo(SplitKeptFromDropped(self.blocks))
            .with_output_types(
                Any, vectors=KeyedArrays, dropped=tuple[int, Batch[DroppedPersona]], keeper_ids=KeyedArrays
            )
            .with_outputs("vectors", "dropped", "keeper_ids", main="kept")
        )
        duplicates = (
            {side: split[side] for side in ("dropped", "keeper_ids")}
            | "ByKeeper" >> beam.CoGroupByKey()
            | "Duplicates" >> beam.FlatMapTuple(duplicates_of_kept).with_output_types(Batch[Duplicate])
        )
        counts = count_personas(new, split["kept"], duplicates)
        return MeaningDeduplicated(split["kept"], duplicates, split["vectors"], found.centroids, dead_letters, counts)

    def all_decisions(
        self,
        new: beam.PCollection[KeyedPersonas],
        hubs: Sequence[ExistingVectors],
        vectors: beam.PCollection[KeyedArrays],
        found: NearDuplicatesFound,
    ) -> dict[str, beam.PCollection[KeyedArrays]]:
        """{"decisions": by meaning}, and if languages are compared {"across": those between them}."""
        if self.across is None:
            return {"decisions": found.decisions}
        spoken = new | "Languages" >> beam.FlatMap(languages_of, self.across).with_output_types(KeyedArrays)
        held = [
            hub.rows
            | "HeldLanguages" >> beam.FlatMap(languages_of_existing, self.across).with_output_types(KeyedArrays)
            for hub in hubs
        ]
        languages = (spoken, *held) | "AllLanguages" >> beam.Flatten()
        decided = RowsOfLanguages(vectors, languages, found) | "AcrossLanguages" >> DuplicatesAcrossLanguages(
            across=self.across, blocks=self.blocks
        )
        return {"decisions": decided.meaning, "across": decided.across}


def keep_all(personas: beam.PCollection[KeyedPersonas]) -> MeaningDeduplicated:
    """All kept, nothing embedded."""
    duplicates, vectors, centroids, dead_letters = (
        personas.pipeline | label >> beam.Create([], reshuffle=False)
        for label in ("NoDuplicates", "NoVectors", "NoCentroids", "NoDeadLetters")
    )
    counts = count_personas(personas, personas, duplicates)
    return MeaningDeduplicated(personas, duplicates, vectors, centroids, dead_letters, counts)


def count_personas(
    new: beam.PCollection[KeyedPersonas],
    kept: beam.PCollection[KeyedPersonas],
    duplicates: beam.PCollection[Batch[Duplicate]],
) -> Sizes:
    """The counts of this step."""
    return (
        *count_records(EMBED_DEDUP, "personas", new),
        *count_records(EMBED_DEDUP, "kept", kept),
        *count_records(EMBED_DEDUP, "duplicate-", duplicates, field="kind"),
    )
