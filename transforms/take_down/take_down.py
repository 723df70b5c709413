"""TakeDown: a hub and sources -> who goes with them, who stays by another document, and who comes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsSingleton, TaggedOutput

from persona_hub.transforms.corpus.names import is_row_named
from persona_hub.transforms.counting.counts import Equation, Sizes, count_records
from persona_hub.transforms.counting.stages import HIDDEN, TAKE_DOWN
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.hub.reading import ReadHub
from persona_hub.transforms.hub.remaining_provenance import RemainingProvenance, remaining_provenance
from persona_hub.transforms.hub.tombstones import MOVED_PERSONA, REMOVED_DOCUMENT, REMOVED_PERSONA, REMOVED_SOURCE
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import GIVEN, DocumentOutcome, Duplicate, Persona, Provenance, Tombstone, is_named
from persona_hub.transforms.take_down.naming import READ, Names, address_of
from persona_hub.transforms.wire.batches import Batch

Rows = tuple[int, Batch[Any]]


class TakenDown(NamedTuple):
    """What a takedown changes."""

    removed: beam.PCollection[Batch[Tombstone]]
    moved: beam.PCollection[Batch[Persona]]  # kept, and another document's from now on
    restored: beam.PCollection[tuple[int, Batch[Persona]]]  # near-duplicates of those gone, by block
    staying: beam.PCollection[tuple[int, Batch[Persona]]]  # by block
    gone: beam.PCollection[Batch[Persona]]
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every persona stays or goes."""
        return (Equation(TAKE_DOWN, "personas", ("held", "gone")),)


@dataclass(kw_only=True)
class TakeDown(beam.PTransform):
    """Pipeline -> what becomes of a hub's personas when the documents of `sources` go.

    A document goes if `sources` names its id, or each source or file that it was read from. What one worker holds at
    once is what the takedown touches: rows of its documents, and of the personas that came of them.
    """

    hub: Hub
    sources: frozenset[str]  # addresses, places (`places_of`) and ids, as in the table of documents
    earlier: frozenset[str] = frozenset()  # those of takedowns before
    blocks: int

    def __post_init__(self) -> None:
        super().__init__()
        if not self.sources:
            raise InvalidInputError("sources is empty; name one source at least")

    def expand(self, root: beam.Pipeline) -> TakenDown:
        """Each table is read as often as it is asked: documents and provenance twice, once for what is touched."""
        # Names may be many: they are in the graph once, and every step takes them from there.
        given = root | "Names" >> beam.Create([Names(self.sources, self.earlier)], reshuffle=False)
        names = AsSingleton(given)
        documents = root | "Documents" >> self.table("documents", DocumentOutcome, "document_id")
        asked = documents | "RequestedIds" >> beam.FlatMap(requested_ids, names) | "GatherRequested" >> Gather()
        rows = documents | "TheirRows" >> beam.FlatMap(rows_of, AsSingleton(asked), names) | "TheirSources" >> Gather()
        going = rows | "Going" >> beam.Map(going_of, names)
        left = rows | "Left" >> beam.Map(left_of, names)
        provenance = root | "Provenance" >> self.table("provenance", Provenance, "persona_id")
        touched = provenance | "Touched" >> beam.FlatMap(personas_of, AsSingleton(going)) | "TouchedIds" >> Gather()
        ways = provenance | "TheirWays" >> beam.FlatMap(ways_of, AsSingleton(touched)) | "Ways" >> Gather()
        verdict = ways | "Support" >> beam.Map(verdict_of, AsSingleton(going))
        bereft = ways | "Bereft" >> beam.Map(bereft_of, AsSingleton(going), names)
        personas = root | "Personas" >> self.table("personas", Persona, "persona_id")
        split = personas | "Split" >> beam.ParDo(
            SplitPersonas(), AsSingleton(verdict), AsSingleton(going), AsSingleton(bereft), AsSingleton(left)
        ).with_outputs("removed", "moved", "gone", "supported", main="staying")
        duplicates = root | "Duplicates" >> self.table("duplicates", Duplicate, "persona_id")
        back = duplicates | "BringBack" >> beam.ParDo(
            BringBack(), AsSingleton(verdict), AsSingleton(going), AsSingleton(left)
        ).with_outputs("removed", main="restored")
        never_again = going | "NeverAgain" >> beam.Map(tombstones, names).with_output_types(Batch)
        unkept = verdict | "Unkept" >> beam.Map(tombstones_of_personas).with_output_types(Batch)
        removed = (never_again, unkept, split["removed"], back["removed"]) | "Removed" >> beam.Flatten()
        staying, gone, moved, restored = split["staying"], split["gone"], split["moved"], back["restored"]
        counts = (
            *count_records(TAKE_DOWN, "personas", staying, gone),
            *count_records(TAKE_DOWN, "held", staying),
            *count_records(TAKE_DOWN, "gone", gone),
            *count_records(TAKE_DOWN, "moved", moved),
            *count_records(TAKE_DOWN, "supported", split["supported"]),
            *count_records(TAKE_DOWN, "restored", restored),
            *count_records(TAKE_DOWN, "removed", removed),
            *count_records(HIDDEN, "personas", gone, moved),
        )
        return TakenDown(removed, moved, restored, staying, gone, counts)

    def table(self, kind: str, record: type, key: str) -> ReadHub:
        """The reader of one table."""
        return ReadHub(hub=self.hub, blocks=self.blocks, kind=kind, record=record, key=key)


