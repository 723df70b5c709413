"""ReadRows: files of JSON Lines, text, Parquet or Avro -> chunks of rows, and a word on what could not be read."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import apache_beam as beam
import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.corpus.formats.lines import lines_of
from persona_hub.transforms.corpus.found import BrokenError, CorpusFile, Limits, Piece
from persona_hub.transforms.corpus.streams import codec_of, open_raw
from persona_hub.transforms.counting.stages import READ_ROWS
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.chunks import TOO_LONG, Broken, Chunk, as_line, checked, cut
from persona_hub.transforms.dedup.rows import Packed
from persona_hub.transforms.dedup.sources import CHUNK, CHUNK_BITS, ROW_STEP, Source
from persona_hub.transforms.records import excerpt
from persona_hub.transforms.similarity.arrays import I64, U8
from persona_hub.transforms.wire.packing import pack_arrays

LONGEST_LINE = Limits().record_bytes
SKIP_BYTES = 1 << 20
BATCH_ROWS = 8192

_last: list[tuple[bytes, Chunk]] = []  # one pair, changed as a whole: other runners run bundles side by side

Part = tuple[Source, int, int]  # a file, and the positions from and before which its rows begin


class Rows(NamedTuple):
    """What was read."""

    chunks: beam.PCollection[Packed]  # (chunk, `payload_of` it)
    broken: beam.PCollection[tuple[int, list[Broken]]]  # by chunk
    lines: beam.PCollection[Packed]  # (0, chunk and its number of lines), of files that are read in parts


@dataclass(kw_only=True)
class ReadRows(beam.PTransform):
    """Pipeline -> the rows of `sources` that have a text in `field`; rows of text files are lines."""

    sources: Sequence[Source]
    field: str

    def expand(self, root: beam.Pipeline) -> Rows:
        """Parts are spread over the workers."""
        read = (
            root
            | "Parts" >> beam.Create(list(parts_of(self.sources)), reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Read"
            >> beam.ParDo(ReadPart(self.field))
            .with_output_types(Packed, broken=Any, lines=Packed)
            .with_outputs("broken", "lines", main="chunks")
        )
        return Rows(read["chunks"], read["broken"], read["lines"])


def parts_of(sources: Sequence[Source]) -> Iterator[Part]:
    """A part for each chunk of a file that can be split, else one for the file."""
    for source in sources:
        step = CHUNK if source.split else source.end - source.begin
        for begin in range(source.begin, source.end, step):
            yield source, begin, begin + step


class ReadPart(beam.DoFn):
    """A part of a file -> its chunks."""

    def __init__(self, field: str):
        self.field = field
        self.tally = Tally(READ_ROWS)

    def process(self, part: Part) -> Iterator[Any]:
        """Checks every row."""
        source, begin, end = part
        chunk_number = begin >> CHUNK_BITS
        try:
            for found in read_part(source, begin, end, self.field):
                chunk_number, offset, number, lines = found
                if source.split:
                    yield TaggedOutput("lines", (0, pack_arrays(np.array([chunk_number, lines.count(b"\n")]))))
                chunk, broken = checked(offset, number, lines, self.field)
                self.tally.inc("rows", len(chunk.offset))
                if len(chunk.offset):
                    yield chunk_number, payload_of(chunk, part, len(offset), self.field)
                yield from self.aside(chunk_number, broken)
        except BrokenError as error:
            yield from self.aside(chunk_number, [Broken(0, error.reason, error.detail, "")])

    def aside(self, chunk: int, broken: list[Broken]) -> Iterator[TaggedOutput]:
        """What could not be read, if anything."""
        self.tally.inc("broken", len(broken))
        if broken:
            yield TaggedOutput("broken", (chunk, broken))


def payload_of(chunk: Chunk, part: Part, lines: int, field: str) -> bytes:
    """A chunk as one value of a shuffle: where it can be read again by itself, only how.

    Rows are wanted twice, when they are read and when all is decided. FnApiRunner copies what lies in between six
    times, which costs more than reading a local file again; elsewhere reading again costs what shuffling would.
    """
    sound = None if len(chunk.number) == lines else chunk.number
    payload = pickle.dumps((part, sound, field) if part[0].split else chunk)
    _last[:] = [(payload, chunk)]
    return payload


def chunk_of(payload: bytes) -> Chunk:
    """What `payload_of` was given. The chunk read last is remembered: the next step, in the same stage, asks for it."""
    for known, read in tuple(_last):
        if known is payload:
            return read
    held = pickle.loads(payload)
    if isinstance(held, Chunk):
        return held
    (source, begin, end), sound, field = held
    _, offset, number, lines = next(read_part(source, begin, end, field))
    chunk = Chunk(offset, number, lines)
    return chunk if sound is None else chunk.only(np.isin(number, sound))


def read_part(source: Source, begin: int, end: int, field: str) -> Iterator[tuple[int, Any, Any, bytes]]:
    """(chunk, offsets, numbers, lines) of the rows of a part, unchecked. Raises BrokenError where it cannot go on."""
    if source.split:
        yield from read_range(source, begin - source.begin, min(end - source.begin, source.size), field)
        return
    tables = {"parquet": table_rows, "avro": avro_rows}
    rows = tables[source.format](source) if source.format in tables else packed_lines(source, field)
    yield from cut(rows, CHUNK_BITS)


def read_range(source: Source, start: int, stop: int, field: str) -> Iterator[tuple[int, Any, Any, bytes]]:
    """The lines that begin at bytes start .. stop - 1 of a file."""
    with open_raw(CorpusFile(source.path, source.size, source.format)) as stream:
        if codec_of(stream.read(4)):
            if not start:
                raise BrokenError("compressed", "it is compressed, but not by its name. Call it .gz, .bz2 or .zst.")
            return
        stream.seek(max(0, start - 1))
        if start and not skip_line(stream):
            return
        first = stream.tell()
        if first >= stop:
            return
        raw = stream.read(stop - first)
        if not raw.endswith(b"\n"):
            rest = stream.readline(LONGEST_LINE)
            if len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
                raw = raw[: raw.rfind(b"\n") + 1] + TOO_LONG
            else:
                raw += rest.removesuffix(b"\n") + b"\n"
        if not first:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
    if source.format == "text":
        offset, raw = text_lines(raw, field)
    else:
        ends = np.flatnonzero(np.frombuffer(raw, U8) == 10) + 1
        offset = np.r_[0, ends[:-1]]
    position = source.begin + first
    chunk = position >> CHUNK_BITS
    yield chunk, offset + (position - (chunk << CHUNK_BITS)), np.arange(1, len(offset) + 1), raw


def skip_line(stream: BinaryIO) -> bool:
    """Reads to the end of a line, a bit at a time; false at the end of the file."""
    while piece := stream.readline(SKIP_BYTES):
        if piece.endswith(b"\n"):
            return True
    return False


def text_lines(raw: bytes, field: str) -> tuple[Any, bytes]:
    """Lines of text -> (where each began, the same as JSON Lines); a blank line stays one."""
    lines = raw.split(b"\n")[:-1]  # not TOO_LONG: that is a line of text here, and a row like others
    begin = np.cumsum([0, *(len(line) + 1 for line in lines)])[:-1].astype(I64)
    return begin, b"".join([text_line(line, field) for line in lines])


def text_line(line: bytes, field: str) -> bytes:
    """A line of text as one of JSON, the text in `field`."""
    text = line.decode("utf-8", "replace").rstrip("\r")
    return as_line({field: text}) if text and not text.isspace() else b"\n"


def packed_lines(source: Source, field: str) -> Iterator[tuple[int, int, bytes]]:
    """Rows of a compressed file of lines, read from its beginning."""
    file = CorpusFile(source.path, source.size, source.format, True)
    at = 0
    for number, line in enumerate(lines_of(Piece(file, 0, max(1, source.size)), Limits()), 1):
        place = line.place.removeprefix("line ")
        data = text_line(line.data, field) if source.format == "text" else line.data + b"\n"
        data = TOO_LONG if line.too_long else data
        yield source.begin + at, int(place) if place.isdigit() else number, data
        at += len(line.data) + 1
        if at >= source.end - source.begin:
            raise BrokenError("too-large", "it unpacks to more than a file may. Split it.")


def table_rows(source: Source) -> Iterator[tuple[int, int, bytes]]:
    """Rows of a Parquet file."""
    row = 0
    with open_raw(CorpusFile(source.path, source.size, source.format)) as stream:
        try:
            for batch in pq.ParquetFile(stream, pre_buffer=False).iter_batches(BATCH_ROWS, use_threads=False):
                for record in batch.to_pylist():
                    yield source.begin + row * ROW_STEP, row + 1, as_line(record)
                    row += 1
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise damaged("parquet", row, error) from error


def avro_rows(source: Source) -> Iterator[tuple[int, int, bytes]]:
    """Rows of an Avro file."""
    row = 0
    with open_raw(CorpusFile(source.path, source.size, source.format)) as stream:
        try:
            for record in fastavro.reader(stream):
                yield source.begin + row * ROW_STEP, row + 1, as_line(record)
                row += 1
        except Exception as error:  # fastavro raises whatever the bytes lead it to
            raise damaged("avro", row, error) from error


def damaged(kind: str, row: int, error: Exception) -> BrokenError:
    """What to say of a table that cannot be read on."""
    return BrokenError(f"{kind}-damaged", f"after row {row} ({excerpt(str(error))}). Fetch the file again.")
