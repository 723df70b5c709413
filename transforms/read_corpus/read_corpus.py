"""Files of any format -> documents, each content once, with a word on what became of every record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection, TaggedOutput
from apache_beam.transforms.window import GlobalWindows

from persona_hub.transforms.corpus.corpus_records import MIB, CorpusError, CorpusFile, Limits, Piece
from persona_hub.transforms.corpus.documents import REPLACEMENT, DocumentFilter, document_of
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.formats.readers import read_piece
from persona_hub.transforms.corpus.language_codes import document_language
from persona_hub.transforms.corpus.pieces import LOAD_BYTES, PIECE_BYTES, loads_of
from persona_hub.transforms.counting.counts import Equation, Key, Sizes, count_records
from persona_hub.transforms.counting.lost_files import FilesOfPiece
from persona_hub.transforms.counting.stages import READ_CORPUS
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.read_corpus.unique_documents import UniqueDocuments, document_batches
from persona_hub.transforms.records import DeadLetter, Document, DocumentOutcome, partition_of
from persona_hub.transforms.wire.batches import BATCH_RECORDS, Batch

__all__ = ["CorpusError", "CorpusFile", "CorpusRead", "Limits", "ReadCorpus", "match_corpus"]

OUTCOMES_OUTPUT, DEAD_LETTERS_OUTPUT, FILES_OUTPUT = "outcomes", "dead_letters", "files"
HELD_BYTES = 32 * MIB  # of text that a bundle holds back so that few thick batches reach the shuffle
PARTITION_BYTES = MIB  # of corpus for a partition of the shuffle: 2,000 short documents
LEAST_PARTITIONS, MOST_PARTITIONS = 16, 4096


class CorpusRead(NamedTuple):
    """What a corpus gives. Records are as many as outcomes, known and dead letters together."""

    documents: PCollection[Any]  # Batch[Document], unique by document_id, spread over the workers
    outcomes: PCollection[Any]  # Batch[DocumentOutcome], one for every record that could be read, but for those known
    known: PCollection[Any]  # Batch[DocumentOutcome], one for every record that a hub has read before
    dead_letters: PCollection[Any]  # Batch[DeadLetter], one for every record, place or file that could not
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every record has an outcome, was read before, or could not be read."""
        outcomes = ("document", "repeated", "known", "known-elsewhere", "skipped-*", "lost-*")
        return (Equation(READ_CORPUS, "records", outcomes),)


@dataclass(kw_only=True)
class ReadCorpus(beam.PTransform):
    """Files -> documents (unique), outcomes of all records that could be read, dead letters for the rest.

    Of equal documents the first by file and place stands for all. With `max_documents` the documents with the
    smallest ids are used, whatever the order or sharding of the files. A document that a hub has read before (`known`:
    its tables of documents) does not come out again; each record of it has an outcome aside, "known".
    """

    files: Sequence[CorpusFile]
    text_field: str = ""  # "": the first of TEXT_FIELDS that a record has
    languages: frozenset[str] = frozenset()  # ISO 639-1; empty: all
    max_documents: int = 0  # 0: all
    known: Sequence[str] = ()  # Avro files of DocumentOutcome
    unwanted: frozenset[str] = frozenset()  # sources, and ids of documents, that were taken down
    min_characters: int = 40
    max_characters: int = 6_000
    partitions: int = 0  # of the shuffle; 0: by the size of the corpus
    piece_bytes: int = PIECE_BYTES
    load_bytes: int = LOAD_BYTES
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        super().__init__()
        if not self.files:
            raise CorpusError("--input: files is empty, one at least is needed.")
        for name, least in (("max_documents", 0), ("min_characters", 0), ("partitions", 0), ("piece_bytes", 1)):
            if getattr(self, name) < least:
                raise CorpusError(f"--{name} is {getattr(self, name)}, allowed is {least} or more.")
        if self.max_characters < max(self.min_characters, 20):
            raise CorpusError(
                f"--max_characters is {self.max_characters}, allowed is {max(self.min_characters, 20)} or more, "
                "and no less than --min_characters."
            )
        try:
            self.languages = frozenset(map(document_language, sorted(self.languages)))
        except InvalidInputError as error:
            raise CorpusError(f"--language {error}") from None

    def expand(self, pbegin: PBegin) -> CorpusRead:
        """The transforms of this step."""
        wanted = DocumentFilter(self.languages, self.min_characters, self.max_characters, self.unwanted)
        limits = replace(self.limits, part_characters=self.max_characters)
        partitions = self.partitions or shuffle_partitions(self.files)
        loads = list(loads_of(self.files, self.piece_bytes, self.load_bytes))
        read = (
            pbegin
            | "Pieces" >> beam.Create(loads, reshuffle=False)
            | "SpreadPieces" >> beam.Reshuffle()
            | "ReadPieces"
            >> beam.ParDo(_Read(self.text_field, wanted, limits, partitions))
            .with_outputs(OUTCOMES_OUTPUT, DEAD_LETTERS_OUTPUT, FILES_OUTPUT, main="candidates")
            .with_output_types(tuple[int, Batch])
        )
        unique = read.candidates | "UniqueDocuments" >> UniqueDocuments(
            max_documents=self.max_documents, known=self.known, partitions=partitions
        )
        outcomes = (read[OUTCOMES_OUTPUT], unique.outcomes) | "AllOutcomes" >> beam.Flatten()
        known, dead_letters = unique.known, read[DEAD_LETTERS_OUTPUT]
        counts = (
            *count_records(READ_CORPUS, "records", outcomes, known, dead_letters),
            *count_records(READ_CORPUS, "known", known),
            *count_records(READ_CORPUS, "", outcomes, field="outcome"),
            read[FILES_OUTPUT],
            unique.documents | "CountReplaced" >> beam.FlatMap(count_replaced).with_output_types(tuple[Key, int]),
        )
        return CorpusRead(unique.documents, outcomes, known, dead_letters, counts)


