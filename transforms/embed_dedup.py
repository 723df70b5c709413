"""EmbedDedup: personas -> those that mean something of their own, and the near-duplicates of meaning among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.utils.windowed_value import WindowedValue

from transforms.embed_dedup_join import STAGE, MeaningDuplicates, Packed, groups_of
from transforms.embedding.protocol import EmbedderConfig
from transforms.embedding.registry import open_embedder, split_name
from transforms.records import Batch, Duplicate, Persona, Vector, batches
from transforms.similarity.ranks import blocks_of, ranks_of
from transforms.similarity.vectors import pack, stored, unpack
from transforms.tally import Tally

TEXTS = 256  # texts in a call to the embedder
PACK_ROWS = 2048  # vectors in an element
OUT_RECORDS = 1000  # personas in a batch that leaves

ByBlock = tuple[int, Batch[Persona]]


class MeaningDeduplicated(NamedTuple):
    """What is kept and what is not, each persona that came in once."""

    kept: beam.PCollection[ByBlock]
    duplicates: beam.PCollection[Batch[Duplicate]]
    vectors: beam.PCollection[tuple[int, Batch[Vector]]]


@dataclass(kw_only=True)
class EmbedDedup(beam.PTransform):
    """(block, personas) -> those without an earlier kept persona at cosine `threshold`; the others; vectors.

    Personas come unique by id, by `records.partition_of(persona_id, blocks)`. A threshold of 1.0 turns the step off:
    nothing is embedded, all are kept.
    """

    threshold: float = 0.9
    embedder: EmbedderConfig = field(default_factory=EmbedderConfig)
    blocks: int

    def __post_init__(self) -> None:
        if not (0.5 <= self.threshold <= 0.99 or self.threshold == 1.0):
            raise ValueError(
                f"--embedding_threshold {self.threshold}: a cosine from 0.5 to 0.99, or 1.0 to turn the step off"
            )
        if self.blocks < 1:
            raise ValueError(f"blocks is {self.blocks}; at least 1")
        split_name(self.embedder.name)

    def expand(self, personas: beam.PCollection[ByBlock]) -> MeaningDeduplicated:
        """Embeds, finds the duplicates, parts kept from dropped."""
        if self.threshold == 1.0:
            return pass_through(personas)
        vectors = personas | "Embed" >> beam.ParDo(Embed(self.embedder, self.blocks)).with_output_types(Packed)
        decisions = vectors | "MeaningDuplicates" >> MeaningDuplicates(threshold=self.threshold, blocks=self.blocks)
        named = (
            {
                "ids": personas | "Ids" >> beam.MapTuple(ids_of).with_output_types(Packed),
                "decisions": decisions | "ToKept" >> beam.FlatMap(by_kept, self.blocks).with_output_types(Packed),
            }
            | "ByKept" >> beam.CoGroupByKey()
            | "Name" >> beam.FlatMap(name_kept, self.blocks).with_output_types(Packed)
        )
        out = (
            {"personas": personas, "vectors": vectors, "dropped": named}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Part" >> beam.ParDo(Part()).with_outputs("duplicates", "vectors", main="kept")
        )
        return MeaningDeduplicated(out.kept, out.duplicates, out.vectors)


def pass_through(personas: beam.PCollection[ByBlock]) -> MeaningDeduplicated:
    """All kept, nothing embedded."""
    nothing = personas.pipeline | "NoDuplicates" >> beam.Create([], reshuffle=False)
    no_vectors = personas.pipeline | "NoVectors" >> beam.Create([], reshuffle=False)
    return MeaningDeduplicated(personas, nothing, no_vectors)


class Embed(beam.DoFn):
    """(block, personas) -> (block, ranks and vectors): calls of TEXTS texts, elements of PACK_ROWS vectors."""

    def __init__(self, embedder: EmbedderConfig, blocks: int):
        self.embedder, self.blocks = embedder, blocks
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
            yield beam.transforms.window.GlobalWindows.windowed_value(element)
        self.start_bundle()

    def embed(self, personas: list[Persona]) -> None:
        """One call."""
        vectors = open_embedder(self.embedder).embed([persona.text for persona in personas])
        self.packs.append((ranks_of(personas), stored(vectors)))
        self.rows += len(personas)
        self.tally.inc("embedded", len(personas))

    def send(self) -> Iterator[Packed]:
        """What was embedded, by block."""
        if not self.packs:
            return
        ranks, vectors = (np.concatenate(column) for column in zip(*self.packs, strict=True))
        self.packs, self.rows = [], 0
        for block, members in groups_of(blocks_of(ranks, self.blocks)):
            yield block, pack(ranks[members], vectors[members])


def ids_of(block: int, batch: Batch[Persona]) -> Packed:
    """(block, ranks and whole ids)."""
    ids = np.frombuffer(bytes.fromhex("".join(persona.persona_id for persona in batch)), "V16")
    return block, pack(ranks_of(batch), ids)


def by_kept(element: Packed, blocks: int) -> Iterator[Packed]:
    """(block of the kept, dropped, kept, cosines)."""
    dropped, kept, cosine = unpack(element[1])
    for block, members in groups_of(blocks_of(kept, blocks)):
        yield block, pack(dropped[members], kept[members], cosine[members])


def name_kept(element: tuple[int, dict[str, list[bytes]]], blocks: int) -> Iterator[Packed]:
    """(block of the dropped, dropped, whole ids of the kept, cosines)."""
    _, sides = element
    if not sides["decisions"]:
        return
    ranks, ids = (np.concatenate(column) for column in zip(*map(unpack, sides["ids"]), strict=True))
    order = np.argsort(ranks)
    for decisions in sides["decisions"]:
        dropped, kept, cosine = unpack(decisions)
        names = ids[order[np.searchsorted(ranks, kept, sorter=order)]]
        for block, members in groups_of(blocks_of(dropped, blocks)):
            yield block, pack(dropped[members], names[members], cosine[members])


class Part(beam.DoFn):
    """One block's personas, vectors and decisions -> kept personas; aside the duplicates and the kept ones' vectors."""

    def __init__(self) -> None:
        self.tally = Tally(STAGE)

    def process(self, element: tuple[int, dict[str, Any]]) -> Iterator[Any]:
        """Batches of at most OUT_RECORDS, by persona id."""
        block, sides = element
        dropped: dict[int, tuple[str, float]] = {}
        for packed in sides["dropped"]:
            ranks, names, cosines = unpack(packed)
            pairs = zip(names, cosines, strict=True)
            dropped.update(zip(ranks.tolist(), ((n.tobytes().hex(), float(c)) for n, c in pairs), strict=True))
        kept: dict[int, Persona] = {}
        duplicates: list[Duplicate] = []
        for batch in sides["personas"]:
            for rank, persona in zip(ranks_of(batch).tolist(), batch, strict=True):
                if rank not in dropped:
                    kept[rank] = persona
                    continue
                of, cosine = dropped[rank]
                duplicates.append(Duplicate(persona.persona_id, persona.text, of, "meaning", cosine))
        self.tally.inc("kept", len(kept))
        self.tally.inc("duplicates", len(duplicates))
        for personas in batches(sorted(kept.values(), key=lambda persona: persona.persona_id), OUT_RECORDS):
            yield block, personas
        for gone in batches(sorted(duplicates, key=lambda duplicate: duplicate.persona_id), OUT_RECORDS):
            yield beam.pvalue.TaggedOutput("duplicates", gone)
        for vectors in batches(vectors_of(kept, sides["vectors"]), OUT_RECORDS):
            yield beam.pvalue.TaggedOutput("vectors", (block, vectors))


def vectors_of(kept: dict[int, Persona], packs: list[bytes]) -> Iterator[Vector]:
    """The vectors of the personas that are kept."""
    for packed in packs:
        ranks, vectors = unpack(packed)
        for rank, vector in zip(ranks.tolist(), vectors, strict=True):
            if rank in kept:
                yield Vector(kept[rank].persona_id, vector.tobytes())
