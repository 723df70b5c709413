"""ReadRows: files of JSON Lines, text, Parquet or Avro -> chunks of rows, and a word on what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.corpus.corpus_records import BrokenError
from persona_hub.transforms.counting.lost_files import FilesOfPiece
from persona_hub.transforms.counting.stages import READ_ROWS
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.chunk_rows import pack_read
from persona_hub.transforms.dedup.chunks import UnusableRow, check_rows, pack_unusable
from persona_hub.transforms.dedup.layout import KeyedPayload
from persona_hub.transforms.dedup.row_files import SourceRange, ranges_of, read_source_range
from persona_hub.transforms.dedup.sources import CHUNK_BITS, Source
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays


class RowsRead(NamedTuple):
    """What was read."""

    chunks: beam.PCollection[KeyedPayload]  # (chunk, as `RowLayout` reads it)
    unusable: beam.PCollection[KeyedArrays]  # by chunk: packed `UnusableRow`s
    lines: beam.PCollection[KeyedArrays]  # (0, chunk and its number of lines), of files that are split
    files: beam.PCollection[tuple[str, int]]  # counts of the files that may be lost, as `lost_files` adds them up


@dataclass(kw_only=True)
class ReadRows(beam.PTransform):
    """Pipeline -> the rows of `sources` that have a text in `field`; rows of text files are lines."""

    sources: Sequence[Source]
    field: str

    def expand(self, root: beam.Pipeline) -> RowsRead:
        """Ranges of files are spread over the workers."""
        read = (
            root
            | "Ranges" >> beam.Create(list(ranges_of(self.sources)), reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Read"
            >> beam.ParDo(ReadRange(self.field))
            .with_output_types(KeyedPayload, unusable=KeyedArrays, lines=KeyedArrays, files=tuple[str, int])
            .with_outputs("unusable", "lines", "files", main="chunks")
        )
        return RowsRead(read["chunks"], read["unusable"], read["lines"], read["files"])


class ReadRange(beam.DoFn):
    """A range of a file -> its chunks; aside, unusable rows, numbers of lines, and what tells files that are lost."""

    def __init__(self, field: str):
        self.field = field
        self.tally = Tally(READ_ROWS)

    def process(self, where: SourceRange) -> Iterator[Any]:
        """Checks every row."""
        chunk, files = where.begin >> CHUNK_BITS, FilesOfPiece(where.whole)
        try:
            for raw in read_source_range(where, self.field):
                chunk = raw.chunk
                if where.source.split:
                    yield TaggedOutput("lines", (0, pack_arrays(np.array([chunk, raw.lines.count(b"\n")]))))
                parsed, unusable = check_rows(raw.offset, raw.number, raw.lines, self.field)
                rows = len(parsed.chunk.offset)
                self.tally.inc("rows", rows)
                files.add_rows(where.source.name, rows, (row.reason for row in unusable))
                if rows:
                    yield chunk, pack_read(parsed, where, len(raw.offset), self.field)
                yield from self.aside(chunk, unusable)
        except BrokenError as error:
            yield from self.aside(chunk, [UnusableRow(0, error.reason, error.detail, "")])
        yield from (TaggedOutput("files", (name, n)) for (_, name), n in files.counts())

    def aside(self, chunk: int, unusable: list[UnusableRow]) -> Iterator[TaggedOutput]:
        """What could not be read, if anything."""
        self.tally.inc("broken", len(unusable))
        if unusable:
            yield TaggedOutput("unusable", (chunk, pack_unusable(unusable)))
