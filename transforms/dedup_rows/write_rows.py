"""WriteRows: rows that are kept, rows that are dropped, and dead letters -> files of JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import apache_beam as beam
import orjson
from apache_beam.coders import BytesCoder
from apache_beam.pvalue import AsSingleton

from persona_hub.transforms.counting.stages import READ_ROWS
from persona_hub.transforms.dedup.chunks import Chunk, UnusableRow
from persona_hub.transforms.dedup.sources import CHUNK_BITS, Source, source_at
from persona_hub.transforms.files.storage import join_path
from persona_hub.transforms.records import DeadLetter, as_dict


class RowsToWrite(NamedTuple):
    """What becomes of the rows."""

    kept: beam.PCollection[tuple[int, Chunk]]
    dropped: tuple[beam.PCollection[bytes], ...]  # lines of JSON
    unusable: beam.PCollection[tuple[int, list[UnusableRow]]]  # (number of a chunk, its rows that cannot be read)
    lines: beam.PCollection[dict[int, int]]  # one element: of each chunk, the lines of its file before it


@dataclass(kw_only=True)
class WriteRows(beam.PTransform):
    """RowsToWrite -> kept-*.jsonl, dropped-*.jsonl and dead_letters-*.jsonl in `output`."""

    output: str
    sources: Sequence[Source]

    def expand(self, rows: RowsToWrite) -> tuple[beam.PCollection[str], ...]:
        """Kept rows are written byte by byte as they were read."""
        kept = rows.kept | "KeptLines" >> beam.Map(lines_of_chunk).with_output_types(bytes)
        dropped = rows.dropped | "Dropped" >> beam.Flatten()
        dead = rows.unusable | "DeadLetters" >> beam.FlatMap(
            dead_letter_lines, list(self.sources), AsSingleton(rows.lines)
        )
        return tuple(
            collection
            | f"Write {name}"
            >> beam.io.WriteToText(
                join_path(self.output, name), ".jsonl", append_trailing_newlines=False, coder=BytesCoder()
            )
            for name, collection in (("kept", kept), ("dropped", dropped), ("dead_letters", dead))
        )


def lines_of_chunk(element: tuple[int, Chunk]) -> bytes:
    """The rows of a chunk as they were."""
    return element[1].lines


def dead_letter_lines(
    element: tuple[int, list[UnusableRow]], sources: Sequence[Source], lines: Mapping[int, int]
) -> Iterator[bytes]:
    """Dead letters as lines of JSON."""
    number, broken = element
    path = source_at(sources, number << CHUNK_BITS).path
    for row in broken:
        place = f"{path}:{lines.get(number, 0) + row.number}" if row.number else path
        letter = DeadLetter(READ_ROWS, row.reason, place, row.detail, row.excerpt)
        yield orjson.dumps(as_dict(letter), option=orjson.OPT_APPEND_NEWLINE)
