"""EmbedDedup: personas -> those that mean something of their own, and the near-duplicates of meaning among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from transforms.embed_dedup_cells import STAGE, Packed, by_block
from transforms.embed_dedup_held import ByBlock, HeldVectors, KnownVectors, ids_by_rank
from transforms.embed_dedup_join import MeaningDuplicates
from transforms.embedding.protocol import EmbedderConfig
from transforms.embedding.registry import open_embedder, split_name
from transforms.hub.vectors import ID_TYPE
from transforms.records import Batch, Centroids, Duplicate, Persona, batches
from transforms.similarity.ranks import blocks_of, ranks_of
from transforms.similarity.vectors import pack, stack, stored, unpack
from transforms.tally import Tally

TEXTS = 256  # texts in a call to the embedder
PACK_ROWS = 2048  # vectors in an element
OUT_RECORDS = 1000  # personas in a batch that leaves

Personas = beam.PCollection[ByBlock] | tuple[beam.PCollection[ByBlock], *tuple[HeldVectors, ...]]


class MeaningDeduplicated(NamedTuple):
    """What is kept and what is not, each persona that came in once."""

    kept: beam.PCollection[ByBlock]
    duplicates: beam.PCollection[Batch[Duplicate]]
    vectors: beam.PCollection[Packed]  # of what is kept, and of what is held where none was stored: as `WriteVectors`
    centroids: beam.PCollection[Batch[Centroids]]  # if a table was trained


@dataclass(kw_only=True)
class EmbedDedup(beam.PTransform):
    """(block, personas) -> those without an earlier kept persona at cosine `threshold`; the others; vectors.

    Personas come unique by id, by `records.partition_of(persona_id, blocks)`. Applied to the new personas, or to a
    tuple: those, then at most one `HeldVectors`, what a hub holds, which wins, does not come out, and is embedded only
    where no vector is stored. A threshold of 1.0 turns the step off: nothing is embedded, all are kept.
    """

    threshold: float = 0.9
    embedder: EmbedderConfig = field(default_factory=EmbedderConfig)
    blocks: int

    def __post_init__(self) -> None:
        super().__init__()
        if not (0.5 <= self.threshold <= 0.99 or self.threshold == 1.0):
            raise ValueError(
                f"--embedding_threshold {self.threshold}: a cosine from 0.5 to 0.99, or 1.0 to turn the step off"
            )
        if self.blocks < 1:
            raise ValueError(f"blocks is {self.blocks}; at least 1")
        split_name(self.embedder.name)

    def expand(self, personas: Personas) -> MeaningDeduplicated:
        """Embeds, finds the duplicates, parts kept from dropped, and names the kept ones that stand for the dropped."""
        new, held = (personas, ()) if isinstance(personas, beam.PCollection) else (personas[0], personas[1:])
        if self.threshold == 1.0:
            return pass_through(new)
        embedded = new | "Embed" >> beam.ParDo(Embed(self.embedder, self.blocks)).with_output_types(Packed)
        sides, vectors = {"personas": new, "vectors": embedded}, embedded
        centroids = new.pipeline | "NoCentroids" >> beam.Create([], reshuffle=False)
        for hub in held:  # one at most
            known = hub | "KnownVectors" >> KnownVectors()
            bought = known.missing | "EmbedHeld" >> beam.ParDo(
                Embed(self.embedder, self.blocks, new=False)
            ).with_output_types(Packed)
            sides |= {"held": known.ids, "bought": bought}
            vectors, centroids = (embedded, known.vectors, bought) | "Vectors" >> beam.Flatten(), hub.centroids
        found = (vectors, centroids) | "MeaningDuplicates" >> MeaningDuplicates(
            threshold=self.threshold, blocks=self.blocks
        )
        wanted = found.decisions | "Wanted" >> beam.FlatMap(wanted_names, self.blocks).with_output_types(Packed)
        parted = (
            sides
            | {"decisions": found.decisions, "wanted": wanted}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Part" >> beam.ParDo(Part(self.blocks)).with_outputs("vectors", "dropped", "names", main="kept")
        )
        duplicates = (
            {side: parted[side] | side.capitalize() >> beam.Map(keyed) for side in ("dropped", "names")}
            | "ByKept" >> beam.CoGroupByKey()
            | "Name" >> beam.FlatMapTuple(name_kept).with_output_types(Batch[Duplicate])
        )
        return MeaningDeduplicated(parted["kept"], duplicates, parted["vectors"], found.centroids)


def pass_through(personas: beam.PCollection[ByBlock]) -> MeaningDeduplicated:
    """All kept, nothing embedded."""
    nothing, no_vectors, no_centroids = (
        personas.pipeline | label >> beam.Create([], reshuffle=False)
        for label in ("NoDuplicates", "NoVectors", "NoCentroids")
    )
    return MeaningDeduplicated(personas, nothing, no_vectors, no_centroids)


class Embed(beam.DoFn):
    """(block, personas) -> (block, ranks and vectors): calls of TEXTS texts, elements of PACK_ROWS vectors."""

    def __init__(self, embedder: EmbedderConfig, blocks: int, new: bool = True):
        self.embedder, self.blocks, self.new = embedder, blocks, new
        self.tally = Tally(STAGE)

    def start_bundle(self) -> None:
        """Nothing waits."""
        self.waiting: list[Persona] = []
        self.packs: list[tuple[Any, Any]] = []
        self.rows = 0

    def process(self, element: ByBlock) -> Iterator[Packed]:
        """Embeds as soon as there are TEXTS texts; what is left waits for the next batch."""
        self.waiting += element[1]
        while len(self.waiting) >= TEXTS:
            self.embed(self.waiting[:TEXTS])
            del self.waiting[:TEXTS]
        if self.rows >= PACK_ROWS:
            yield from self.send()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Embeds and sends what is left."""
        if self.waiting:
            self.embed(self.waiting)
        for element in self.send():
            yield GlobalWindows.windowed_value(element)
        self.start_bundle()

    def embed(self, personas: list[Persona]) -> None:
        """One call."""
        vectors = open_embedder(self.embedder).embed([persona.text for persona in personas])
        self.packs.append((ranks_of(personas, self.new), stored(vectors)))
        self.rows += len(personas)
        self.tally.inc("embedded", len(personas))

    def send(self) -> Iterator[Packed]:
        """What was embedded, by block."""
        if not self.packs:
            return
        ranks, vectors = (np.concatenate(column) for column in zip(*self.packs, strict=True))
        self.packs, self.rows = [], 0
        yield from by_block(ranks, self.blocks, ranks, vectors)


