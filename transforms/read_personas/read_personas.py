"""Files of personas that exist -> those personas, each row's text once, with a word on what became of every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection, TaggedOutput

from persona_hub.transforms.corpus.corpus_records import CorpusError, CorpusFile, Limits, Piece
from persona_hub.transforms.corpus.documents import DocumentFilter
from persona_hub.transforms.corpus.language_codes import document_language
from persona_hub.transforms.corpus.personas.readers import read_personas
from persona_hub.transforms.corpus.pieces import LOAD_BYTES, PIECE_BYTES, loads_of
from persona_hub.transforms.counting.counts import Equation, Key, Sizes, count_records
from persona_hub.transforms.counting.lost_files import FilesOfPiece
from persona_hub.transforms.counting.stages import LEFT_OUT, READ_PERSONAS
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.pii.columns import PERSONAL, personal_columns
from persona_hub.transforms.read_corpus.read_corpus import shuffle_partitions
from persona_hub.transforms.read_corpus.unique_documents import UniqueDocuments, document_batches
from persona_hub.transforms.read_personas.given import (
    GivenDocument,
    columns_of_documents,
    given_document,
    given_filter,
    loses_file,
    persona_of,
)
from persona_hub.transforms.records import DeadLetter, DocumentOutcome, partition_of
from persona_hub.transforms.wire.batches import BATCH_RECORDS, Batch

OUTCOMES_TAG, DEAD_LETTERS_TAG, FILES_TAG = "outcomes", "dead_letters", "files"
HELD_ROWS = 10_000  # at most 80 MB with their columns, mostly 5
COUNTED_COLUMNS = 50  # that are left out, those with the most values


class PersonasRead(NamedTuple):
    """What files of personas give. Records are as many as outcomes, known and dead letters together."""

    personas: PCollection[Any]  # Batch[Persona], of each content one, not filtered
    columns: PCollection[Any]  # Batch[GivenColumns], of the rows of these personas that have other columns
    documents: PCollection[Any]  # Batch[GivenDocument], one for each persona
    outcomes: PCollection[Any]  # Batch[DocumentOutcome], one for every row that could be read, but for those known
    known: PCollection[Any]  # Batch[DocumentOutcome], one for every row that a hub has read before
    dead_letters: PCollection[Any]  # Batch[DeadLetter], one for every row, place or file that could not
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Every row has an outcome, was read before, or could not be read; every document gives a persona."""
        outcomes = ("document", "repeated", "known", "known-elsewhere", "skipped-*", "lost-*")
        return (
            Equation(READ_PERSONAS, "records", outcomes),
            Equation(READ_PERSONAS, "document", ("personas",)),
        )


@dataclass(kw_only=True)
class ReadPersonas(beam.PTransform):
    """Files -> personas of `origin` "given" and the other columns of their rows; outcomes and dead letters of all rows.

    Of rows with one text the first by file and place stands for all, and its columns are those that are kept. With
    `max_personas` those with the smallest ids of their rows are taken. Rows that a hub has read (`known`: its tables of
    documents) do not come out again.
    """

    files: Sequence[CorpusFile]
    fields: Sequence[str] = ()  # of the text, the first that is filled; none: `PERSONA_FIELDS`
    languages: frozenset[str] = frozenset()  # ISO 639-1; empty: all
    max_personas: int = 0  # 0: all
    pii: str = "keep"  # what becomes of personal data later: columns that are left out for it are counted here
    known: Sequence[str] = ()  # Avro files of DocumentOutcome
    unwanted: frozenset[str] = frozenset()  # sources, and ids of documents, that were taken down
    partitions: int = 0  # of the shuffle; 0: by the size of the files
    piece_bytes: int = PIECE_BYTES
    load_bytes: int = LOAD_BYTES
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        super().__init__()
        if not self.files:
            raise CorpusError("--personas: files is empty, one at least is needed.")
        for name, least in (("max_personas", 0), ("partitions", 0), ("piece_bytes", 1)):
            if getattr(self, name) < least:
                raise CorpusError(f"--{name} is {getattr(self, name)}, allowed is {least} or more.")
        try:
            self.languages = frozenset(map(document_language, sorted(self.languages)))
        except InvalidInputError as error:
            raise CorpusError(f"--language {error}") from None

    def expand(self, pbegin: PBegin) -> PersonasRead:
        """The transforms of this step."""
        partitions = self.partitions or shuffle_partitions(self.files)
        reader = _ReadRows(tuple(self.fields), given_filter(self.languages, self.unwanted), self.limits, partitions)
        read = (
            pbegin
            | "Pieces" >> beam.Create(list(loads_of(self.files, self.piece_bytes, self.load_bytes)), reshuffle=False)
            | "SpreadPieces" >> beam.Reshuffle()
            | "ReadRows"
            >> beam.ParDo(reader)
            .with_outputs(OUTCOMES_TAG, DEAD_LETTERS_TAG, FILES_TAG, main="candidates")
            .with_output_types(tuple[int, Batch])
        )
        unique = read.candidates | "UniqueRows" >> UniqueDocuments(
            max_documents=self.max_personas, known=self.known, partitions=partitions, stage=READ_PERSONAS
        )
        outcomes = (read[OUTCOMES_TAG], unique.outcomes) | "AllOutcomes" >> beam.Flatten()
        known, dead_letters = unique.known, read[DEAD_LETTERS_TAG]
        personas = unique.documents | "Personas" >> beam.Map(personas_in_rows).with_output_types(Batch)
        counts = (
            *count_records(READ_PERSONAS, "records", outcomes, known, dead_letters),
            *count_records(READ_PERSONAS, "known", known),
            *count_records(READ_PERSONAS, "", outcomes, field="outcome"),
            *count_records(READ_PERSONAS, "personas", personas),
            read[FILES_TAG],
            unique.documents | "LeftOut" >> CountLeftOut(personal=self.pii != "keep"),
        )
        columns = unique.documents | "Columns" >> beam.FlatMap(columns_batch).with_output_types(Batch)
        return PersonasRead(personas, columns, unique.documents, outcomes, known, dead_letters, counts)


