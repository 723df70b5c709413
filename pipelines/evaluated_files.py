"""Anyone's files of personas, as they are -> the rows of an evaluation: vectors and attributes are made on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.transforms.attributes import read_attributes
from persona_hub.transforms.corpus.corpus_records import CorpusFile, Damage, Limits, Piece, TextRecord
from persona_hub.transforms.corpus.personas.readers import read_personas
from persona_hub.transforms.counting.counts import Key
from persona_hub.transforms.counting.stages import LOST_FILES
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import open_embedder
from persona_hub.transforms.evaluate.documents import reasons_in
from persona_hub.transforms.evaluate.evaluate import EvaluatedRows, PackedRows
from persona_hub.transforms.evaluate.hub_rows import EvaluatedPersona, HubRows
from persona_hub.transforms.evaluate.hub_sums import DuplicateSums
from persona_hub.transforms.evaluation.demographics.cells import Cell, sex_of
from persona_hub.transforms.evaluation.key_counts import KeyCounts
from persona_hub.transforms.evaluation.repetition.value_counts import ValueCounts
from persona_hub.transforms.read_personas.read_personas import ReadPersonas
from persona_hub.transforms.records import DocumentOutcome, GivenColumns, Persona, partition_of, printable
from persona_hub.transforms.vectors.float16 import StoredVectors, to_stored
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import pack_object

EMBEDDED_AT_ONCE = 256  # texts
SKIPPED = "skipped-"  # outcomes of rows without a text begin so
REPEATED = "repeated"  # outcome of a row whose text stands before
FILE_ROWS, FILE_COLUMNS = "personas", "columns"


@dataclass(kw_only=True)
class ReadFileRows(beam.PTransform):
    """Pipeline -> EvaluatedRows of files. Rows of one text are one persona, and the others its duplicates."""

    files: Sequence[CorpusFile]
    blocks: int
    embedder: EmbedderConfig  # of this process
    fields: Sequence[str] = ()

    def expand(self, root: beam.Pipeline) -> EvaluatedRows:
        """Rows meet their other columns by the block of their document."""
        read = root | "ReadPersonas" >> ReadPersonas(files=self.files, fields=self.fields)
        by_block = beam.FlatMap(keyed_by_document, self.blocks).with_output_types(tuple[int, Batch])
        rows = (
            {
                FILE_ROWS: read.personas | "PersonaBlocks" >> by_block,
                FILE_COLUMNS: read.columns | "ColumnBlocks" >> by_block,
            }
            | "ByBlock" >> beam.CoGroupByKey()
            | "Read" >> beam.Map(packed_file_rows, self.embedder).with_output_types(bytes)
        )
        repeated = read.outcomes | "Repeated" >> beam.Map(repeated_rows)
        counts = read.counts | "Counts" >> beam.Flatten()
        files = counts | "Files" >> beam.FlatMap(file_counts).with_output_types(tuple[str, int])
        skipped = read.outcomes | "Skipped" >> beam.FlatMap(skipped_rows).with_output_types(str)
        broken = read.dead_letters | "Broken" >> beam.FlatMap(reasons_in).with_output_types(str)
        lost = (skipped, broken) | "Lost" >> beam.Flatten()
        return EvaluatedRows(rows, repeated, lost, files)


def skipped_rows(batch: Batch[DocumentOutcome]) -> Iterator[str]:
    """Why rows that could be read were not taken."""
    return (one.outcome.removeprefix(SKIPPED) for one in batch if one.outcome.startswith(SKIPPED))


def require_persona(files: Sequence[CorpusFile], fields: Sequence[str]) -> None:
    """Raises UsageError, which says what is wrong with the first row, where no file holds a persona that can be read.

    Reads as far as the first one.
    """
    said = "it has no row"
    for file in reversed(files):  # of several the first is told
        said = "it has no row"
        for found in read_personas(Piece(file, 0, max(file.size, 1)), fields, Limits()):
            if isinstance(found, TextRecord) and found.text.strip():
                return
            if said == "it has no row":
                told = found.detail if isinstance(found, Damage) else "its text is empty"
                said = f"{found.place}: {told}"
    more = f", nor in the {len(files) - 1} other files" if len(files) > 1 else ""
    raise UsageError(f"--personas {printable(files[0].path)}: no persona is there{more}: {said}")


def file_counts(count: tuple[Key, int]) -> Iterator[tuple[str, int]]:
    """Of a count what it says of a file."""
    (stage, name), n = count
    if stage == LOST_FILES:
        yield name, n


def keyed_by_document(batch: Batch[Any], blocks: int) -> Iterator[tuple[int, Batch[Any]]]:
    """(block of the document, rows) of a batch."""
    found: dict[int, Batch[Any]] = {}
    for one in batch:
        found.setdefault(partition_of(one.document_id, blocks), Batch()).append(one)
    yield from sorted(found.items())


def packed_file_rows(element: tuple[int, Mapping[str, Iterable[Batch[Any]]]], embedder: EmbedderConfig) -> PackedRows:
    """The rows of a block as they travel."""
    return pack_object(file_rows(element, embedder))


def file_rows(element: tuple[int, Mapping[str, Iterable[Batch[Any]]]], embedder: EmbedderConfig) -> HubRows:
    """The rows of a block: what their texts say by the rules, their sex by a column, and their vectors."""
    tables = element[1]
    by_id: dict[str, Persona] = {one.persona_id: one for batch in tables[FILE_ROWS] for one in batch}
    given: dict[str, GivenColumns] = {one.document_id: one for batch in tables[FILE_COLUMNS] for one in batch}
    people = [by_id[one] for one in sorted(by_id)]
    cells: list[Cell] = []
    for one in people:
        said = read_attributes(one.text, one.language)
        sex = sex_of(given[one.document_id].columns) if one.document_id in given else sex_of("")
        cells.append(
            (one.language, said.occupation, said.seniority, said.life_stage, said.country, said.education, sex)
        )
    personas = [EvaluatedPersona.of(one) for one in people]
    vectors = vectors_of_texts([one.text for one in people], embedder)
    return HubRows(personas, cells, [""] * len(people), np.arange(len(people)), vectors)


def vectors_of_texts(texts: Sequence[str], config: EmbedderConfig) -> StoredVectors:
    """The vectors of texts, shape (texts, d)."""
    embedder = open_embedder(config)
    parts = [embedder.embed(texts[i : i + EMBEDDED_AT_ONCE]) for i in range(0, len(texts), EMBEDDED_AT_ONCE)]
    return to_stored(np.concatenate(parts)) if parts else np.zeros((0, 0), np.float16)


def repeated_rows(batch: Batch[DocumentOutcome]) -> DuplicateSums:
    """The rows of a batch whose texts stand before: duplicates of the one that stays."""
    ids = [one.document_id for one in batch if one.outcome == REPEATED]
    keys = np.array([int(one[:16], 16) for one in ids], np.uint64)
    kinds, hops = ([REPEATED] for _ in ids), (["0"] for _ in ids)
    return DuplicateSums(KeyCounts().add(keys, len(ids)), ValueCounts().add(kinds), ValueCounts().add(hops))