def count_replaced(batch: Batch[Document]) -> Iterator[tuple[Key, int]]:
    """The characters U+FFFD in a batch of documents, of which most stand for bytes that fit no encoding; none if 0."""
    if number := sum(document.text.count(REPLACEMENT) for document in batch):
        yield (READ_CORPUS, "replaced-characters"), number


def shuffle_partitions(files: Sequence[CorpusFile]) -> int:
    """Enough that a partition's documents fit in memory and all workers get some."""
    size = sum(file.size * (4 if file.compressed else 1) for file in files)
    return min(max(size // PARTITION_BYTES, LEAST_PARTITIONS), MOST_PARTITIONS)


class _Read(beam.DoFn):
    """Load of pieces -> (partition, batch of documents); aside, outcomes of what is skipped, dead letters, and counts
    of the files that may be lost.
    """

    def __init__(self, text_field: str, wanted: DocumentFilter, limits: Limits, partitions: int):
        self.text_field = text_field
        self.wanted = wanted
        self.limits = limits
        self.partitions = partitions
        self.tally = Tally(READ_CORPUS)

    def start_bundle(self) -> None:
        self.held: dict[int, list[Document]] = {}
        self.held_bytes = 0

    def process(self, load: list[Piece]) -> Iterator[Any]:
        for piece in load:
            aside: dict[str, Batch[Any]] = {OUTCOMES_OUTPUT: Batch(), DEAD_LETTERS_OUTPUT: Batch()}
            files = FilesOfPiece(piece.whole)
            for found in read_piece(piece, self.text_field, self.limits):
                record = document_of(found, piece.file.path, self.wanted)
                self.tally.inc("records")
                files.add(record)
                if isinstance(record, Document):
                    yield from self._hold(record)
                    continue
                tag = DEAD_LETTERS_OUTPUT if isinstance(record, DeadLetter) else OUTCOMES_OUTPUT
                self.tally.inc(record.outcome if isinstance(record, DocumentOutcome) else "dead-letters")
                aside[tag].append(record)
                if len(aside[tag]) >= BATCH_RECORDS:
                    yield TaggedOutput(tag, aside[tag])
                    aside[tag] = Batch()
            yield from (TaggedOutput(tag, batch) for tag, batch in aside.items() if batch)
            yield from (TaggedOutput(FILES_OUTPUT, count) for count in files.counts())
            self.tally.inc("bytes", piece.stop - piece.start)

    def finish_bundle(self) -> Iterator[Any]:
        yield from map(GlobalWindows.windowed_value, self._release())

    def _hold(self, document: Document) -> Iterator[tuple[int, Batch[Document]]]:
        self.held.setdefault(partition_of(document.document_id, self.partitions), []).append(document)
        self.held_bytes += len(document.text)
        if self.held_bytes > HELD_BYTES:
            yield from self._release()

    def _release(self) -> Iterator[tuple[int, Batch[Document]]]:
        held, self.held, self.held_bytes = self.held, {}, 0
        for partition, documents in held.items():
            yield from ((partition, batch) for batch in document_batches(documents))
