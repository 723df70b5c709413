"""ARC files, record by record; their pages are read as those of a WARC are."""

from __future__ import annotations

import gzip
import io
from collections import Counter
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from examples.make_corpus import response
from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Damage, TextRecord
from persona_hub.transforms.corpus.formats.arc import parse_arc_line
from tests.corpus.writing import arc_head, arc_record, found_in, http_page

TEXT = "The ferryman reads the river by the colour of its foam, and turns back when it is the colour of tea."


def outcomes(found: list[CorpusRecord]) -> list[str]:
    return ["text" if isinstance(record, TextRecord) else record.reason for record in found]


def crawl(pages: int) -> list[bytes]:
    """Members of a file: its head, pages, and a few records that hold none."""
    return [
        arc_head(),
        *(arc_record(f"http://a.example/{i}", "text/html", http_page(f"{TEXT} {i}")) for i in range(pages)),
        arc_record("http://a.example/gone", "text/html", http_page(TEXT, "404 Not Found")),
        arc_record("http://a.example/logo", "image/png", http_page("", media_type="image/png")),
        arc_record("dns:a.example", "text/dns", b"20010203040506\na.example. 60 IN A 192.0.2.7\n"),
    ]


@pytest.mark.parametrize("packed", ["", ".gz"])
def test_there_are_as_many_records_as_warcio_counts(tmp_path: Path, packed: str) -> None:
    data = b"".join(gzip.compress(member) if packed else member for member in crawl(40))
    (tmp_path / f"x.arc{packed}").write_bytes(data)
    found = found_in(tmp_path / f"x.arc{packed}")
    theirs = [record.rec_headers.get_header("uri") for record in ArchiveIterator(io.BytesIO(data), arc2warc=False)]
    assert [record.source for record in found if not isinstance(record, Damage)] == theirs
    assert Counter(outcomes(found)) == {"text": 40, "http-status": 1, "not-html": 1, "not-a-page": 2}
    assert found[1].place == "record 2"


def test_the_same_crawl_is_the_same_documents_as_arc_and_as_warc(tmp_path: Path) -> None:
    pages = {f"http://a.example/{i}": f"{TEXT} It was crossing {i} of the day." for i in range(5)}
    (tmp_path / "x.arc").write_bytes(
        arc_head() + b"".join(arc_record(uri, "text/html", http_page(text)) for uri, text in pages.items())
    )
    bodies = {uri: http_page(text).partition(b"\r\n\r\n")[2] for uri, text in pages.items()}
    (tmp_path / "x.warc").write_bytes(b"".join(response(uri, "200 OK", "text/html", b) for uri, b in bodies.items()))
    old, new = (
        [(found.source, found.text) for found in found_in(tmp_path / name) if isinstance(found, TextRecord)]
        for name in ("x.arc", "x.warc")
    )
    assert old == new
    assert len(old) == 5


@pytest.mark.parametrize("version", [1, 2])
def test_both_versions_are_read(tmp_path: Path, version: int) -> None:
    record = arc_record("http://a.example", "text/html", http_page(TEXT), version)
    (tmp_path / "x.arc").write_bytes(arc_head(version) + record * 2)
    assert outcomes(found_in(tmp_path / "x.arc")) == ["not-a-page", "text", "text"]


def test_a_page_without_http_headers_is_one_by_its_media_type(tmp_path: Path) -> None:
    body = http_page(TEXT).partition(b"\r\n\r\n")[2]
    records = [arc_record("http://a.example", kind, body) for kind in ("text/html", "text/plain")]
    (tmp_path / "x.arc").write_bytes(arc_head() + b"".join(records))
    assert outcomes(found_in(tmp_path / "x.arc")) == ["not-a-page", "text", "not-a-page"]


@pytest.mark.parametrize(
    ("line", "uri", "media_type", "size"),
    [
        (b"http://a.example/a b 192.0.2.7 20010203040506 text/html 7", "http://a.example/a b", "text/html", 7),
        (b"http://a.example 2001:db8::1 20010203040506 text/html; charset=utf-8 7", "http://a.example", "text/html", 7),
        (b"http://a.example - 20010203 7", "http://a.example", "", 7),
        (b"http://a.example 192.0.2.7 20010203040506 text/html 200 x - 12 x.arc 7", "http://a.example", "text/html", 7),
    ],
    ids=["spaces", "parameters", "no type", "version 2"],
)
def test_the_line_before_a_record(line: bytes, uri: str, media_type: str, size: int) -> None:
    assert parse_arc_line(line + b"\n") == (uri, media_type, size)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"words",
        b"http://a.example 192.0.2.7 20010203040506",
        b"http://a.example 192.0.2.7 now text/html 7",
    ],
)
def test_other_lines_begin_no_record(line: bytes) -> None:
    assert parse_arc_line(line) is None


@pytest.mark.parametrize("length", [b"-1", b"abc", b""])
def test_a_record_without_its_length_costs_itself(tmp_path: Path, length: bytes) -> None:
    page = arc_record("http://a.example", "text/html", http_page(TEXT))
    line, _, content = page.partition(b"\n")
    broken = line.rpartition(b" ")[0] + b" " + length + b"\n" + content
    (tmp_path / "x.arc").write_bytes(broken.replace(b"http:", b"filedesc:", 1) + page + broken * 2 + page)
    assert outcomes(found_in(tmp_path / "x.arc")) == ["arc-damaged", "text", "arc-damaged", "arc-damaged", "text"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_broken_record_costs_itself(tmp_path: Path, packed: bool) -> None:
    page = arc_record("http://a.example", "text/html", http_page(TEXT))
    large = arc_record("http://large.example", "text/html", http_page("large " * 2000))
    broken = page.replace(b"20010203040506", b"yesterday")
    records = [arc_head(), page, broken, page, large, page]
    path = tmp_path / "x.arc"
    path.write_bytes(b"".join(map(gzip.compress, records)) if packed else b"".join(records))
    found = found_in(path, record_bytes=5000)
    assert outcomes(found) == ["not-a-page", "text", "arc-damaged", "text", "record-too-large", "text"]
    assert isinstance(found[4], Damage)
    assert found[4].excerpt == "http://large.example"


def test_a_damaged_member_costs_itself(tmp_path: Path) -> None:
    members = [gzip.compress(member) for member in crawl(6)]
    members[3] = members[3][:40] + bytes(30) + members[3][70:]
    (tmp_path / "x.arc.gz").write_bytes(b"".join(members))
    assert Counter(outcomes(found_in(tmp_path / "x.arc.gz")))["text"] == 5


def test_a_cut_file_is_a_truncation_after_what_could_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.arc").write_bytes(b"".join(crawl(3))[:-300])
    assert outcomes(found_in(tmp_path / "x.arc"))[-1] == "arc-truncated"
    (tmp_path / "y.arc").write_bytes(b"nothing of the kind")
    assert outcomes(found_in(tmp_path / "y.arc")) == ["not-arc"]