@dataclass(kw_only=True)
class Gather(beam.PTransform):
    """Values -> one set of them all, empty where there are none."""

    def expand(self, values: beam.PCollection[Any]) -> beam.PCollection[frozenset[Any]]:
        """In one place: what a takedown touches."""
        return values | "ToSet" >> beam.combiners.ToSet() | "Frozen" >> beam.Map(frozenset)


def requested_ids(element: Rows, names: Names) -> Iterator[str]:
    """Ids of the documents that a takedown names, by id, by a source or by a file."""
    for row in element[1]:
        if row.document_id and is_row_named(row, names.now):
            yield row.document_id


def rows_of(element: Rows, ids: AbstractSet[str], names: Names) -> Iterator[tuple[str, str]]:
    """(id, address) of each time that one of these documents was read."""
    for row in element[1]:
        if row.document_id in ids and row.outcome in READ:
            yield row.document_id, address_of(row, names.every)


def going_of(rows: AbstractSet[tuple[str, str]], names: Names) -> frozenset[str]:
    """`documents_of` what a takedown names."""
    return documents_of(rows, names.now, names.earlier)


def left_of(rows: AbstractSet[tuple[str, str]], names: Names) -> dict[str, frozenset[str]]:
    """{document: the addresses that it stays by} of those which a takedown names one address of, and not all."""
    return addresses_left(rows, going_of(rows, names), names.every)


def addresses_left(
    rows: AbstractSet[tuple[str, str]], going: AbstractSet[str], names: AbstractSet[str]
) -> dict[str, frozenset[str]]:
    """{document: its addresses that are not named} of the documents in rows of (id, address) that do not go."""
    found: dict[str, set[str]] = defaultdict(set)
    for document, source in rows:
        if document not in going and not is_named(source, names):
            found[document].add(source)
    return {document: frozenset(addresses) for document, addresses in found.items()}


def documents_of(
    rows: AbstractSet[tuple[str, str]], sources: AbstractSet[str], earlier: frozenset[str]
) -> frozenset[str]:
    """The documents that go, all of whose addresses, or whose id, are named; and what went `earlier`."""
    by_document: dict[str, set[str]] = defaultdict(set)
    for document, source in rows:
        by_document[document].add(source)
    named = sources | earlier
    return earlier | frozenset(
        document
        for document, found in by_document.items()
        if document in named or all(is_named(source, named) for source in found)
    )


def personas_of(element: Rows, documents: AbstractSet[str]) -> Iterator[str]:
    """Ids of the personas that came of these documents, at any hop."""
    for row in element[1]:
        if row.document_id in documents:
            yield row.persona_id


def ways_of(element: Rows, personas: AbstractSet[str]) -> Iterator[Provenance]:
    """All ways in which these personas came about."""
    for row in element[1]:
        if row.persona_id in personas:
            yield row


def verdict_of(ways: AbstractSet[Provenance], documents: AbstractSet[str]) -> RemainingProvenance:
    """Who goes and who stays."""
    return remaining_provenance(ways, documents)


