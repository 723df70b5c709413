"""Files of JSON Lines, text, Parquet or Avro -> their rows as lines of JSON, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa

from persona_hub.transforms.corpus.content import codec_of
from persona_hub.transforms.corpus.corpus_records import BrokenError, CorpusFile, Damage, Limits, Piece
from persona_hub.transforms.corpus.fields.avro_rows import row_reader
from persona_hub.transforms.corpus.fields.parquet_rows import rows_of_parquet
from persona_hub.transforms.corpus.fields.row_bounds import OversizedRow
from persona_hub.transforms.corpus.formats.avro import records_in
from persona_hub.transforms.corpus.formats.avro_blocks import blocks_in, read_header
from persona_hub.transforms.corpus.formats.lines import lines_in_piece
from persona_hub.transforms.corpus.streams import open_raw, refuse_compressed
from persona_hub.transforms.dedup.chunks import (
    LONGEST_LINE,
    TOO_LONG_LINE,
    PlacedLine,
    RawChunk,
    as_line,
    cut_into_chunks,
    line_of_row,
)
from persona_hub.transforms.dedup.sources import CHUNK, CHUNK_BITS, ROW_STEP, Source
from persona_hub.transforms.records import excerpt
from persona_hub.transforms.similarity.arrays import I64, U8, Numbers

SKIP_BYTES = 1 << 20
LONG_ROW_BITS = 4  # a row of a table takes 1/16 of its bytes as positions if it is long: a chunk has 32 MB and a row


class SourceRange(NamedTuple):
    """What one worker reads: the rows of a file whose positions are `begin` to `end` - 1."""

    source: Source
    begin: int
    end: int

    @property
    def whole(self) -> bool:
        """Whether these are all rows of the file."""
        return self.begin == self.source.begin and self.end >= self.source.end


def ranges_of(sources: Sequence[Source]) -> Iterator[SourceRange]:
    """A range for each chunk of a file that can be split, else one for the file."""
    for source in sources:
        step = CHUNK if source.split else source.end - source.begin
        for begin in range(source.begin, source.end, step):
            yield SourceRange(source, begin, begin + step)


def read_source_range(where: SourceRange, field: str) -> Iterator[RawChunk]:
    """The rows of a range, unchecked: at most one chunk if the file is split. Raises BrokenError where it stops."""
    source, begin, end = where
    if source.split:
        yield from read_lines(source, begin - source.begin, min(end - source.begin, source.size), field)
        return
    rows = {"parquet": parquet_rows, "avro": avro_rows}.get(source.format, compressed_lines)(source, field)
    yield from cut_into_chunks(rows, CHUNK_BITS)


def read_lines(source: Source, start: int, stop: int, field: str) -> Iterator[RawChunk]:
    """The lines that begin at bytes start .. stop - 1 of a file."""
    with open_raw(CorpusFile(source.path, source.size, source.format)) as stream:
        if codec_of(stream.read(16)):
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
                raw = raw[: raw.rfind(b"\n") + 1] + TOO_LONG_LINE
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
    yield RawChunk(chunk, offset + (position - (chunk << CHUNK_BITS)), np.arange(1, len(offset) + 1), raw)


def skip_line(stream: BinaryIO) -> bool:
    """Reads to the end of a line, `SKIP_BYTES` at a time; false at the end of the file."""
    while piece := stream.readline(SKIP_BYTES):
        if piece.endswith(b"\n"):
            return True
    return False


def text_lines(raw: bytes, field: str) -> tuple[Numbers, bytes]:
    """Lines of text -> (where each began, the same as JSON Lines); a blank line stays one."""
    lines = raw.split(b"\n")[:-1]  # not TOO_LONG_LINE: that is a line of text here, and a row like others
    begin = np.cumsum([0, *(len(line) + 1 for line in lines)])[:-1].astype(I64)
    return begin, b"".join([text_line(line, field) for line in lines])


def text_line(line: bytes, field: str) -> bytes:
    """A line of text as one of JSON, the text in `field`."""
    text = line.decode("utf-8", "replace").rstrip("\r")
    return as_line({field: text}) if text and not text.isspace() else b"\n"


def compressed_lines(source: Source, field: str) -> Iterator[PlacedLine]:
    """Rows of a compressed file of lines, read from its beginning."""
    file = CorpusFile(source.path, source.size, source.format, True)
    at, limits = 0, Limits(zstd_window_mb=source.zstd_window_mb)
    for number, line in enumerate(lines_in_piece(Piece(file, 0, max(1, source.size)), limits), 1):
        place = line.place.removeprefix("line ")
        data = text_line(line.data, field) if source.format == "text" else line.data + b"\n"
        data = TOO_LONG_LINE if line.too_long else data
        yield source.begin + at, int(place) if place.isdigit() else number, data
        at += len(line.data) + 1
        if at >= source.end - source.begin:
            raise BrokenError("too-large", "it unpacks to more than a file may. Split it.")


def parquet_rows(source: Source, field: str) -> Iterator[PlacedLine]:
    """Rows of a Parquet file."""
    with open_raw(CorpusFile(source.path, source.size, source.format)) as stream:
        refuse_compressed(stream)
        yield from placed_rows(source, rows_of_parquet(stream, Limits()), field)


def avro_rows(source: Source, field: str) -> Iterator[PlacedLine]:
    """Rows of an Avro file."""
    file = CorpusFile(source.path, source.size, source.format)
    with open_raw(file) as stream:
        refuse_compressed(stream)
        header = read_header(stream)
        read = row_reader(header.record, field, LONGEST_LINE)

        def rows() -> Iterator[dict[str, Any] | OversizedRow]:
            for block in blocks_in(stream, header, Piece(file, 0, source.size), Limits()):
                if isinstance(block, Damage):
                    raise BrokenError(block.reason, f"{block.place}: {block.detail}")
                for row in records_in(block, read):
                    if isinstance(row, BrokenError):
                        raise row
                    yield row

        yield from placed_rows(source, rows(), field)


def placed_rows(source: Source, rows: Iterator[dict[str, Any] | OversizedRow], field: str) -> Iterator[PlacedLine]:
    """Rows of a table, each in its place. Raises BrokenError where they break off."""
    number = at = 0
    try:
        for number, row in enumerate(rows, 1):
            line = line_of_row(row, field)
            yield source.begin + at, number, line
            at += max(ROW_STEP, len(line) >> LONG_ROW_BITS)
            if at >= source.end - source.begin:
                raise BrokenError("too-large", "it unpacks to more than a file may. Split it.")
    except BrokenError as broken:
        raise BrokenError(broken.reason, f"after row {number}: {broken.detail}") from broken
    except (pa.ArrowException, OSError) as error:
        detail = f"after row {number} ({excerpt(str(error))}). Fetch the file again."
        raise BrokenError(f"{source.format}-damaged", detail) from error
