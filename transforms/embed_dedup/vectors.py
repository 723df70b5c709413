"""PersonaVectors: personas -> their sentence vectors, by a model in the process or by calls to a server's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from persona_hub.transforms.calls.bundle_dofn import DEAD_LETTERS, BundleDoFn
from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.counting.stages import EMBED_DEDUP
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.embed_dedup.elements import KeyedPersonas, pack_by_block
from persona_hub.transforms.embedding.bundle import VECTORS, Lost, VectorBundle
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import is_paid, open_embedder
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import DeadLetter, Persona, excerpt
from persona_hub.transforms.similarity.ranks import ranks_of
from persona_hub.transforms.vectors.float16 import StoredVectors, to_stored
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import KeyedArrays

TEXTS = 256  # texts in a call to a local embedder
PACK_ROWS = 2048  # vectors in an element
HELD = "embed_held"  # what a hub holds without a vector is counted apart: it does not come out of the step


class Embedded(NamedTuple):
    """What became of the personas: each has a vector, or a dead letter."""

    vectors: beam.PCollection[KeyedArrays]
    dead_letters: beam.PCollection[Batch[DeadLetter]]


@dataclass(kw_only=True)
class PersonaVectors(beam.PTransform):
    """(block, personas) -> (block, ranks and float16 vectors of unit length); dead letters for those without one."""

    embedder: EmbedderConfig
    blocks: int
    new: bool = True  # False: a hub holds these personas, and they rank before new ones

    def expand(self, personas: beam.PCollection[KeyedPersonas]) -> Embedded:
        """Embeds each persona's text."""
        form = EmbedPaid if is_paid(self.embedder.name) else EmbedHere
        out = personas | "Embed" >> beam.ParDo(form(self.embedder, self.blocks, self.new)).with_outputs(
            DEAD_LETTERS, main="vectors"
        ).with_output_types(KeyedArrays)
        return Embedded(out["vectors"], out[DEAD_LETTERS])


class Packs:
    """Vectors of many personas, to be sent in elements of PACK_ROWS."""

    def __init__(self, blocks: int, new: bool):
        self.blocks, self.new = blocks, new
        self.packs: list[tuple[Any, StoredVectors]] = []
        self.rows = 0

    def add(self, personas: list[Persona], vectors: StoredVectors) -> None:
        """Takes the vectors of personas."""
        self.packs.append((ranks_of(personas, self.new), vectors))
        self.rows += len(personas)

    def send(self, least: int = 1) -> Iterator[KeyedArrays]:
        """All of them by block, once there are `least`."""
        if self.rows < least:
            return
        ranks, vectors = (np.concatenate(column) for column in zip(*self.packs, strict=True))
        self.packs, self.rows = [], 0
        yield from pack_by_block(ranks, self.blocks, ranks, vectors)


class EmbedHere(beam.DoFn):
    """By a model in this process, in calls of TEXTS texts."""

    def __init__(self, embedder: EmbedderConfig, blocks: int, new: bool = True):
        self.embedder, self.blocks, self.new = embedder, blocks, new
        self.tally = Tally(EMBED_DEDUP if new else HELD)

    def start_bundle(self) -> None:
        """Nothing waits."""
        self.waiting: list[Persona] = []
        self.packs = Packs(self.blocks, self.new)

    def process(self, element: KeyedPersonas) -> Iterator[KeyedArrays]:
        """Embeds as soon as there are TEXTS texts; what is left waits for the next batch."""
        self.waiting += element[1]
        while len(self.waiting) >= TEXTS:
            self.embed(self.waiting[:TEXTS])
            del self.waiting[:TEXTS]
        yield from self.packs.send(PACK_ROWS)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Embeds and sends what is left."""
        if self.waiting:
            self.embed(self.waiting)
        for element in self.packs.send():
            yield GlobalWindows.windowed_value(element)
        self.start_bundle()

    def embed(self, personas: list[Persona]) -> None:
        """One call."""
        vectors = open_embedder(self.embedder).embed([persona.text for persona in personas])
        self.packs.add(personas, to_stored(vectors))
        self.tally.inc("embedded", len(personas))


class EmbedPaid(BundleDoFn[VectorBundle]):
    """By calls through the process's engine: stored, limited and budgeted as those to language models."""

    kind = VECTORS

    def __init__(self, embedder: EmbedderConfig, blocks: int, new: bool = True):
        if embedder.calls is None:
            raise InvalidInputError(f"--embedder {embedder.name}: is paid, so `calls` must say how its calls go")
        super().__init__(EMBED_DEDUP if new else HELD, embedder.calls)
        self.embedder, self.blocks, self.new = embedder, blocks, new

    def open_bundle(self, engine: Engine) -> VectorBundle:
        """A bundle whose spend is the step's, whoever the personas belong to."""
        self.packs = Packs(self.blocks, self.new)
        return VectorBundle(EMBED_DEDUP, self.embedder, engine)

    def ask(self, bundle: VectorBundle, element: KeyedPersonas) -> None:
        """Submits a batch's texts."""
        bundle.ask([(persona, persona.text) for persona in element[1]])

    def outputs(self, bundle: VectorBundle, last: bool) -> Iterator[Any]:
        """Packs of the vectors that have come, and the dead letters of those that will not."""
        personas: list[Persona] = []
        rows: list[bytes] = []
        dead: Batch[DeadLetter] = Batch()
        for persona, found in bundle.answers(all_of_them=last):
            if isinstance(found, Lost):
                detail, text = excerpt(found.detail), excerpt(persona.text)
                dead.append(DeadLetter(self.stage, found.reason, persona.persona_id, detail, text))
            else:
                personas.append(persona)
                rows.append(found)
        if rows:
            self.packs.add(personas, np.frombuffer(b"".join(rows), "<f2").reshape(len(rows), -1).astype(np.float16))
        yield from self.packs.send(1 if last else PACK_ROWS)
        if dead:
            yield TaggedOutput(DEAD_LETTERS, dead)
