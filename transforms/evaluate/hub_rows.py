"""A block of a hub's personas, with what stands of them in the other tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from persona_hub.transforms.attributes import UNSPECIFIED
from persona_hub.transforms.counting.sources import source_of
from persona_hub.transforms.evaluation.demographics.cells import ATTRIBUTES, Cell, sex_of
from persona_hub.transforms.evaluation.hash_sample import Keys, row_keys
from persona_hub.transforms.records import Attributes, Persona
from persona_hub.transforms.similarity.ranks import ID_TYPE
from persona_hub.transforms.vectors.arrays import Positions
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import unpack_arrays

PERSONA_ROWS, VECTOR_ROWS, ATTRIBUTE_ROWS, MEMBER_ROWS = "personas", "vectors", "attributes", "members"
Group = tuple[str, str]  # kind, name


class EvaluatedPersona(NamedTuple):
    """What an evaluation needs of a persona."""

    persona_id: str
    text: str
    language: str
    source: str  # as `source_of` names it
    hop: int
    document_id: str
    parent_id: str
    origin: str = ""  # as the persona has it

    @classmethod
    def of(cls, one: Persona) -> EvaluatedPersona:
        """Of a persona."""
        source = source_of(one.source)
        return cls(one.persona_id, one.text, one.language, source, one.hop, one.document_id, one.parent_id, one.origin)


def groups_of(hop: int, language: str, source: str, cluster: str) -> tuple[Group, ...]:
    """The groups that a persona is in; `cluster`: the path of its leaf, of which the first step counts."""
    top = cluster.partition(".")[0]
    named = ("hop", str(hop)), ("language", language), ("source", source)
    return (*named, ("cluster", top)) if top else named


@dataclass(frozen=True, eq=False)
class HubRows:
    """The personas of a block by id, and their cells, clusters and vectors, as far as there are any."""

    personas: list[EvaluatedPersona]
    cells: list[Cell]  # a value of each of ATTRIBUTES
    clusters: list[str]  # path of the leaf, "" without one
    place: Positions  # ascending: of the personas that have a vector
    vectors: StoredVectors  # of these

    @cached_property
    def ids(self) -> list[str]:
        """Of all personas."""
        return [one.persona_id for one in self.personas]

    @cached_property
    def texts(self) -> list[str]:
        """Of all personas."""
        return [one.text for one in self.personas]

    @cached_property
    def keys(self) -> Keys:
        """Hashes of the ids of all personas."""
        return row_keys(self.ids)

    @cached_property
    def stored(self) -> list[bytes]:
        """The vector of each persona, float16; b"" without one."""
        found = [b""] * len(self.personas)
        for at, vector in zip(self.place.tolist(), self.vectors, strict=True):
            found[at] = vector.tobytes()
        return found

    def groups(self, at: int) -> tuple[Group, ...]:
        """The groups of a persona."""
        one = self.personas[at]
        return groups_of(one.hop, one.language, one.source, self.clusters[at])


def evaluated_personas(block: int, batch: Batch[Persona]) -> tuple[int, Batch[EvaluatedPersona]]:
    """Personas of a block as they travel."""
    return block, Batch(map(EvaluatedPersona.of, batch))


def attribute_cells(block: int, batch: Batch[Attributes]) -> tuple[int, Batch[tuple[str, Cell]]]:
    """(persona_id, cell) of a block's attributes; a persona's language is its own table's."""
    return block, Batch(
        (one.persona_id, (one.occupation, one.seniority, one.life_stage, one.country, one.education, sex_of(one.given)))
        for one in batch
    )


def rows_of_block(tables: Mapping[str, Iterable[Any]]) -> HubRows:
    """The rows of a block out of all that came of it, in any order."""
    by_id = {one.persona_id: one for batch in tables[PERSONA_ROWS] for one in batch}
    personas = [by_id[one] for one in sorted(by_id)]
    said: dict[str, Cell] = {one: cell for batch in tables[ATTRIBUTE_ROWS] for one, cell in batch}
    leaf = {one.persona_id: one.cluster for batch in tables[MEMBER_ROWS] for one in batch}
    nothing = (UNSPECIFIED,) * (len(ATTRIBUTES) - 1)
    place, vectors = placed_vectors([one.persona_id for one in personas], tables[VECTOR_ROWS])
    return HubRows(
        personas,
        [(one.language, *said.get(one.persona_id, nothing)) for one in personas],
        [leaf.get(one.persona_id, "") for one in personas],
        place,
        vectors,
    )


def placed_vectors(ids: list[str], packs: Iterable[bytes]) -> tuple[Positions, StoredVectors]:
    """(positions of the ids, which ascend, that have a vector; their vectors), by position."""
    known = np.array([one.encode() for one in ids], ID_TYPE)
    parts = [unpack_arrays(packed) for packed in packs]
    if not parts or not ids:
        return np.zeros(0, np.intp), np.zeros((0, 0), np.float16)
    keys, vectors = (np.concatenate(column) for column in zip(*parts, strict=True))
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    there = np.flatnonzero(known[at] == keys)
    place, first = np.unique(at[there], return_index=True)
    return place, vectors[there[first]]
