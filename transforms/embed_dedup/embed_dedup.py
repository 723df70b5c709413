"""EmbedDedup: personas -> those that mean something of their own, and the near-duplicates of meaning among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.counting.counts import Equation, Sizes, count_records
from persona_hub.transforms.counting.stages import EMBED_DEDUP
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.embed_dedup.cells import by_block
from persona_hub.transforms.embed_dedup.held import ByBlock, HeldVectors, KnownVectors, ids_by_rank
from persona_hub.transforms.embed_dedup.join import MeaningDuplicates
from persona_hub.transforms.embed_dedup.vectors import PersonaVectors
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import split_embedder
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Centroids, DeadLetter, Duplicate, Persona
from persona_hub.transforms.similarity.ranks import ID_TYPE, blocks_of, ranks_of
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, Batch, batches
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays, unpack_sorted

Personas = beam.PCollection[ByBlock] | tuple[beam.PCollection[ByBlock], *tuple[HeldVectors, ...]]


class MeaningDeduplicated(NamedTuple):
    """What is kept, what is not, and what could not be compared: each persona that came in once."""

    kept: beam.PCollection[ByBlock]
    duplicates: beam.PCollection[Batch[Duplicate]]
    vectors: beam.PCollection[KeyedArrays]  # as of `WriteVectors`: of the kept, and those that a hub lacked
    centroids: beam.PCollection[Batch[Centroids]]  # if a table was trained
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
    tuple: those, then at most one `HeldVectors`, what a hub holds, which wins, does not come out, and is embedded only
    where no vector is stored. A threshold of 1.0 turns the step off: nothing is embedded, all are kept. A new persona
    without a vector (the budget ran out, a server will not have its text) is a dead letter: nobody knows whether it is
    a duplicate.
    """

    threshold: float = 0.9
    embedder: EmbedderConfig = field(default_factory=EmbedderConfig)
    blocks: int

    def __post_init__(self) -> None:
        super().__init__()
        if not (0.5 <= self.threshold <= 0.99 or self.threshold == 1.0):
            raise InvalidInputError(
                f"--embedding_threshold {self.threshold}: a cosine from 0.5 to 0.99, or 1.0 to turn the step off"
            )
        if self.blocks < 1:
            raise InvalidInputError(f"blocks is {self.blocks}; at least 1")
        split_embedder(self.embedder.name)

    def expand(self, personas: Personas) -> MeaningDeduplicated:
        """Embeds, finds the duplicates, parts kept from dropped, and names the kept ones that stand for the dropped."""
        new, held = (personas, ()) if isinstance(personas, beam.PCollection) else (personas[0], personas[1:])
        if self.threshold == 1.0:
            return pass_through(new)
        embedded = new | "Embed" >> PersonaVectors(embedder=self.embedder, blocks=self.blocks)
        sides, vectors, lost = {"personas": new, "vectors": embedded.vectors}, embedded.vectors, embedded.dead_letters
        centroids = new.pipeline | "NoCentroids" >> beam.Create([], reshuffle=False)
        for hub in held:  # one at most
            known = hub | "KnownVectors" >> KnownVectors()
            bought = known.missing | "EmbedHeld" >> PersonaVectors(
                embedder=self.embedder, blocks=self.blocks, new=False
            )
            sides |= {"held": known.ids, "bought": bought.vectors}
            vectors = (vectors, known.vectors, bought.vectors) | "Vectors" >> beam.Flatten()
            lost = (lost, bought.dead_letters) | "WithoutVector" >> beam.Flatten()
            centroids = hub.centroids
        found = (vectors, centroids) | "MeaningDuplicates" >> MeaningDuplicates(
            threshold=self.threshold, blocks=self.blocks
        )
        wanted = found.decisions | "Wanted" >> beam.FlatMap(wanted_names, self.blocks).with_output_types(KeyedArrays)
        parted = (
            sides
            | {"decisions": found.decisions, "wanted": wanted}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Part"
            >> beam.ParDo(Part(self.blocks))
            .with_output_types(Any, vectors=KeyedArrays, dropped=tuple[int, Any], names=tuple[int, Any])
            .with_outputs("vectors", "dropped", "names", main="kept")
        )
        duplicates = (
            {side: parted[side] for side in ("dropped", "names")}
            | "ByKept" >> beam.CoGroupByKey()
            | "Name" >> beam.FlatMapTuple(name_kept).with_output_types(Batch[Duplicate])
        )
        counts = count_personas(new, parted["kept"], duplicates)
        return MeaningDeduplicated(parted["kept"], duplicates, parted["vectors"], found.centroids, lost, counts)


