"""How a takedown names what goes: by the address of a document, its id, or the file that it was read from."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.records import ADDRESS_END, DocumentOutcome, is_named


@dataclass(frozen=True)
class Names:
    """What was named, and is not to be read again."""

    now: frozenset[str]  # by this takedown
    earlier: frozenset[str]  # by those before, and the documents that went with them

    @cached_property
    def every(self) -> frozenset[str]:
        """Both."""
        return self.now | self.earlier


def is_row_named(row: DocumentOutcome, names: AbstractSet[str]) -> bool:
    """Whether `names` holds an address of a record, the file that it lay in, or the id of its document."""
    return is_named(row.source, names) or row.file in names or (row.document_id != "" and row.document_id in names)


def address_of(row: DocumentOutcome, names: AbstractSet[str]) -> str:
    """The source of a record; its file, where that is what `names` holds of it."""
    return row.file if row.file in names and not is_named(row.source, names) else row.source


def names_found(paths: Iterable[str], names: AbstractSet[str]) -> frozenset[str]:
    """Those of `names` that a row in the tables of documents at `paths` has; reads on until all are found."""
    found: set[str] = set()
    for path in paths:
        if len(found) == len(names):
            break
        for row in read_file(path, DocumentOutcome):
            if is_row_named(row, names):
                found |= names & {row.source, *row.source.split(ADDRESS_END), row.file, row.document_id}
    return frozenset(found)
