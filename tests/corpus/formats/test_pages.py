"""WARC and WET records, and the main text of pages."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import pytest

from examples.make_corpus import page, response, warc_record
from persona_hub.transforms.corpus.corpus_records import (
    BrokenError,
    CorpusRecord,
    Damage,
    Limits,
    SkippedRecord,
    TextRecord,
)
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.formats import main_text as main_text_module
from persona_hub.transforms.corpus.formats.http import decoded_body, parse_http_response
from persona_hub.transforms.corpus.formats.main_text import extract, main_text
from persona_hub.transforms.corpus.formats.readers import read_piece
from persona_hub.transforms.corpus.pieces import pieces_of
from tests.material.main_text import score

PARAGRAPHS = [
    "The ferryman reads the river by the colour of its foam, and turns back when it is the colour of tea.",
    "His daughter built a gauge out of a broom handle, painted it in red and white, and calls him at four.",
]
HTML = page("The ferry", PARAGRAPHS)


def found_in(path: Path, **limits: Any) -> list[CorpusRecord]:
    (file,) = match_corpus([str(path)])
    return list(read_piece(next(pieces_of(file)), "", Limits(**limits)))


def ok(uri: str = "https://ferry.example/", body: bytes = HTML.encode(), kind: str = "text/html") -> bytes:
    return response(uri, "200 OK", kind, body)


def test_the_main_text_has_neither_menu_nor_footer(tmp_path: Path) -> None:
    (tmp_path / "x.warc").write_bytes(ok())
    (found,) = found_in(tmp_path / "x.warc")
    assert isinstance(found, TextRecord)
    assert found.source == "https://ferry.example/"
    assert all(paragraph in found.text for paragraph in PARAGRAPHS)
    assert "archive" not in found.text
    assert "Cookies" not in found.text


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (warc_record("warcinfo", "", "application/warc-fields", b"a: b"), "not-a-page"),
        (warc_record("request", "https://a.example", "application/http", b"GET / HTTP/1.1\r\n\r\n"), "not-a-page"),
        (warc_record("metadata", "https://a.example", "application/json", b'{"Envelope": {}}'), "not-a-page"),
        (warc_record("response", "dns:a.example", "text/dns", b"a.example. 60 IN A 1.2.3.4"), "not-a-page"),
        (response("https://a.example", "404 Not Found", "text/html", HTML.encode()), "http-status"),
        (ok(kind="image/png", body=b"\x89PNG"), "not-html"),
        (ok(kind="text/plain", body=b"User-agent: *"), "not-html"),
        (ok(body=b"<html><body></body></html>"), "no-text"),
        (ok(kind="", body=b"<!-- no page -->\nUser-agent: *"), "not-html"),
        (warc_record("conversion", "https://a.example", "image/png", b"\x89PNG\r\n\x1a\n\xff"), "not-a-page"),
    ],
)
def test_what_is_no_page_is_skipped_with_a_reason(tmp_path: Path, record: bytes, reason: str) -> None:
    (tmp_path / "x.warc").write_bytes(record)
    assert [found.reason for found in found_in(tmp_path / "x.warc") if isinstance(found, SkippedRecord)] == [reason]


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"<!-- at dawn -->\n", b'<?xml version="1.0"?>\n<!-- -->'])
def test_a_page_without_a_type_is_known_by_its_beginning(tmp_path: Path, before: bytes) -> None:
    (tmp_path / "x.warc").write_bytes(ok(kind="", body=before + HTML.encode()))
    (found,) = found_in(tmp_path / "x.warc")
    assert isinstance(found, TextRecord)
    assert PARAGRAPHS[0] in found.text


def test_wet_is_text_as_it_stands(tmp_path: Path) -> None:
    records = [
        warc_record("conversion", f"https://{i}.example", "text/plain", f"Zeile {i}: größer".encode()) for i in (1, 2)
    ]
    records.insert(1, warc_record("conversion", "https://b.example", "text/plain", b"gr\xf6\xdfer"))
    for name, data in (("x.wet", b"".join(records)), ("x.wet.gz", b"".join(map(gzip.compress, records)))):
        (tmp_path / name).write_bytes(data)
        first, broken, second = found_in(tmp_path / name)
        assert first == TextRecord("record 1", "https://1.example", "Zeile 1: größer")
        assert isinstance(broken, Damage)
        assert (broken.place, broken.reason) == ("record 2", "undecodable")
        assert isinstance(second, TextRecord)


def test_a_damaged_member_costs_its_record(tmp_path: Path) -> None:
    records = [gzip.compress(ok(f"https://{i}.example/")) for i in range(4)]
    records[1] = records[1][:60] + bytes(60) + records[1][120:]
    (tmp_path / "x.warc.gz").write_bytes(b"".join(records))
    found = found_in(tmp_path / "x.warc.gz")
    assert [f.source for f in found if isinstance(f, TextRecord)] == [f"https://{i}.example/" for i in (0, 2, 3)]
    assert [f.reason for f in found if isinstance(f, Damage)] == ["gzip-damaged"]


def test_a_wrong_length_costs_its_record(tmp_path: Path) -> None:
    wrong = ok("https://1.example/").replace(b"\r\nContent-Length: ", b"\r\nContent-Length: -", 1)
    short = ok("https://2.example/").replace(b"<p>", b"<p>\n\nmore than is declared", 1)
    (tmp_path / "x.warc").write_bytes(ok("https://0.example/") + wrong + short + ok("https://3.example/"))
    found = found_in(tmp_path / "x.warc")
    assert [f.source for f in found if isinstance(f, TextRecord)] == [f"https://{i}.example/" for i in (0, 2, 3)]
    assert [f.reason for f in found if isinstance(f, Damage)] == ["warc-damaged"] * 2


@pytest.mark.parametrize("name", ["x.warc", "x.warc.gz"])
def test_a_truncated_crawl_is_one_damage(tmp_path: Path, name: str) -> None:
    records = [ok(f"https://{i}.example/") for i in range(3)]
    data = b"".join(map(gzip.compress, records) if name.endswith("gz") else records)
    (tmp_path / name).write_bytes(data[:-150])
    *texts, damage = found_in(tmp_path / name)
    assert len(texts) == 2
    assert isinstance(damage, Damage)
    assert damage.reason in ("warc-truncated", "gzip-truncated")


def test_a_record_beyond_the_bound_costs_itself(tmp_path: Path) -> None:
    (tmp_path / "x.warc").write_bytes(ok(body=b"x" * 200_000) + ok())
    large, text = found_in(tmp_path / "x.warc", record_bytes=100_000)
    assert isinstance(large, Damage)
    assert large.reason == "record-too-large"
    assert isinstance(text, TextRecord)


def test_what_is_no_crawl_is_one_damage(tmp_path: Path) -> None:
    (tmp_path / "x.warc").write_bytes(b"hello\n" * 1000)
    assert [f.reason for f in found_in(tmp_path / "x.warc") if isinstance(f, Damage)] == ["not-warc"]


def body(headers: str, data: bytes, **limits: Any) -> bytes:
    return decoded_body(parse_http_response(f"HTTP/1.1 200 OK\r\n{headers}\r\n\r\n".encode() + data), Limits(**limits))


def test_codings_of_a_body_are_undone_where_they_are() -> None:
    chunked = b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"
    assert body("Transfer-Encoding: chunked", chunked) == b"abcdefg"
    assert body("Transfer-Encoding: chunked", b"not chunked at all") == b"not chunked at all"
    assert body("Content-Encoding: gzip", gzip.compress(b"abc")) == b"abc"
    assert body("Content-Encoding: gzip", b"plain already") == b"plain already"
    assert body("Content-Encoding: deflate", zlib.compress(b"abc")) == b"abc"
    assert body("Content-Encoding: deflate", zlib.compress(b"abc")[2:-4]) == b"abc"


def test_a_bomb_in_a_body_is_stopped() -> None:
    for coding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        with pytest.raises(BrokenError, match="bomb"):
            body(f"Content-Encoding: {coding}", pack(bytes(10_000_000)), record_bytes=1_000_000)


def test_a_page_that_takes_too_long_is_stopped_and_the_next_is_read() -> None:
    endless = "<html><body>" + "<div><p>some words in a paragraph</p></div>" * 60_000
    with pytest.raises(BrokenError, match="seconds") as caught:
        main_text(endless, "", 0.05)
    assert caught.value.reason == "page-timeout"
    assert main_text(HTML, "", 30) == extract(HTML)


@pytest.mark.parametrize("tag", ["<b>", "<b></b>", "<p>x", "<"])
def test_a_page_that_is_all_tags_is_refused_before_it_is_parsed(tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_text_module, "extractor", None)
    with pytest.raises(BrokenError, match=r"tags, allowed are 1,000,000\. Leave the page out\.") as caught:
        main_text(tag * 1_000_001, "", 30)
    assert caught.value.reason == "page-too-large"


def test_odd_pages_crash_nothing() -> None:
    for html in (
        "",
        "\0",
        "<",
        "<html>" * 3000,
        "<?xml version='1.0' encoding='utf-8'?><html><p>x</p></html>",
        "\ud800",
    ):
        main_text(html, "\ud800", 30)


def test_recall_and_precision_on_pages_that_people_marked(data: Path) -> None:
    got = score(data, extract)
    print(f"main text: {got.pages} of 62 pages, recall {got.recall:.3f}, precision {got.precision:.3f}")
    assert got.pages >= 60
    assert got.recall >= 0.95
    assert got.precision >= 0.93