def bereft_of(ways: AbstractSet[Provenance], documents: AbstractSet[str], names: Names) -> frozenset[str]:
    """Ids of the personas that came of a document which goes with this takedown, at any hop."""
    going = documents - names.earlier
    return frozenset(row.persona_id for row in ways if row.document_id in going)


def attributed(
    persona: Persona, verdict: RemainingProvenance, documents: AbstractSet[str], left: Mapping[str, frozenset[str]]
) -> Persona:
    """The persona as its remaining ways tell it; itself, if its document stays.

    One that was given has the columns of one row: where its document stays by others, it is theirs.
    """
    addresses = left.get(persona.document_id)
    if persona.origin == GIVEN and addresses and persona.source not in addresses:
        return replace(persona, source=min(addresses))
    if persona.document_id not in documents or persona.persona_id not in verdict.stays:
        return persona
    way = verdict.stays[persona.persona_id]
    return replace(
        persona,
        document_id=way.document_id,
        source=way.source,
        parent_id=way.parent_id,
        relation=way.relation,
        hop=way.hop,
        origin=origin_of(way),
    )


def origin_of(way: Provenance) -> str:
    """A persona's origin, if it came about in this way."""
    if way.hop:
        return "relation"
    return GIVEN if way.relation == GIVEN else "text"


class SplitPersonas(beam.DoFn):
    """Personas -> those that stay, by block; aside those gone, those of another document now, and their tombstones.

    Aside, too, those `supported`: they came of a document that goes, and stay by another, which may be theirs already.
    """

    def __init__(self) -> None:
        self.tally = Tally(TAKE_DOWN)

    def process(
        self,
        element: Rows,
        verdict: RemainingProvenance,
        documents: AbstractSet[str],
        bereft: AbstractSet[str],
        left: Mapping[str, frozenset[str]],
    ) -> Iterator[Any]:
        """Batches as they come."""
        block, batch = element
        gone: Batch[Persona] = Batch(p for p in batch if p.persona_id in verdict.removed)
        staying: Batch[Persona] = Batch(
            attributed(p, verdict, documents, left) for p in batch if p.persona_id not in verdict.removed
        )
        before = {persona.persona_id: persona for persona in batch}
        moved: Batch[Persona] = Batch(persona for persona in staying if persona != before[persona.persona_id])
        self.tally.inc("gone", len(gone))
        self.tally.inc("moved", len(moved))
        yield block, staying
        if supported := Batch(persona for persona in staying if persona.persona_id in bereft):
            yield TaggedOutput("supported", supported)
        if gone:
            yield TaggedOutput("gone", gone)
        if moved:
            yield TaggedOutput("moved", moved)
            yield TaggedOutput("removed", Batch(Tombstone(persona.persona_id, MOVED_PERSONA) for persona in moved))


class BringBack(beam.DoFn):
    """Duplicates -> those of personas gone that stay themselves, by block; aside the tombstones of their rows."""

    def __init__(self) -> None:
        self.tally = Tally(TAKE_DOWN)

    def process(
        self,
        element: Rows,
        verdict: RemainingProvenance,
        documents: AbstractSet[str],
        left: Mapping[str, frozenset[str]],
    ) -> Iterator[Any]:
        """They are compared anew with all that stay."""
        block, batch = element
        back: Batch[Persona] = Batch(
            attributed(row.persona, verdict, documents, left)
            for row in batch
            if row.duplicate_of in verdict.removed and row.persona_id not in verdict.removed
        )
        self.tally.inc("brought-back", len(back))
        if back:
            yield block, back
            yield TaggedOutput("removed", Batch(Tombstone(persona.persona_id, MOVED_PERSONA) for persona in back))


def tombstones(documents: frozenset[str], names: Names) -> Batch[Tombstone]:
    """What no refresh may read again, beside what it might not before."""
    rows = {Tombstone(document, REMOVED_DOCUMENT) for document in documents - names.earlier}
    rows |= {Tombstone(source, REMOVED_SOURCE) for source in names.now}
    return Batch(sorted(rows, key=lambda row: (row.kind, row.key)))


def tombstones_of_personas(verdict: RemainingProvenance) -> Batch[Tombstone]:
    """Of all personas that go, kept or dropped as duplicates."""
    return Batch(Tombstone(persona, REMOVED_PERSONA) for persona in sorted(verdict.removed))
