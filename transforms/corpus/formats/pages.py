"""Web pages: the main text of each, out of crawls and of files of HTML."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from persona_hub.transforms.corpus.charsets.decoding import decode
from persona_hub.transforms.corpus.charsets.html import decode_page
from persona_hub.transforms.corpus.content import HEAD_BYTES, format_of_bytes
from persona_hub.transforms.corpus.corpus_records import (
    BrokenError,
    CorpusRecord,
    Damage,
    Limits,
    Piece,
    SkippedRecord,
    TextRecord,
)
from persona_hub.transforms.corpus.formats.arc import arc_records
from persona_hub.transforms.corpus.formats.http import decoded_body, parse_http_response
from persona_hub.transforms.corpus.formats.main_text import main_text
from persona_hub.transforms.corpus.formats.warc import WarcRecord, warc_records
from persona_hub.transforms.corpus.streams import content_chunks

HTML_TYPES = ("text/html", "application/xhtml+xml")
PICTURES = ("image/", "audio/", "video/", "font/")  # a crawler keeps screenshots as conversions


def read_warc(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """What each record holds: of WET its text, of WARC the main text of its page; the rest is skipped with a reason."""
    return _read_crawl(warc_records(piece.file, limits), limits)


def read_arc(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """The main text of each page; what is no page is skipped with a reason."""
    return _read_crawl(arc_records(piece.file, limits), limits)


def read_html(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """The main text of a file of HTML."""
    body = bytearray()
    for chunk in content_chunks(piece.file, limits):
        body += chunk
        if len(body) > limits.record_bytes:
            detail = f"a page of more than {limits.record_bytes:,} bytes. Leave it out."
            raise BrokenError("record-too-large", detail)
    yield _record_of_page("line 1", "", bytes(body), "", limits)


def _read_crawl(records: Iterator[WarcRecord | Damage], limits: Limits) -> Iterator[CorpusRecord]:
    for record in records:
        try:
            yield record if isinstance(record, Damage) else _record_of_warc(record, limits)
        except BrokenError as broken:
            yield Damage(record.place, broken.reason, broken.detail, "" if isinstance(record, Damage) else record.uri)


def _record_of_warc(record: WarcRecord, limits: Limits) -> CorpusRecord:
    if record.kind == "conversion" and not record.media_type.startswith(PICTURES):
        return TextRecord(record.place, record.uri, decode(record.content, "utf-8").text)
    if record.kind == "resource" and record.media_type in HTML_TYPES:
        return _record_of_page(record.place, record.uri, record.content, record.headers["content-type"], limits)
    if record.kind != "response" or urlsplit_scheme(record.uri) not in ("http", "https"):
        return SkippedRecord(
            record.place, record.uri, "not-a-page"
        )  # request, metadata (all of WAT), warcinfo, revisit, DNS
    response = parse_http_response(record.content)
    if response.status and not 200 <= response.status < 300:
        return SkippedRecord(record.place, record.uri, "http-status")
    if response.media_type and response.media_type not in HTML_TYPES:
        return SkippedRecord(record.place, record.uri, "not-html")
    body = decoded_body(response, limits)
    if not response.media_type and format_of_bytes(body[:HEAD_BYTES]) != "html":
        return SkippedRecord(record.place, record.uri, "not-html")
    return _record_of_page(record.place, record.uri, body, response.headers.get("content-type", ""), limits)


def _record_of_page(place: str, uri: str, body: bytes, content_type: str, limits: Limits) -> CorpusRecord:
    text = main_text(decode_page(body, content_type).text, uri, limits.page_seconds)
    return TextRecord(place, uri, text) if text else SkippedRecord(place, uri, "no-text")


def urlsplit_scheme(uri: str) -> str:
    """The scheme of a URI, "" if it has none or is no URI at all."""
    try:
        return urlsplit(uri).scheme.lower()
    except ValueError:
        return ""
