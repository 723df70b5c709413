"""WriteRows: rows that are kept, rows that are dropped, and dead letters -> shards of JSON Lines, not yet published."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

import apache_beam as beam
import orjson
from apache_beam.pvalue import AsSingleton
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from persona_hub.transforms.counting.stages import READ_ROWS
from persona_hub.transforms.dedup.chunks import unpack_unusable
from persona_hub.transforms.dedup.sources import CHUNK_BITS, Source, source_at
from persona_hub.transforms.dedup_rows.drop_rows import KeptRows
from persona_hub.transforms.files.atomic import UNFINISHED
from persona_hub.transforms.files.storage import is_local, join_path, open_to_write, write_errors
from persona_hub.transforms.records import DeadLetter, as_dict
from persona_hub.transforms.wire.packing import KeyedArrays

KEPT_ROWS, DROPPED_ROWS, UNUSABLE_ROWS = "kept", "dropped", "dead_letters"
SHARD_BYTES = 256 << 20  # from that size on a file is closed and the next one begun


class RowsToWrite(NamedTuple):
    """What becomes of the rows."""

    kept: beam.PCollection[tuple[int, KeptRows]]  # by number of the chunk
    dropped: tuple[beam.PCollection[tuple[int, bytes]], ...]  # by partition: lines of JSON
    unusable: beam.PCollection[tuple[int, bytes]]  # by number of the chunk: its rows that cannot be read, packed
    lines: beam.PCollection[dict[int, int]]  # one element: of each chunk, the lines of its file before it


class Shard(NamedTuple):
    """A file of lines that is written whole, under a name that no reader looks at."""

    kind: str  # KEPT_ROWS, DROPPED_ROWS or UNUSABLE_ROWS
    first: int  # number of the chunk or partition that it begins with
    name: str
    bytes: int


@dataclass(kw_only=True)
class WriteRows(beam.PTransform):
    """RowsToWrite -> the shards that make kept-*.jsonl, dropped-*.jsonl and dead_letters-*.jsonl once published.

    Rows are written where they are at hand, in files of SHARD_BYTES: they are never gathered. A bundle that fails
    leaves a file that nothing names, and `publish_rows` removes it.
    """

    output: str
    sources: Sequence[Source]

    def expand(self, rows: RowsToWrite) -> beam.PCollection[Shard]:
        """Kept rows are written byte by byte as they were read."""
        kept = rows.kept | "KeptLines" >> beam.MapTuple(kept_lines).with_output_types(tuple[int, bytes])
        dead = rows.unusable | "DeadLetters" >> beam.FlatMap(
            dead_letter_lines, list(self.sources), AsSingleton(rows.lines)
        ).with_output_types(tuple[int, bytes])
        written = [(KEPT_ROWS, kept), *((DROPPED_ROWS, dropped) for dropped in rows.dropped), (UNUSABLE_ROWS, dead)]
        shards = [
            lines | f"Write {kind} {n}" >> beam.ParDo(WriteShards(self.output, kind)).with_output_types(Shard)
            for n, (kind, lines) in enumerate(written)
        ]
        return shards | "Shards" >> beam.Flatten()


class WriteShards(beam.DoFn):
    """(number, lines of JSON) -> the shards that they are written to, in the order in which they come."""

    def __init__(self, output: str, kind: str):
        self.output, self.kind = output, kind

    def start_bundle(self) -> None:
        """No file is open."""
        self.file: BinaryIO | None = None

    def process(self, element: tuple[int, bytes]) -> Iterator[Shard]:
        """Closes a file that is large enough."""
        number, lines = element
        if self.file is None:
            self.shard = Shard(self.kind, number, f"{UNFINISHED}{self.kind}-{uuid.uuid4().hex}", 0)
            with write_errors(self.path):
                self.file = open_to_write(join_path(self.output, self.shard.name))
        with write_errors(self.path):
            self.file.write(lines)
        self.shard = self.shard._replace(first=min(self.shard.first, number), bytes=self.shard.bytes + len(lines))
        if self.shard.bytes >= SHARD_BYTES:
            yield self.close(self.file)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Closes the last file."""
        if self.file is not None:
            yield GlobalWindows.windowed_value(self.close(self.file))

    @property
    def path(self) -> str:
        """The file as errors name it."""
        return join_path(self.output, f"{self.kind}-*.jsonl")

    def close(self, file: BinaryIO) -> Shard:
        """The shard whose file is complete."""
        with write_errors(self.path):
            if is_local(self.output):
                file.flush()
                os.fsync(file.fileno())
            file.close()
        self.file = None
        return self.shard


def kept_lines(number: int, rows: KeptRows) -> tuple[int, bytes]:
    """The rows of a chunk as they were."""
    return number, rows.chunk.lines


def dead_letter_lines(
    element: KeyedArrays, sources: Sequence[Source], lines: Mapping[int, int]
) -> Iterator[tuple[int, bytes]]:
    """Dead letters of a chunk as lines of JSON."""
    number, packed = element
    path = source_at(sources, number << CHUNK_BITS).name
    out = []
    for row in unpack_unusable(packed):
        place = f"{path}:{lines.get(number, 0) + row.number}" if row.number else path
        letter = DeadLetter(READ_ROWS, row.reason, place, row.detail, row.excerpt)
        out.append(orjson.dumps(as_dict(letter), option=orjson.OPT_APPEND_NEWLINE))
    yield number, b"".join(out)