def pass_through(personas: beam.PCollection[ByBlock]) -> MeaningDeduplicated:
    """All kept, nothing embedded."""
    nothing, no_vectors, no_centroids, no_letters = (
        personas.pipeline | label >> beam.Create([], reshuffle=False)
        for label in ("NoDuplicates", "NoVectors", "NoCentroids", "NoDeadLetters")
    )
    counts = count_personas(personas, personas, nothing)
    return MeaningDeduplicated(personas, nothing, no_vectors, no_centroids, no_letters, counts)


def count_personas(
    new: beam.PCollection[ByBlock], kept: beam.PCollection[ByBlock], duplicates: beam.PCollection[Batch[Duplicate]]
) -> Sizes:
    """The counts of this step."""
    return (
        *count_records(EMBED_DEDUP, "personas", new),
        *count_records(EMBED_DEDUP, "kept", kept),
        *count_records(EMBED_DEDUP, "duplicate-", duplicates, field="kind"),
    )


def wanted_names(element: KeyedArrays, blocks: int) -> Iterator[KeyedArrays]:
    """(block of the kept, the ranks there whose ids are asked for)."""
    kept = np.unique(unpack_arrays(element[1])[1])
    yield from by_block(kept, blocks, kept)


class Part(beam.DoFn):
    """One block -> kept personas; aside their vectors, the dropped by block of their kept ones, and ids asked for."""

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self.tally = Tally(EMBED_DEDUP)

    def process(self, element: tuple[int, dict[str, Any]]) -> Iterator[Any]:
        """Batches of at most ARRAY_RECORDS, by persona id."""
        block, sides = element
        gone: dict[int, tuple[int, float]] = {}
        for packed in sides["decisions"]:
            ranks, keepers, cosines = (column.tolist() for column in unpack_arrays(packed))
            gone.update(zip(ranks, zip(keepers, cosines, strict=True), strict=True))
        embedded = {rank for packed in sides["vectors"] for rank in unpack_arrays(packed)[0].tolist()}
        wanted = {rank for packed in sides["wanted"] for rank in unpack_arrays(packed)[0].tolist()}
        held = ids_by_rank(sides.get("held", []))
        kept: dict[int, Persona] = {}
        names = {rank: held[rank] for rank in wanted & held.keys()}
        dropped: dict[int, list[tuple[int, float, Persona]]] = {}
        for batch in sides["personas"]:
            for rank, persona in zip(ranks_of(batch).tolist(), batch, strict=True):
                if rank in wanted:
                    names[rank] = persona.persona_id
                if rank in gone:
                    keeper, cosine = gone[rank]
                    home = int(blocks_of(np.array([keeper], np.uint64), self.blocks)[0])
                    dropped.setdefault(home, []).append((keeper, cosine, persona))
                elif rank in embedded:
                    kept[rank] = persona
        self.tally.inc("kept", len(kept))
        self.tally.inc("duplicates", sum(map(len, dropped.values())))
        for personas in batches(sorted(kept.values(), key=lambda persona: persona.persona_id), ARRAY_RECORDS):
            yield block, personas
        ids = held | {rank: persona.persona_id for rank, persona in kept.items()}
        vectors = vectors_of(ids, [*sides["vectors"], *sides.get("bought", [])])
        if vectors:
            yield TaggedOutput("vectors", (block, vectors))
        for home, rows in dropped.items():
            yield TaggedOutput("dropped", (home, rows))
        if names:
            yield TaggedOutput("names", (block, names))


def vectors_of(ids: dict[int, str], packs: list[bytes]) -> bytes:
    """KeyedArrays ids and vectors of those rows of `packs` that have an id, by id; b"" if there are none."""
    if not packs:
        return b""
    ranks, vectors = unpack_sorted(packs)
    mine = np.fromiter((rank in ids for rank in ranks.tolist()), bool, len(ranks))
    keys = np.array([ids[rank].encode() for rank in ranks[mine].tolist()], ID_TYPE)
    order = np.argsort(keys)
    return pack_arrays(keys[order], vectors[mine][order]) if len(keys) else b""


def name_kept(_: int, sides: dict[str, Any]) -> Iterator[Batch[Duplicate]]:
    """The dropped of one block of kept ones, with the ids of those, by persona id."""
    names: dict[int, str] = {}
    for found in sides["names"]:
        names.update(found)
    duplicates = [
        Duplicate.of(persona, names[keeper], "meaning", cosine)
        for rows in sides["dropped"]
        for keeper, cosine, persona in rows
    ]
    yield from batches(sorted(duplicates, key=lambda duplicate: duplicate.persona_id), ARRAY_RECORDS)
