"""What a purge erases: the documents of the named sources, and the personas which came of no other document."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from persona_hub.transforms.corpus.names import is_row_named
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.remaining_provenance import remaining_provenance
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.tombstones import REMOVED_PERSONA
from persona_hub.transforms.hub.versions import Hub, path_of
from persona_hub.transforms.purge.mentions import Mentions
from persona_hub.transforms.records import ADDRESS_END, GIVEN, DocumentOutcome, Persona, Provenance, Tombstone
from persona_hub.transforms.take_down.naming import READ, address_of
from persona_hub.transforms.take_down.take_down import addresses_left, documents_of
from persona_hub.transforms.wire.batches import Record


@dataclass(frozen=True)
class Erasure:
    """What is erased, by id; one process holds all of it."""

    sources: frozenset[str]  # as they were named
    documents: frozenset[str]
    personas: frozenset[str]
    addresses: frozenset[str]  # at which the documents were read, and those named; files, where these are named
    given: frozenset[str] = frozenset()  # personas that stay, and came with columns of these documents' rows
    untraced: frozenset[str] = frozenset()  # of the personas: taken down before, of any source; no provenance is left

    @property
    def ids(self) -> frozenset[str]:
        """Of all of them."""
        return self.documents | self.personas

    @cached_property
    def mentions(self) -> Mentions:
        """Finds the addresses in a text."""
        return Mentions(self.addresses)


def find_erasure(hub: Hub, versions: Collection[Manifest], sources: frozenset[str]) -> Erasure:
    """What came of `sources`, which `hub` has taken down, in any of `versions`.

    A persona is erased if none of the documents it came of is left, unless `hub` still shows it. A persona which was
    taken down, and whose provenance no version holds any more (after a compaction and a gc, or a killed purge),
    is erased with the next purge, whatever its sources: its rows are gone already.
    """
    output, unwanted = hub.output, hub.tombstones().unwanted
    documents, addresses, left = find_documents(files_of(output, versions, "documents"), sources, unwanted)
    ways = files_of(output, versions, "provenance")
    named = {
        row.key for row in all_rows(files_of(output, versions, "removed"), Tombstone) if row.kind == REMOVED_PERSONA
    }
    told = {row.persona_id for row in all_rows(ways, Provenance) if row.persona_id in named}
    touched = find_touched(ways, documents)
    rows = {row for row in all_rows(ways, Provenance) if row.persona_id in touched}
    untraced = frozenset(named - told)
    unsupported = remaining_provenance(rows, documents | unwanted).removed | untraced
    seen = {row.persona_id for row in read_table(hub, "provenance", Provenance) if row.persona_id in unsupported}
    personas = unsupported - seen
    # Most hubs have no given personas, and most purges none that stay by another row.
    shared = left or any(row.relation == GIVEN and row.persona_id not in personas for row in rows)
    owners = files_of(output, versions, "personas") if shared else ()
    columns = {row.persona_id for row in all_rows(owners, Persona) if has_columns_of(row, documents, left)}
    return Erasure(sources, documents, personas, addresses | sources, frozenset(columns) - personas, untraced - seen)


def has_columns_of(persona: Persona, documents: AbstractSet[str], left: Mapping[str, frozenset[str]]) -> bool:
    """Whether a persona came with the columns of a row that goes: of `documents`, or at no address of those `left`."""
    if persona.origin != GIVEN:
        return False
    return persona.document_id in documents or (
        persona.document_id in left and persona.source not in left[persona.document_id]
    )


def find_documents(
    paths: Collection[str], sources: AbstractSet[str], unwanted: frozenset[str]
) -> tuple[frozenset[str], frozenset[str], dict[str, frozenset[str]]]:
    """(ids of the documents that go with `sources`, the addresses at which those were read, {id: the addresses that a
    document stays by} of the others that were read at a named address).
    """
    named = sources | unwanted
    asked = {
        row.document_id for row in all_rows(paths, DocumentOutcome) if row.document_id and is_row_named(row, sources)
    }
    read = {
        (row.document_id, address_of(row, named), row.source)
        for row in all_rows(paths, DocumentOutcome)
        if row.document_id in asked and row.outcome in READ
    }
    rows = {(document, address) for document, address, _ in read}
    gone = asked & documents_of(rows, sources, unwanted)
    met = {source for document, _, source in read if document in gone}
    addresses = frozenset(met.union(*(source.split(ADDRESS_END) for source in met)))
    return frozenset(gone), addresses, addresses_left(rows, gone, named)


def find_touched(ways: Collection[str], documents: AbstractSet[str]) -> set[str]:
    """Ids of the personas that came of `documents`, and of their descendants: as many passes as there are hops."""
    touched: set[str] = set()
    while True:
        more = {
            row.persona_id
            for row in all_rows(ways, Provenance)
            if (row.document_id in documents or row.parent_id in touched) and row.persona_id not in touched
        }
        if not more:
            return touched
        touched |= more


def files_of(output: str, versions: Iterable[Manifest], kind: str) -> list[str]:
    """Full paths of the files of one kind that any version names, each once."""
    return [path_of(output, path) for path in sorted({e.path for made in versions for e in made.files_of(kind)})]


def all_rows(paths: Iterable[str], record: type[Record]) -> Iterator[Record]:
    """The rows of files, hidden ones too."""
    for path in paths:
        yield from read_file(path, record)
