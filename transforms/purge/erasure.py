"""What a purge erases: the documents of the named sources, and the personas which came of no other document."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
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
from persona_hub.transforms.take_down.take_down import documents_of
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
    documents, addresses = find_documents(files_of(output, versions, "documents"), sources, unwanted)
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
    given = {row.persona_id for row in rows if row.relation == GIVEN and row.document_id in documents}
    owners = files_of(output, versions, "personas") if given else ()
    columns = {
        row.persona_id for row in all_rows(owners, Persona) if row.persona_id in given and is_given(row, documents)
    }
    personas = unsupported - seen
    return Erasure(sources, documents, personas, addresses | sources, frozenset(columns) - personas, untraced - seen)


def is_given(persona: Persona, documents: AbstractSet[str]) -> bool:
    """Whether a persona is as it stands in a row that one of `documents` is."""
    return persona.origin == GIVEN and persona.document_id in documents


def find_documents(
    paths: Collection[str], sources: AbstractSet[str], unwanted: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """(ids of the documents that go with `sources`, the addresses at which those were read)."""
    named = sources | unwanted
    asked = {
        row.document_id for row in all_rows(paths, DocumentOutcome) if row.document_id and is_row_named(row, sources)
    }
    read = {
        (row.document_id, address_of(row, named), row.source)
        for row in all_rows(paths, DocumentOutcome)
        if row.document_id in asked and row.outcome in READ
    }
    gone = asked & documents_of({(document, address) for document, address, _ in read}, sources, unwanted)
    met = {source for document, _, source in read if document in gone}
    return frozenset(gone), frozenset(met.union(*(source.split(ADDRESS_END) for source in met)))


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
