"""What servers answer, and crawlers keep, in all its variety."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.corpus.content import codec_of
from persona_hub.transforms.corpus.corpus_records import BrokenError, Limits
from persona_hub.transforms.corpus.formats.http import HttpResponse, decoded_body, parse_http_response

PAGE = b"<html><p>The gauge reads four feet. </p></html>" * 20
RAW_DEFLATE = zlib.compress(PAGE)[2:-4]


def chunk(data: bytes, size: int, end: bytes = b"\r\n") -> bytes:
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x" % len(part) + end + part + end for part in parts) + b"0" + end + end


def body(data: bytes, limits: Limits | None = None, **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return decoded_body(HttpResponse(200, named, data), limits or Limits())


@pytest.mark.parametrize(
    ("content", "status", "media_type", "rest"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=x\r\n\r\nbody", 200, "text/html", b"body"),
        (
            b"HTTP/1.0 404 Not Found\nContent-Type: text/plain\n\nbody\r\n\r\nmore",
            404,
            "text/plain",
            b"body\r\n\r\nmore",
        ),
        (b"HTTP/2 204\r\n\r\n", 204, "", b""),
        (b"HTTP/1.1 OK\r\n\r\nbody", 0, "", b"body"),
        (b"HTTP/1.1\r\n\r\nbody", 0, "", b"body"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\ncontent-type: c/d\r\n\r\n", 200, "a/b", b""),
        (b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Type:a/b\r\n\r\nx", 200, "a/b", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: a/b", 200, "a/b", b""),  # cut off within its head
        (b"<html>no head at all</html>\r\n\r\nx", 0, "", b"<html>no head at all</html>\r\n\r\nx"),
        (b"", 0, "", b""),
    ],
    ids=["usual", "bare line feeds", "no reason", "no status", "no words", "twice", "odd line", "cut", "bare", "empty"],
)
def test_a_response_is_status_headers_and_body(content: bytes, status: int, media_type: str, rest: bytes) -> None:
    response = parse_http_response(content)
    assert (response.status, response.media_type, response.body) == (status, media_type, rest)


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(PAGE, mtime=0)),
        ("x-gzip", gzip.compress(PAGE, mtime=0)),
        ("br", brotli.compress(PAGE)),
        ("deflate", zlib.compress(PAGE)),
        ("deflate", RAW_DEFLATE),
        ("", gzip.compress(PAGE, mtime=0)),  # a header was lost
        ("gzip", PAGE),  # the crawler has undone it and kept the header
        ("br", PAGE),
        ("deflate", PAGE),
        ("identity", PAGE),
        ("GZIP", gzip.compress(PAGE, mtime=0)),
    ],
    ids=["gzip", "x-gzip", "br", "zlib", "raw", "undeclared", "no gzip", "no br", "no deflate", "identity", "capitals"],
)
@pytest.mark.parametrize("transfer", ["", "chunked"])
def test_any_coding_is_undone_declared_or_not(coding: str, data: bytes, transfer: str) -> None:
    sent = chunk(data, 100) if transfer else data
    assert body(sent, content_encoding=coding, transfer_encoding=transfer) == PAGE


@given(data=st.binary(max_size=300), size=st.integers(1, 50), end=st.sampled_from([b"\r\n", b"\n"]))
def test_chunks_of_any_size_are_joined(data: bytes, size: int, end: bytes) -> None:
    if codec_of(data) is None:
        assert body(chunk(data, size, end), transfer_encoding="chunked") == data


def test_what_a_crawler_cut_off_is_used_as_far_as_it_goes() -> None:
    sent = chunk(PAGE, 100)
    got = body(sent[: len(sent) // 2], transfer_encoding="chunked")
    assert PAGE.startswith(got)
    assert len(got) > len(PAGE) // 2 - 50
    packed = gzip.compress(bytes(range(256)) * 4000)
    got = body(packed[:-2000], content_encoding="gzip")
    assert got
    assert (bytes(range(256)) * 4000).startswith(got)


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress)]
)
def test_a_bomb_of_any_coding_is_stopped(coding: str, pack: Any) -> None:
    with pytest.raises(BrokenError) as caught:
        body(pack(bytes(5_000_000)), Limits(record_bytes=1_000_000), content_encoding=coding)
    assert caught.value.reason == "decompression-bomb"
    assert body(pack(bytes(1_000_000)), Limits(record_bytes=1_000_000), content_encoding=coding) == bytes(1_000_000)


@pytest.mark.parametrize(
    "broken", [b"zz\r\nrest", b"-5\r\nrest", b"x" * 200, b"\r\nrest"], ids=["no number", "negative", "no end", "blank"]
)
def test_chunks_that_break_off_are_used_up_to_there(broken: bytes) -> None:
    assert body(b"3\r\nabc\r\n" + broken, transfer_encoding="chunked") == b"abc"
    assert body(broken, transfer_encoding="chunked") == broken  # never was chunked
