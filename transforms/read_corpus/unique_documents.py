"""UniqueDocuments: of documents with one content the first goes on, if no earlier run has read that content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsDict, PCollection, TaggedOutput

from persona_hub.transforms.corpus.corpus_records import MIB
from persona_hub.transforms.corpus.documents import document_order, has_address, outcome_of
from persona_hub.transforms.counting.stages import READ_CORPUS
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.hub.reading import read_blocks
from persona_hub.transforms.records import Document, DocumentOutcome, content_id
from persona_hub.transforms.wire.batches import BATCH_RECORDS, Batch, batches

BATCH_BYTES = 2 * MIB  # of text in a batch of documents

MET = ("document", "repeated", "known-elsewhere", "unasked")  # outcomes of records at whose address a document was met
ID_BYTES = 16
SOURCE_BYTES = 8  # of a hash of an address: two of one document's meet once in 10^19
KNOWN_ROW_BYTES = ID_BYTES + SOURCE_BYTES + 1

Grouped = tuple[int, Iterable[Batch[Document]], frozenset[bytes]]  # partition, documents, what is known of them


class UniqueDocumentsFound(NamedTuple):
    """Documents of one content each, and what became of all that came in."""

    documents: PCollection[Batch[Document]]
    outcomes: PCollection[Batch[DocumentOutcome]]
    known: PCollection[Batch[DocumentOutcome]]  # of those read before


@dataclass(kw_only=True)
class UniqueDocuments(beam.PTransform):
    """(partition of the id, batch of documents) -> the first of each content; an outcome for every one.

    First is by file and place. With `max_documents` those with the smallest ids go on. What a hub has read before
    (`known`: paths of its tables of documents) has the outcome "known", and "known-elsewhere" where the record names an
    address that the hub has not met the document at: the table tells it, since a takedown asks for all of them.
    """

    max_documents: int = 0  # 0: all
    known: Sequence[str] = ()  # Avro files of DocumentOutcome
    partitions: int
    stage: str = READ_CORPUS  # whose counters show how far it is

    def expand(self, candidates: PCollection[tuple[int, Batch[Document]]]) -> UniqueDocumentsFound:
        """One GroupByKey, and with `max_documents` the number of documents in each partition as a side input."""
        grouped = candidates | "GroupByContent" >> _GroupByContent(known=self.known, partitions=self.partitions)
        counts: Any = {}
        if self.max_documents:
            counts = AsDict(grouped | "CountUnique" >> beam.Map(_count_unique).with_output_types(tuple[int, int]))
        first = grouped | "KeepFirst" >> beam.ParDo(_KeepFirst(self.max_documents, self.stage), counts).with_outputs(
            "outcomes", "known", main="documents"
        ).with_output_types(Batch)
        return UniqueDocumentsFound(first.documents, first.outcomes, first.known)


def document_batches(documents: Iterable[Document]) -> Iterator[Batch[Document]]:
    """`documents` in batches bounded by records and by bytes."""
    batch: Batch[Document] = Batch()
    size = 0
    for document in documents:
        if batch and (len(batch) >= BATCH_RECORDS or size + len(document.text) > BATCH_BYTES):
            yield batch
            batch, size = Batch(), 0
        batch.append(document)
        size += len(document.text)
    if batch:
        yield batch


@dataclass(kw_only=True)
class _GroupByContent(beam.PTransform):
    """(partition, batch of documents) -> (partition, its batches, what is known of them).

    What is known of a document: its id, 16 bytes, if a model was asked about it, and id and hash of the address
    (`id_and_address`) for each address at which it was met.
    """

    known: Sequence[str]
    partitions: int

    def expand(self, candidates: PCollection[tuple[int, Batch[Document]]]) -> PCollection[Any]:
        """Ids alone stand for what is known; of a corpus beside which nothing is known, one GroupByKey."""
        if not self.known:
            return candidates | "Group" >> beam.GroupByKey() | "New" >> beam.MapTuple(_all_new)
        ids = (
            candidates.pipeline
            | "Tables" >> beam.Create(list(self.known), reshuffle=False)
            | "SpreadTables" >> beam.Reshuffle()
            | "ReadTables" >> beam.FlatMap(_known_ids, self.partitions).with_output_types(tuple[int, bytes])
        )
        grouped = {"new": candidates, "known": ids} | "Group" >> beam.CoGroupByKey()
        return grouped | "New" >> beam.MapTuple(_beside_known)


def _known_ids(path: str, partitions: int) -> Iterator[tuple[int, bytes]]:
    """(partition, rows of id, hash of the address and 1 or 0) of a table; 1: the document went on to the model.

    What was skipped may go on this time.
    """
    for partition, batch in read_blocks(path, DocumentOutcome, "document_id", partitions):
        rows = [id_and_address(row) + bytes([row.outcome == "document"]) for row in batch if row.outcome in MET]
        if rows:
            yield partition, b"".join(rows)


def id_and_address(row: Document | DocumentOutcome) -> bytes:
    """A document's id and a hash of its address."""
    return bytes.fromhex(row.document_id) + bytes.fromhex(content_id(row.source))[:SOURCE_BYTES]


