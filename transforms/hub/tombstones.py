"""Tombstones: rows of earlier versions that a version hides from its readers, whose files nobody changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.records import (
    Attributes,
    Duplicate,
    Member,
    Persona,
    Provenance,
    Tombstone,
    Vector,
)

REMOVED_PERSONA, MOVED_PERSONA, REMOVED_DOCUMENT, REMOVED_SOURCE = (
    "persona",
    "moved",
    "document",
    "source",
)  # kinds of Removed
NEVER_AGAIN = (REMOVED_DOCUMENT, REMOVED_SOURCE)  # kinds that hold for the corpus of every refresh
# Which kinds hide a row of a table, each by the field that it is compared with. "moved" leaves a persona's vector,
# provenance and cluster: the row itself stands anew in the later version, and so do its attributes.
HIDDEN_BY: Mapping[type, tuple[tuple[str, str], ...]] = {
    Persona: ((REMOVED_PERSONA, "persona_id"), (MOVED_PERSONA, "persona_id")),
    Duplicate: ((REMOVED_PERSONA, "persona_id"), (MOVED_PERSONA, "persona_id")),
    Vector: ((REMOVED_PERSONA, "persona_id"),),
    Attributes: ((REMOVED_PERSONA, "persona_id"), (MOVED_PERSONA, "persona_id")),  # columns are those of one row
    Member: ((REMOVED_PERSONA, "persona_id"),),
    Provenance: (
        (REMOVED_PERSONA, "persona_id"),
        (REMOVED_PERSONA, "parent_id"),
    ),  # a relation to a parent which is gone
}


@dataclass(frozen=True)
class Tombstones:
    """{(kind, key): number of the version that removed it}; it hides rows of versions before that one."""

    removed: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def hide(self, record: Any, number: int) -> bool:
        """Whether readers do not see `record`, which a file of version `number` holds."""
        if not self.removed:
            return False
        if (
            type(record) is Provenance
            and record.hop == 0
            and self._after((REMOVED_DOCUMENT, record.document_id), number)
        ):
            return True
        return any(self._after((kind, getattr(record, name)), number) for kind, name in HIDDEN_BY.get(type(record), ()))

    def _after(self, key: tuple[str, str], number: int) -> bool:
        return self.removed.get(key, 0) > number

    @property
    def unwanted(self) -> frozenset[str]:
        """Sources and ids of documents that no refresh may read."""
        return frozenset(key for kind, key in self.removed if kind in NEVER_AGAIN)


def number_of(path: str) -> int:
    """Number of the version whose folder a file lies in: 3 of ".../hub/0003-5f0c19aa/personas-....avro"."""
    return int(path.replace("\\", "/").rsplit("/", 2)[-2].split("-", 1)[0])


def tombstones_of(paths: Iterable[str]) -> Tombstones:
    """The tombstones in `removed` files; read once in a process."""
    return _read(tuple(paths))


@lru_cache(maxsize=8)
def _read(paths: tuple[str, ...]) -> Tombstones:
    removed: dict[tuple[str, str], int] = {}
    for path in paths:
        number = number_of(path)
        for row in read_file(path, Tombstone):
            key = (row.kind, row.key)
            removed[key] = max(number, removed.get(key, 0))
    return Tombstones(removed)
