"""What a reader finds in a file: a text, a record that is none, or a place that is broken; and the bounds it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from persona_hub.transforms.errors import InvalidInputError

TEXT_FIELDS = ("raw_content", "text", "contents", "content")  # RedPajama-V2; C4, FineWeb, Dolma; data-prep-kit; others
SOURCE_FIELDS = ("url", "id", "source", "document_id", "doc_id")  # where a person would look the text up, best first

KIB, MIB = 1 << 10, 1 << 20
FETCH_FILE = "Fetch the file again."  # the remedy of most damages


class CorpusError(InvalidInputError):
    """The corpus cannot be read as the user asked; the message names the pattern or file and the remedy."""


class NoFileError(CorpusError):
    """A pattern matches no file."""


class BrokenError(Exception):
    """A file cannot be read on from here: `reason` is a word to count by, `detail` the cause and the remedy."""

    def __init__(self, reason: str, detail: str):
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class CorpusFile:
    """A file of the corpus, as it was matched."""

    path: str
    size: int  # bytes on disk
    format: str  # a name of `CORPUS_FORMATS`
    compressed: bool = False  # by its name; a reader looks at the content as well
    forced: bool = False  # whether --format says so, whatever the content
    stream: BinaryIO | None = field(default=None, compare=False, repr=False)  # of a member of an archive: read once


@dataclass(frozen=True)
class Piece:
    """The part of a file that one worker reads: what begins at byte `start` or after and before byte `stop`."""

    file: CorpusFile
    start: int
    stop: int

    @property
    def whole(self) -> bool:
        """Whether this is all of the file."""
        return self.start == 0 and self.stop >= self.file.size


@dataclass(frozen=True)
class TextRecord:
    """A record with a text; `source` is "" where the corpus names none."""

    place: str
    source: str
    text: str
    others: tuple[str, ...] = ()  # further addresses, where a field lists several
    member: str = ""  # of the archive that the file is


@dataclass(frozen=True)
class SkippedRecord:
    """A record that can be read and is no text: an image, a request, an empty field."""

    place: str
    source: str
    reason: str
    others: tuple[str, ...] = ()
    member: str = ""


@dataclass(frozen=True)
class Damage:
    """A record, place or file that cannot be read; `detail` has the cause and the remedy."""

    place: str
    reason: str
    detail: str
    excerpt: str = ""
    member: str = ""


CorpusRecord = TextRecord | SkippedRecord | Damage
MakeRecord = Callable[[Mapping[str, Any], str], CorpusRecord]  # (fields of a row, its place) -> what it holds


class Budget:
    """How much may come out of one file, compressions and archives within it together."""

    def __init__(self, free_bytes: int, ratio: int):
        self.free_bytes, self.ratio = free_bytes, ratio
        self.taken, self.given = 0, 0  # bytes of the file, and bytes that came out

    def taking(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """`chunks` of the file itself, counted."""
        for chunk in chunks:
            self.taken += len(chunk)
            yield chunk

    def give(self, size: int) -> None:
        """Counts bytes that came out. Raises BrokenError where they are too many for what went in."""
        self.given += size
        if self.given > self.free_bytes and self.given > self.ratio * self.taken:
            detail = f"{self.taken:,} bytes hold more than {self.given:,}: a decompression bomb. Leave the file out."
            raise BrokenError("decompression-bomb", detail)


@dataclass(frozen=True)
class Limits:
    """Bounds that keep one bad file from taking a worker's memory or time."""

    record_bytes: int = 32 * MIB  # of one record, decompressed; the longest real one seen is 0.4 MB, a book's text
    free_bytes: int = 256 * MIB  # a file may decompress to this much whatever its ratio,
    ratio: int = 200  # and to this many times its size beyond: text reaches 3 to 15, logs 50, bombs 1,000 and more
    page_seconds: float = 10.0  # for the main text of one page; the mean is 0.03
    broken_run: int = 1000  # broken records in a row after which the rest of a piece is given up
    zstd_window_mb: int = 128  # of memory for the window of a zstd frame; zstd itself takes no more unless told
    archive_members: int = 100_000  # of one archive
    archive_depth: int = 3  # archives in one another
    spooled_bytes: int = 2048 * MIB  # of a Parquet, Avro or zip file in an archive, which is copied to a disk
    budget: Budget | None = None  # of the archive that a file lies in; None: it has its own
    part_characters: int = 20_000  # a longer plain text file becomes several documents, cut at paragraphs


class Reader(Protocol):
    """Reads the records of a piece; raises BrokenError where it cannot read on."""

    def __call__(self, piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
        """Everything that is found in `piece`, in the order of the file."""
        ...
