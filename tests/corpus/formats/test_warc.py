"""Records of crawls, one after the other; after damage the next is found."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples.make_corpus import page, response, warc_record
from persona_hub.transforms.corpus.corpus_records import (
    BrokenError,
    CorpusFile,
    Damage,
    Limits,
    SkippedRecord,
    TextRecord,
)
from persona_hub.transforms.corpus.formats.warc import WarcRecord, warc_records
from tests.corpus.writing import found_in

TEXT = "The ferryman reads the river by the colour of its foam, and turns back when it is the colour of tea."
HTML = page("The ferry", [TEXT]).encode()


def wet(text: bytes, uri: str = "https://a.example") -> bytes:
    return warc_record("conversion", uri, "text/plain", text)


def records(path: Path, data: bytes, **limits: Any) -> list[WarcRecord | Damage]:
    path.write_bytes(data)
    return list(warc_records(CorpusFile(str(path), len(data), "warc"), Limits(**limits)))


def contents(found: list[WarcRecord | Damage]) -> list[bytes | str]:
    """Content of each record, reason of each damage."""
    return [record.content if isinstance(record, WarcRecord) else record.reason for record in found]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payloads=st.lists(st.binary(max_size=400) | st.sampled_from([b"WARC/1.0\r\n", b"\r\n\r\n"]), max_size=8))
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "a member each"])
def test_any_content_is_read_as_it_was_written(tmp_path: Path, payloads: list[bytes], pack: type[bytes]) -> None:
    data = b"".join(pack(wet(payload)) for payload in payloads)
    found = records(tmp_path / "x.wet", data)
    assert contents(found) == payloads
    assert [record.place for record in found] == [f"record {i + 1}" for i in range(len(payloads))]


def test_headers_are_read_whatever_their_case_and_line_ends(tmp_path: Path) -> None:
    head = b"WARC/1.1\nwarc-type: Conversion\nWARC-TARGET-URI: <https://a.example/>\ncontent-length:  4\n\n"
    (record,) = records(tmp_path / "x.wet", head + b"text\n\n")
    assert isinstance(record, WarcRecord)
    assert (record.kind, record.uri, record.content) == ("conversion", "https://a.example/", b"text")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (wet(b"lost").replace(b"Content-Length", b"Content-Size"), "warc-damaged"),
        (wet(b"lost").replace(b"Content-Length: 4", b"Content-Length: four"), "warc-damaged"),
        (wet(b"lost").replace(b"Content-Length: 4", "Content-Length: ٤".encode()), "warc-damaged"),
        (wet(b"lost").replace(b"WARC-Date", b"X: y\r\n" * 200 + b"WARC-Date"), "warc-damaged"),
        (b"what belongs to no record\n" * 3, "warc-damaged"),
        (wet(b"large " * 100), "record-too-large"),
    ],
    ids=["no length", "a word", "an Arabic digit", "endless header", "junk", "large"],
)
def test_a_broken_record_costs_itself(tmp_path: Path, broken: bytes, reason: str) -> None:
    found = records(tmp_path / "x.wet", wet(b"before") + broken + wet(b"after"), record_bytes=500)
    assert contents(found) == [b"before", reason, b"after"]
    assert found[1].place == "record 2"


def test_junk_after_a_large_record_is_damage_of_its_own(tmp_path: Path) -> None:
    large, junk = wet(b"large " * 100), b"junk\n" * 3
    found = records(tmp_path / "x.wet", wet(b"before") + large + junk + wet(b"after"), record_bytes=500)
    assert contents(found) == [b"before", "record-too-large", "warc-damaged", b"after"]


def test_too_short_a_length_leaves_a_rest_that_is_one_damage(tmp_path: Path) -> None:
    wrong = wet(b"four and more\nand more").replace(b"Content-Length: 22", b"Content-Length: 4")
    found = records(tmp_path / "x.wet", wrong + wet(b"after"))
    assert contents(found) == [b"four", "warc-damaged", b"after"]


def test_a_length_beyond_the_end_is_a_truncation(tmp_path: Path) -> None:
    wrong = wet(b"text").replace(b"Content-Length: 4", b"Content-Length: 99999999999999999999999")
    with pytest.raises(BrokenError, match="before its record does") as caught:
        records(tmp_path / "x.wet", wrong + wet(b"after"))
    assert caught.value.reason == "warc-truncated"


def test_a_header_line_of_megabytes_is_no_header(tmp_path: Path) -> None:
    found = records(tmp_path / "x.wet", b"WARC/1.0\r\nX: " + b"y" * 20_000_000 + b"\r\n\r\n" + wet(b"after"))
    assert contents(found) == ["warc-damaged", b"after"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_one_member_for_all_records_is_read(tmp_path: Path, packed: bool) -> None:
    data = b"".join(wet(b"text %d" % i) for i in range(200))
    found = records(tmp_path / "x.wet.gz", gzip.compress(data) if packed else data)
    assert contents(found) == [b"text %d" % i for i in range(200)]


def test_each_damaged_member_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    members = [gzip.compress(wet(b"text %d " % i * 40)) for i in range(9)]
    for i in (2, 3, 7):
        members[i] = members[i][:40] + bytes(30) + members[i][70:]
    found = records(tmp_path / "x.wet.gz", b"".join(members))
    assert [content for content in contents(found) if isinstance(content, bytes)] == [
        b"text %d " % i * 40 for i in (0, 1, 4, 5, 6, 8)
    ]
    assert {content for content in contents(found) if isinstance(content, str)} == {"gzip-damaged"}


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (warc_record("resource", "file:///x", "text/html", HTML), "text"),
        (warc_record("resource", "file:///x", "application/pdf", b"%PDF"), "not-a-page"),
        (warc_record("revisit", "https://a.example", "application/http", b"HTTP/1.1 200 OK\r\n\r\n"), "not-a-page"),
        (response("https://a.example", "206 Partial Content", "application/xhtml+xml", HTML), "text"),
        (response("https://a.example", "301 Moved Permanently", "text/html", HTML), "http-status"),
        (response("https://a.example", "500 Oops", "text/html", HTML), "http-status"),
        (response("HTTPS://A.EXAMPLE", "200 OK", "text/html;charset=utf-8", HTML), "text"),
        (response("ftp://a.example", "200 OK", "text/html", HTML), "not-a-page"),
        (response("https://[broken", "200 OK", "text/html", HTML), "not-a-page"),
        (response("https://a.example", "200 OK", "", HTML), "text"),  # by its first bytes
        (response("https://a.example", "200 OK", "", b"%PDF"), "not-html"),
        (warc_record("response", "https://a.example", "application/http", HTML), "text"),  # the head was lost
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_which_records_are_pages(tmp_path: Path, record: bytes, found: str) -> None:
    (tmp_path / "x.warc").write_bytes(record)
    (got,) = found_in(tmp_path / "x.warc")
    assert (got.reason if isinstance(got, SkippedRecord) else "text" * isinstance(got, TextRecord)) == found


def test_a_page_in_an_unknown_coding_or_a_bomb_costs_itself(tmp_path: Path) -> None:
    bomb = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(
        bytes(300_000)
    )
    records = [
        warc_record("response", "https://bomb.example", "application/http", bomb),
        response("https://a.example", "200 OK", "text/html", HTML),
    ]
    (tmp_path / "x.warc").write_bytes(b"".join(records))
    damage, text = found_in(tmp_path / "x.warc", record_bytes=100_000)
    assert isinstance(damage, Damage)
    assert (damage.place, damage.reason, damage.excerpt) == ("record 1", "decompression-bomb", "https://bomb.example")
    assert isinstance(text, TextRecord)
