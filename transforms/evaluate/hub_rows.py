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
from persona_hub.transforms.records import Attributes, Member, Persona
from persona_hub.transforms.similarity.ranks import ID_TYPE
from persona_hub.transforms.vectors.arrays import Positions
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import pack_object, unpack_arrays, unpack_object

PERSONA_ROWS, VECTOR_ROWS, ATTRIBUTE_ROWS, MEMBER_ROWS = "personas", "vectors", "attributes", "members"
Group = tuple[str, str]  # kind, name
PackedList = (
    bytes  # a list by `pack_object`: in memory the rows of a million personas took 1.4 GB while they are joined
)


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
    def row_of(self) -> dict[int, int]:
        """{place of a persona that has a vector: its row in `vectors`}."""
        return {at: row for row, at in enumerate(self.place.tolist())}

    def stored(self, at: int) -> bytes:
        """The vector of a persona, float16; b"" without one."""
        row = self.row_of.get(at)
        return b"" if row is None else self.vectors[row].tobytes()

    def groups(self, at: int) -> tuple[Group, ...]:
        """The groups of a persona."""
        one = self.personas[at]
        return groups_of(one.hop, one.language, one.source, self.clusters[at])


def evaluated_personas(block: int, batch: Batch[Persona]) -> tuple[int, PackedList]:
    """Personas of a block as they travel: EvaluatedPersona."""
    return block, pack_object([EvaluatedPersona.of(one) for one in batch])


def attribute_cells(block: int, batch: Batch[Attributes]) -> tuple[int, PackedList]:
    """(persona_id, cell) of a block's attributes; a persona's language is its own table's."""
    cells = [
        (one.persona_id, (one.occupation, one.seniority, one.life_stage, one.country, one.education, sex_of(one.given)))
        for one in batch
    ]
    return block, pack_object(cells)


def leaves_of_members(block: int, batch: Batch[Member]) -> tuple[int, PackedList]:
    """(persona_id, path of its leaf) of a block."""
    return block, pack_object([(one.persona_id, one.cluster) for one in batch])


def rows_of_block(tables: Mapping[str, Iterable[Any]]) -> HubRows:
    """The rows of a block out of all that came of it, in any order."""
    by_id = {one.persona_id: one for packed in tables[PERSONA_ROWS] for one in unpack_object(packed)}
    personas = [by_id[one] for one in sorted(by_id)]
    said: dict[str, Cell] = {one: cell for packed in tables[ATTRIBUTE_ROWS] for one, cell in unpack_object(packed)}
    leaf = {one: path for packed in tables[MEMBER_ROWS] for one, path in unpack_object(packed)}
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