def _all_new(partition: int, groups: Iterable[Batch[Document]]) -> Grouped:
    return partition, groups, frozenset()


def _beside_known(partition: int, sides: dict[str, Any]) -> Grouped:
    """Of what is known no more is held than concerns the documents that came."""
    came = {bytes.fromhex(document.document_id) for batch in sides["new"] for document in batch}
    known: set[bytes] = set()
    for rows in sides["known"]:
        for start in range(0, len(rows), KNOWN_ROW_BYTES):
            place, asked = rows[start : start + KNOWN_ROW_BYTES - 1], rows[start + KNOWN_ROW_BYTES - 1]
            if place[:ID_BYTES] in came:
                known.add(place)
                if asked:
                    known.add(place[:ID_BYTES])
    return partition, sides["new"], frozenset(known)


def _count_unique(group: Grouped) -> tuple[int, int]:
    partition, groups, known = group
    ids = {bytes.fromhex(document.document_id) for batch in groups for document in batch}
    return partition, len(ids - known)


class _KeepFirst(beam.DoFn):
    """Documents of a partition -> the first of each content; aside, an outcome for every one.

    Reads its group twice, so that no more than the ids and a batch is held.
    """

    def __init__(self, max_documents: int, stage: str):
        self.max_documents = max_documents
        self.tally = Tally(stage)

    def process(self, group: Grouped, counts: dict[int, int]) -> Iterator[Any]:
        partition, groups, known = group
        first: dict[str, tuple[str, tuple[int, ...]]] = {}
        elsewhere: dict[bytes, tuple[str, tuple[int, ...]]] = {}
        for document in (document for batch in groups for document in batch):
            order = document_order(document)
            if bytes.fromhex(document.document_id) not in known:
                first[document.document_id] = min(first.get(document.document_id, order), order)
            elif has_address(document) and (place := id_and_address(document)) not in known:
                elsewhere[place] = min(elsewhere.get(place, order), order)
        used = set(first)
        if self.max_documents:
            # Partitions are ranges of ids in order, so the smallest ids are those of the first partitions.
            left = max(0, self.max_documents - sum(n for other, n in counts.items() if other < partition))
            used = set(sorted(first)[:left])
        aside: dict[str, list[DocumentOutcome]] = {"outcomes": [], "known": []}

        def kept() -> Iterator[Document]:
            for document in (document for batch in groups for document in batch):
                order = document_order(document)
                outcome = "repeated" if document.document_id in first else "known"
                if (
                    outcome == "known"
                    and elsewhere
                    and elsewhere.get(id_and_address(document)) == document_order(document)
                ):
                    outcome = "known-elsewhere"
                if order == first.get(document.document_id):
                    outcome = "document" if document.document_id in used else "skipped-max-documents"
                self.tally.inc("documents" if outcome == "document" else outcome)
                aside["known" if outcome == "known" else "outcomes"].append(outcome_of(document, outcome))
                if outcome == "document":
                    yield document

        yield from document_batches(kept())
        for tag, outcomes in aside.items():
            yield from (TaggedOutput(tag, batch) for batch in batches(outcomes))
