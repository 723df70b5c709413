"""The first pass: hash samples of personas, for all that needs texts or vectors side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import apache_beam as beam
import numpy as np

from persona_hub.transforms.evaluate.hub_rows import Group, HubRows, groups_of
from persona_hub.transforms.evaluation.hash_sample import HashSample, row_keys
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.wire.packing import unpack_object

SAMPLED_ROWS = 5_000  # every opening and name of 0.22% of rows or more is among theirs, but for a risk of 1%
CHAIN_ROWS = 4_000  # of the documents of the smallest hashes, all personas: so chains are there from their root
CHAINS = "chains"


class SampledPersona(NamedTuple):
    """A persona of the sample."""

    text: str
    language: str
    source: str
    hop: int
    cluster: str  # leaf
    vector: bytes  # float16; b"" without one

    @property
    def groups(self) -> tuple[Group, ...]:
        """Its groups."""
        return groups_of(self.hop, self.language, self.source, self.cluster)


class ChainLink(NamedTuple):
    """A persona of a sampled document."""

    persona_id: str
    parent_id: str
    hop: int
    vector: bytes


@dataclass(frozen=True)
class Sampled:
    """Samples of all personas, and of whole documents. Weighs 1.3 KB a row, of 512 numbers."""

    personas: HashSample = field(default_factory=lambda: HashSample(SAMPLED_ROWS))
    chains: HashSample = field(default_factory=lambda: HashSample(CHAIN_ROWS, CHAINS))

    def add(self, rows: HubRows) -> Sampled:
        """With the personas of a block."""
        with_vector = [rows.personas[at] for at in rows.place.tolist()]
        documents = [one.document_id for one in with_vector]

        def persona(at: int) -> SampledPersona:
            one = rows.personas[at]
            return SampledPersona(one.text, one.language, one.source, one.hop, rows.clusters[at], rows.stored(at))

        def link(at: int) -> ChainLink:
            one = with_vector[at]
            return ChainLink(one.persona_id, one.parent_id, one.hop, rows.vectors[at].tobytes())

        chains = self.chains.add_rows(row_keys(documents, self.chains.purpose), documents, link)
        return Sampled(self.personas.add_rows(rows.keys, rows.ids, persona), chains)

    def merged(self, other: Sampled) -> Sampled:
        """Both."""
        return Sampled(self.personas.merged(other.personas), self.chains.merged(other.chains))

    @cached_property
    def rows(self) -> list[SampledPersona]:
        """The sampled personas, in an order by hash."""
        return self.personas.payloads

    @cached_property
    def with_vector(self) -> list[int]:
        """Places of those that have a vector."""
        return [at for at, one in enumerate(self.rows) if one.vector]

    @cached_property
    def vectors(self) -> StoredVectors:
        """The vectors of these, shape (rows, d); d is 0 where there are none."""
        return stored_vectors([self.rows[at].vector for at in self.with_vector])


def stored_vectors(stored: list[bytes]) -> StoredVectors:
    """Vectors of one length, shape (rows, d)."""
    if not stored:
        return np.zeros((0, 0), np.float16)
    return np.frombuffer(b"".join(stored), "<f2").reshape(len(stored), -1)


class SampleBlocks(beam.CombineFn):
    """HubRows, packed -> Sampled."""

    def create_accumulator(self) -> Sampled:
        """Nothing."""
        return Sampled()

    def add_input(self, accumulator: Sampled, element: bytes) -> Sampled:
        """Takes in a block."""
        return accumulator.add(unpack_object(element))

    def merge_accumulators(self, accumulators: Iterable[Sampled]) -> Sampled:
        """Several as one."""
        whole = Sampled()
        for one in accumulators:
            whole = whole.merged(one)
        return whole

    def extract_output(self, accumulator: Sampled) -> Sampled:
        """The samples."""
        return accumulator
