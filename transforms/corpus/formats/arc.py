"""ARC, in which crawls were stored before there was WARC: a line about each record, then what was fetched.

In version 1 (https://archive.org/web/researcher/ArcFileFormat.php) the line has address, IP address, date, media type
and length; version 2 has more between the last two. The first record, `filedesc://`, is about the file itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from persona_hub.transforms.corpus.corpus_records import FETCH_FILE, CorpusFile, Damage, Limits
from persona_hub.transforms.corpus.formats.warc import RecordBuffer, WarcRecord, records_of_crawl

URI = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:\S")
DATE = re.compile(rb"\d{8,20}")
IP_ADDRESS = re.compile(rb"[0-9A-Fa-f.:]+|-")
LENGTH = re.compile(rb"\d{1,18}")


class ArcLine(NamedTuple):
    """What the line before a record says of it."""

    uri: str
    media_type: str
    size: int  # bytes of the record; -1 if it does not say


def parse_arc_line(line: bytes) -> ArcLine | None:
    """What a line says, None if it begins no record.

    Addresses and media types with spaces in them were written as they came: the date in the middle tells what is what.
    """
    words = line.rstrip(b"\r\n ").split(b" ")
    if not URI.match(line):
        return None
    size = int(words[-1]) if LENGTH.fullmatch(words[-1]) else -1
    for at in range(2, len(words) - 1):
        if DATE.fullmatch(words[at]) and IP_ADDRESS.fullmatch(words[at - 1]):
            uri = b" ".join(words[: at - 1]).decode("utf-8", "replace")
            kind = words[at + 1] if at + 1 < len(words) - 1 else b""
            return ArcLine(uri, kind.decode("latin-1").split(";")[0], size)
    return None


def arc_records(file: CorpusFile, limits: Limits) -> Iterator[WarcRecord | Damage]:
    """The records of a file as those of a WARC, or the damage in their stead. Raises BrokenError as for a WARC."""
    none = "no record begins it. Force the right --format or leave it out."
    return records_of_crawl(file, limits, "arc", parse_arc_line, _record, none)


def _record(buffer: RecordBuffer, head: ArcLine, place: str, limits: Limits) -> WarcRecord | Damage:
    if head.size < 0:
        return Damage(place, "arc-damaged", f"a record without its length. {FETCH_FILE}", head.uri)
    content = buffer.content(head.size, keep=head.size <= limits.record_bytes)
    if head.size > limits.record_bytes:
        detail = f"a record of {head.size:,} bytes, allowed are {limits.record_bytes:,}. Leave it out."
        return Damage(place, "record-too-large", detail, head.uri)
    if head.uri.startswith("filedesc:"):
        kind = "warcinfo"
    else:  # the oldest crawls kept no HTTP headers
        kind = "response" if content.startswith(b"HTTP/") else "resource"
    return WarcRecord(place, {"warc-type": kind, "warc-target-uri": head.uri, "content-type": head.media_type}, content)