def wanted_names(element: Packed, blocks: int) -> Iterator[Packed]:
    """(block of the kept, the ranks there whose ids are asked for)."""
    kept = np.unique(unpack(element[1])[1])
    yield from by_block(kept, blocks, kept)


class Part(beam.DoFn):
    """One block -> kept personas; aside their vectors, the dropped by block of their kept ones, and ids asked for."""

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self.tally = Tally(STAGE)

    def process(self, element: tuple[int, dict[str, Any]]) -> Iterator[Any]:
        """Batches of at most OUT_RECORDS, by persona id."""
        block, sides = element
        gone: dict[int, tuple[int, float]] = {}
        for packed in sides["decisions"]:
            ranks, keepers, cosines = (column.tolist() for column in unpack(packed))
            gone.update(zip(ranks, zip(keepers, cosines, strict=True), strict=True))
        wanted = {rank for packed in sides["wanted"] for rank in unpack(packed)[0].tolist()}
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
                else:
                    kept[rank] = persona
        self.tally.inc("kept", len(kept))
        self.tally.inc("duplicates", sum(map(len, dropped.values())))
        for personas in batches(sorted(kept.values(), key=lambda persona: persona.persona_id), OUT_RECORDS):
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
    """Packed ids and vectors of those rows of `packs` that have an id, by id; b"" if there are none."""
    if not packs:
        return b""
    ranks, vectors = stack(packs)
    mine = np.fromiter((rank in ids for rank in ranks.tolist()), bool, len(ranks))
    keys = np.array([ids[rank].encode() for rank in ranks[mine].tolist()], ID_TYPE)
    order = np.argsort(keys)
    return pack(keys[order], vectors[mine][order]) if len(keys) else b""


def keyed(element: tuple[int, Any]) -> tuple[int, Any]:
    """The element itself, with its type known to Beam."""
    return element


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
    yield from batches(sorted(duplicates, key=lambda duplicate: duplicate.persona_id), OUT_RECORDS)