@dataclass(kw_only=True)
class CountLeftOut(beam.PTransform):
    """Batches of rows -> (("left_out", "nested labels"), values), by why and column, of the columns with the most."""

    columns: int = COUNTED_COLUMNS
    personal: bool = False  # whether columns whose names say that they hold personal data are left out, too

    def expand(self, documents: PCollection[Batch[GivenDocument]]) -> PCollection[tuple[Key, int]]:
        """Names come from the files, and may be as many as there are rows."""
        return (
            documents
            | "OfBatch" >> beam.FlatMap(left_out_of, self.personal).with_output_types(tuple[str, int])
            | "Sum" >> beam.CombinePerKey(sum)
            | "Most" >> beam.combiners.Top.Of(self.columns, key=by_number)
            | "AsCounts" >> beam.FlatMap(as_left_out).with_output_types(tuple[Key, int])
        )


def left_out_of(batch: Batch[GivenDocument], personal: bool = False) -> Iterator[tuple[str, int]]:
    """(why and column, values) of a batch."""
    found = Counter(f"{why} {name}" for document in batch for why, name in document.left_out)
    if personal:
        found.update(f"{PERSONAL} {name}" for one in batch for name in personal_columns(one.columns))
    yield from sorted(found.items())


def by_number(row: tuple[str, int]) -> tuple[int, str]:
    """Order of columns: by values; equals by name, so that every runner takes the same ones."""
    return row[1], row[0]


def as_left_out(rows: list[tuple[str, int]]) -> Iterator[tuple[Key, int]]:
    """The columns as counts."""
    for name, n in rows:
        yield (LEFT_OUT, name), n


def personas_in_rows(batch: Batch[GivenDocument]) -> Batch[Any]:
    """The personas of a batch of rows."""
    return Batch(map(persona_of, batch))


def columns_batch(batch: Batch[GivenDocument]) -> Iterator[Batch[Any]]:
    """The columns of a batch of rows, nothing where none has any."""
    if found := Batch(columns_of_documents(batch)):
        yield found


class _ReadRows(beam.DoFn):
    """Load of pieces -> (partition, batch of rows); aside, outcomes of what is skipped, dead letters, and counts of the
    files that may be lost.
    """

    def __init__(self, fields: tuple[str, ...], wanted: DocumentFilter, limits: Limits, partitions: int):
        self.fields, self.wanted, self.limits, self.partitions = fields, wanted, limits, partitions
        self.tally = Tally(READ_PERSONAS)

    def process(self, load: list[Piece]) -> Iterator[Any]:
        """Held back by load: many rows of a partition in few batches."""
        held: dict[int, list[GivenDocument]] = {}
        held_rows = 0
        for piece in load:
            aside: dict[str, Batch[Any]] = {OUTCOMES_TAG: Batch(), DEAD_LETTERS_TAG: Batch()}
            files = FilesOfPiece(piece.whole, loses_file)
            for found in read_personas(piece, self.fields, self.limits):
                row = given_document(found, piece.file.path, self.wanted)
                self.tally.inc("records")
                files.add(row)
                if isinstance(row, GivenDocument):
                    held.setdefault(partition_of(row.document_id, self.partitions), []).append(row)
                    held_rows += 1
                    if held_rows >= HELD_ROWS:
                        yield from released(held)
                        held, held_rows = {}, 0
                    continue
                tag = DEAD_LETTERS_TAG if isinstance(row, DeadLetter) else OUTCOMES_TAG
                self.tally.inc(row.outcome if isinstance(row, DocumentOutcome) else "dead-letters")
                aside[tag].append(row)
                if len(aside[tag]) >= BATCH_RECORDS:
                    yield TaggedOutput(tag, aside[tag])
                    aside[tag] = Batch()
            yield from (TaggedOutput(tag, batch) for tag, batch in aside.items() if batch)
            yield from (TaggedOutput(FILES_TAG, count) for count in files.counts())
            self.tally.inc("bytes", piece.stop - piece.start)
        yield from released(held)


def released(held: dict[int, list[GivenDocument]]) -> Iterator[tuple[int, Batch[Any]]]:
    """The rows of each partition, in batches."""
    for partition, rows in held.items():
        yield from ((partition, batch) for batch in document_batches(rows))
