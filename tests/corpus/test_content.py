"""What a file is, by its first bytes and its name."""

from __future__ import annotations

import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from persona_hub.transforms.corpus.content import UNREAD, format_of, format_of_bytes, is_tar
from persona_hub.transforms.corpus.corpus_records import Damage, TextRecord
from tests.corpus.writing import WRITE, found_in

TEXT = "The lock keeper writes down the height of the water at noon, and again when the gates are shut."


def zipped(*names: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return sink.getvalue()


def tarred(format: int) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=format) as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return sink.getvalue()


@pytest.mark.parametrize(
    ("head", "format"),
    [
        (tarred(tarfile.USTAR_FORMAT), "tar"),
        (tarred(tarfile.GNU_FORMAT), "tar"),
        (tarred(tarfile.PAX_FORMAT), "tar"),
        (zipped("a.txt"), "zip"),
        (zipped(), "zip"),
        (zipped("[Content_Types].xml", "word/document.xml"), "office"),
        (zipped("mimetypeapplication/epub+zip"), "office"),
        (b"%PDF-1.7\n%\xe2\xe3", "pdf"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z"),
        (b"Rar!\x1a\x07\x01\0", "rar"),
        (b"SQLite format 3\0\x10", "sqlite"),
        (b"ORC\n\x14\x03\0", "orc"),
        (b"ORCHARDS IN MAY", None),
        (b"\0\0\0\x20ftypisom", "media"),
        (b"RIFF\0\1\0\0WEBPVP8 ", "image"),
        (b"filedesc://IA-001.arc 0.0.0.0 20040101000000 text/plain 76\n", "arc"),
        (b'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/">', "mediawiki"),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN">', "html"),
        (b"<!-- saved from url=(0014)about:internet -->\n<html>", "html"),
        ("<!DOCTYPE html><p>x".encode("utf-16"), "html"),
        (b'<?xml version="1.0"?><rss version="2.0">', "xml"),
        (b"<p>a fragment</p>", None),
        (b"Once upon a time", None),
        (b"id,text\n1,x\n", "csv"),
        (b'"id";"text"\r\n1;x\r\n', "csv"),
        (b"url\traw_content\nx\ty\n", "tsv"),
        (b"id,words\n1,x\n", None),
        (b"What a text, she said,\nand text, he said.\n", None),
        (b"text\nand more text\n", None),
        (b"", None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_the_first_bytes_tell_the_format(head: bytes, format: str | None) -> None:
    assert format_of_bytes(head) == format


def test_a_tar_without_a_mark_is_told_by_its_sum() -> None:
    block = bytearray(tarred(tarfile.USTAR_FORMAT)[:512])
    block[257:265] = bytes(8)
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:]))
    assert is_tar(bytes(block))
    block[0] ^= 1
    assert not is_tar(bytes(block))
    assert not is_tar(bytes(512))


@pytest.mark.parametrize(
    ("head", "path", "format"),
    [
        (b"WARC/1.0\r\n", "crawl.txt", "warc"),
        (b"Obj\x01", "rows.parquet", "avro"),
        (b'<?xml version="1.0"?><note>', "example.txt", "text"),
        (b'<?xml version="1.0"?><note>', "example.xml", "xml"),
        (b"", "part.jsonl.gz", "jsonl"),
        (b"plain", "notes", "text"),
        (b"id,text\n1,x\n", "notes.txt", "text"),
        (b"id\ttext\n1\tx\n", "rows.csv", "csv"),
    ],
)
def test_content_goes_before_the_name(head: bytes, path: str, format: str) -> None:
    assert format_of(head, path) == format


@pytest.mark.parametrize("extension", [".jsonl", ".parquet", ".avro", ".wet", ".mediawiki"])
@pytest.mark.parametrize("name", ["a.txt", "b.jsonl", "c.html", "d.parquet"])
def test_a_file_is_read_as_what_it_is_though_its_name_lies(tmp_path: Path, extension: str, name: str) -> None:
    (tmp_path / name).write_bytes(WRITE[extension]([TEXT, TEXT + " Twice."]))
    found = found_in(tmp_path / name, piece_bytes=50)  # many pieces, where the name says that it can be split
    assert [record.text for record in found if isinstance(record, TextRecord)] == [TEXT, TEXT + " Twice."]


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"%PDF-1.7\n" + TEXT.encode() * 9, "pdf"), (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "image"),
     (b"7z\xbc\xaf\x27\x1c" + bytes(99), "7z"), (b'<?xml version="1.0"?><rss/>', "xml")],
)  # fmt: skip
def test_what_is_known_and_not_read_is_refused_by_name(tmp_path: Path, data: bytes, kind: str) -> None:
    (tmp_path / "x").write_bytes(lzma.compress(data))
    (found,) = found_in(tmp_path / "x")
    assert isinstance(found, Damage)
    what, remedy = UNREAD[kind]
    assert (found.reason, found.detail) == (
        f"unread-{kind}",
        f"this is {what}, which is not read. {remedy}.",
    )
