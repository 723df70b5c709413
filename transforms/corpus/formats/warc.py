"""WARC, WET and WAT: records one after the other, with what a crawler fetched in some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from persona_hub.transforms.corpus.corpus_records import FETCH_FILE, KIB, BrokenError, CorpusFile, Damage, Limits
from persona_hub.transforms.corpus.streams import decompressed, open_raw, raw_chunks

LINE_BYTES = 64 * KIB  # of a header line; more is no header
HEADER_LINES = 200
WARC_START = b"WARC/"

Head = TypeVar("Head")


@dataclass(frozen=True)
class WarcRecord:
    """One record: its place, its headers by lower-case name, and its content as it lies in the file."""

    place: str  # "record 3"
    headers: dict[str, str]
    content: bytes

    @property
    def kind(self) -> str:
        """Its WARC-Type: response, conversion, request and so on."""
        return self.headers.get("warc-type", "").lower()

    @property
    def uri(self) -> str:
        """What was fetched."""
        return self.headers.get("warc-target-uri", "").strip("<>")

    @property
    def media_type(self) -> str:
        """Of the content, without parameters."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


class CutError(Exception):
    """The bytes that are read break off here and go on with another member."""


class RecordBuffer:
    """Lines and counted bytes out of chunks; an empty chunk is a break."""

    def __init__(self, chunks: Iterator[bytes], format: str):
        self._chunks = chunks
        self._format = format
        self._data = b""
        self._at = 0
        self._ended = False

    def _more(self) -> bool:
        if self._ended:
            return False
        chunk = next(self._chunks, None)
        if chunk is None:
            self._ended = True
            return False
        if not chunk:
            self._data, self._at = b"", 0
            raise CutError
        self._data, self._at = self._data[self._at :] + chunk, 0
        return True

    def line(self) -> bytes:
        """The next line with its end, or so much of it as LINE_BYTES; b"" at the end."""
        while True:
            end = self._data.find(b"\n", self._at, self._at + LINE_BYTES)
            if end >= 0:
                end += 1
                break
            if len(self._data) - self._at >= LINE_BYTES or not self._more():
                end = min(len(self._data), self._at + LINE_BYTES)
                break
        start, self._at = self._at, end
        return self._data[start:end]

    def content(self, size: int, keep: bool) -> bytes:
        """The next `size` bytes, or fewer at the end; only counted, not kept, if `keep` is false."""
        parts: list[bytes] = []
        left = size
        while left and (self._at < len(self._data) or self._more()):
            part = self._data[self._at : self._at + left]
            self._at += len(part)
            left -= len(part)
            parts.append(part if keep else b"")
        if left:
            detail = f"the file ends {left:,} bytes before its record does. {FETCH_FILE}"
            raise BrokenError(f"{self._format}-truncated", detail)
        return b"".join(parts)


def warc_records(file: CorpusFile, limits: Limits) -> Iterator[WarcRecord | Damage]:
    """The records of a file, or the damage in their stead. Raises BrokenError where nothing can follow."""
    none = "it does not begin with WARC/. Force the right --format or leave it out."
    return records_of_crawl(file, limits, "warc", lambda line: line.startswith(WARC_START) or None, _record, none)


def records_of_crawl(
    file: CorpusFile,
    limits: Limits,
    format: str,
    begins: Callable[[bytes], Head | None],
    read: Callable[[RecordBuffer, Head, str, Limits], WarcRecord | Damage],
    none: str,
) -> Iterator[WarcRecord | Damage]:
    """The records of a file, or the damage in their stead; after damage the next record is looked for.

    `begins` says what a line that begins a record tells, and `read` reads the rest of it. Raises BrokenError where
    nothing can follow, in the words of `none` if no record begins the file.
    """
    with open_raw(file) as stream:
        breaks: list[BrokenError] = []
        buffer = RecordBuffer(decompressed(raw_chunks(stream), limits, breaks), format)
        number, lost = 0, False  # lost: the next record is looked for
        while True:
            try:
                line = buffer.line()
                if not line:
                    return
                if not line.strip():
                    continue
                head = begins(line)
                if head is None:
                    if number == 0 and not lost:
                        raise BrokenError(f"not-{format}", none)
                    if not lost:
                        number += 1
                        detail = f"no record begins where the one before ends. {FETCH_FILE}"
                        yield Damage(f"record {number}", f"{format}-damaged", detail)
                    lost = True
                    continue
                number, lost = number + 1, False
                record = read(buffer, head, f"record {number}", limits)
                lost = isinstance(record, Damage) and record.reason != "record-too-large"
                yield record
            except CutError:
                yield Damage(f"record {number or 1}", breaks[-1].reason, breaks[-1].detail)
                lost = True


def _record(buffer: RecordBuffer, begins: bool, place: str, limits: Limits) -> WarcRecord | Damage:
    headers: dict[str, str] = {}
    for _ in range(HEADER_LINES):
        line = buffer.line()
        if not line.strip():
            break
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.strip().lower()] = value.strip()
    else:
        return Damage(place, "warc-damaged", f"a header of more than {HEADER_LINES} lines. {FETCH_FILE}")
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return Damage(place, "warc-damaged", f"a record without a Content-Length. {FETCH_FILE}", length)
    size = int(length[:18])
    content = buffer.content(size, keep=size <= limits.record_bytes)
    if size > limits.record_bytes:
        detail = f"a record of {size:,} bytes, allowed are {limits.record_bytes:,}. Leave it out."
        return Damage(place, "record-too-large", detail, headers.get("warc-target-uri", ""))
    return WarcRecord(place, headers, content)
