"""Files of short texts as one long sequence, cut into chunks that are read, and decided about, on their own.

Every file has a place in the sequence, every row a position in it: the byte where it begins, of what the file unpacks
to; for tables, `ROW_STEP` for each row. A row's rank is its position, so that of near-duplicates the first in order of
file and place stays, and a rank tells the chunk that the row is in.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from persona_hub.transforms.corpus.corpus_records import CorpusError, CorpusFile, Limits
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.local_files import PASSED
from persona_hub.transforms.corpus.names import printable_name

CHUNK_BITS = 21  # 2 MB, some 12,000 personas: an element's overhead is gone in the noise, and 16 fit in a cache
CHUNK = 1 << CHUNK_BITS
ROW_STEP = 1 << 8  # positions for a row of a table: 8,192 rows in a chunk
POSITION_BITS = 60  # so many fit in a rank, and in the part of an id that ranks are made of
PACKED_ROOM = 1 << 12  # positions reserved for a byte of a compressed file or a table, and
PACKED_LEAST = 1 << 36  # at least so many for a file: 268 million rows
ROW_FORMATS = ("jsonl", "text", "parquet", "avro")


@dataclass(frozen=True)
class Source:
    """A file, and where its rows begin in the sequence of all."""

    path: str
    size: int  # bytes on disk
    format: str  # of ROW_FORMATS
    begin: int  # a multiple of CHUNK
    end: int
    zstd_window_mb: int = Limits.zstd_window_mb

    @property
    def name(self) -> str:
        """The path as tables and messages have it."""
        return printable_name(self.path)

    @property
    def split(self) -> bool:
        """Whether parts of the file can be read on their own."""
        return self.format in ("jsonl", "text") and self.end - self.begin < PACKED_LEAST


def sources_of(patterns: Sequence[str], zstd_window_mb: int = Limits.zstd_window_mb) -> list[Source]:
    """The files that paths, globs and folders name, in the order in which these are given.

    Raises CorpusError for none, and for formats that hold no rows.
    """
    begin, sources = 0, []
    for file in match_corpus(patterns, as_named=True):
        if file.format in PASSED:
            continue
        if file.format not in ROW_FORMATS:
            wanted = ", ".join(ROW_FORMATS)
            raise CorpusError(f"--input {printable_name(file.path)}: {file.format} has no rows; wanted are {wanted}.")
        room = -(-room_for(file) // CHUNK) * CHUNK
        sources.append(Source(file.path, file.size, file.format, begin, begin + room, zstd_window_mb))
        begin += room
    if begin >> POSITION_BITS:
        raise CorpusError("--input names more than can be read in one run; deduplicate it in parts.")
    return sources


def room_for(file: CorpusFile) -> int:
    """Positions for the rows of a file."""
    if file.format in ("jsonl", "text") and not file.compressed:
        return min(max(1, file.size), PACKED_LEAST - CHUNK)
    return max(PACKED_LEAST, file.size * PACKED_ROOM)


def source_at(sources: Sequence[Source], position: int) -> Source:
    """The file that a position is in."""
    return sources[bisect_right(sources, position, key=lambda source: source.begin) - 1]
