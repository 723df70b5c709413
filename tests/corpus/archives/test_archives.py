"""Archives are read member by member, each as what it is; what is wrong with one loses that one."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import zstandard

from persona_hub.transforms.corpus.corpus_records import MIB, CorpusRecord, Damage, SkippedRecord, TextRecord
from persona_hub.transforms.corpus.documents import DocumentFilter, document_of
from persona_hub.transforms.records import DeadLetter, Document
from tests.corpus.writing import PACK, WRITE, found_in

TEXT = "The miller hears from the sound of the wheel how much water there is behind the sluice."
TEXTS = [TEXT, TEXT + " His daughter reads it off a stick.", TEXT + " The heron does not care."]


def tarred(files: Mapping[str, bytes], format: int = tarfile.GNU_FORMAT) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=format, errors="surrogateescape") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return sink.getvalue()


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


PACKED: dict[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "ustar": lambda files: tarred(files, tarfile.USTAR_FORMAT),
    "gnu": tarred,
    "pax": lambda files: tarred(files, tarfile.PAX_FORMAT),
    "tar.gz": lambda files: gzip.compress(tarred(files)),
    "tar.bz2": lambda files: bz2.compress(tarred(files)),
    "tar.xz": lambda files: lzma.compress(tarred(files)),
    "tar.zst": lambda files: zstandard.compress(tarred(files)),
    "stored zip": lambda files: zipped(files, zipfile.ZIP_STORED),
    "zip": zipped,
    "bzip2 zip": lambda files: zipped(files, zipfile.ZIP_BZIP2),
    "zip.gz": lambda files: gzip.compress(zipped(files)),
}


def read(path: Path, data: bytes, **limits: int) -> list[CorpusRecord]:
    path.write_bytes(data)
    return found_in(path, **limits)


def texts(found: list[CorpusRecord]) -> list[tuple[str, str, str]]:
    return [(record.member, record.place, record.text) for record in found if isinstance(record, TextRecord)]


def reasons(found: list[CorpusRecord]) -> list[tuple[str, str]]:
    return [(record.member, record.reason) for record in found if isinstance(record, Damage | SkippedRecord)]


@pytest.mark.parametrize("kind", PACKED)
def test_every_member_is_read_as_what_it_is(tmp_path: Path, kind: str) -> None:
    files = {f"shard/part{extension}": write(TEXTS) for extension, write in WRITE.items()}
    found = read(tmp_path / "corpus", PACKED[kind](files))
    assert reasons(found) == [("shard/part.arc", "not-a-page")]  # its first record is about the file itself
    for extension in (".jsonl", ".parquet", ".avro", ".csv", ".wet", ".mediawiki"):
        assert [text for member, _, text in texts(found) if member == f"shard/part{extension}"] == TEXTS
    assert {member for member, _, _ in texts(found)} == set(files)


@pytest.mark.parametrize("packed", PACK)
def test_members_may_be_compressed_and_lie_in_other_archives(tmp_path: Path, packed: str) -> None:
    rows = PACK[packed](WRITE[".jsonl"](TEXTS))
    inner = zipped({"a.jsonl": rows, "b.tar.gz": gzip.compress(tarred({"c.txt": TEXT.encode()}))})
    found = read(tmp_path / "x.tar", tarred({"inner.zip": inner, "last.txt": TEXT.encode()}))
    wanted = [("inner.zip!a.jsonl", f"line {i}", text) for i, text in enumerate(TEXTS, 1)]
    assert texts(found) == [*wanted, ("inner.zip!b.tar.gz!c.txt", "line 1", TEXT), ("last.txt", "line 1", TEXT)]


def test_a_fourth_archive_within_is_refused(tmp_path: Path) -> None:
    data = TEXT.encode()
    for _ in range(4):
        data = tarred({"a.tar": data, "b.txt": TEXT.encode()})
    found = read(tmp_path / "x.tar", data)
    assert reasons(found) == [("a.tar!a.tar!a.tar", "nested-archive")]
    assert len(texts(found)) == 3


def test_a_forced_format_is_that_of_the_members(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(zipped({"a.txt": WRITE[".jsonl"](TEXTS)}))
    assert [text for _, _, text in texts(found_in(tmp_path / "x.zip", format="jsonl"))] == TEXTS


def test_long_names_and_names_that_are_not_utf_8(tmp_path: Path) -> None:
    names = ["deep/" * 60 + "é.txt", "caf\udce9.txt"]
    for format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        sink = io.BytesIO()
        with tarfile.open(fileobj=sink, mode="w", format=format, encoding="utf-8", errors="surrogateescape") as archive:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = len(TEXT)
                archive.addfile(info, io.BytesIO(TEXT.encode()))
        assert [m for m, _, _ in texts(read(tmp_path / "x", sink.getvalue()))] == [names[0], r"caf\xe9.txt"]


def test_what_is_no_file_is_passed_over_by_name(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, kind in {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "null": tarfile.CHRTYPE,
                           "pipe": tarfile.FIFOTYPE, "folder": tarfile.DIRTYPE}.items():  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("./.hidden/a.txt")
        archive.addfile(info)
    found = read(tmp_path / "x.tar", sink.getvalue() + tarred({"a.txt": TEXT.encode()}))  # joined, as by cat
    passed = [("link", "link"), ("hard", "link"), ("null", "device"), ("pipe", "fifo"), (".hidden/a.txt", "hidden")]
    assert reasons(found) == passed
    assert texts(found) == [("a.txt", "line 1", TEXT)]

    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("folder/", "")
        archive.writestr("__MACOSX/._a.txt", "x")
    assert reasons(read(tmp_path / "x.zip", sink.getvalue())) == [("link", "link"), ("__MACOSX/._a.txt", "hidden")]


def test_a_damaged_member_loses_itself_alone(tmp_path: Path) -> None:
    rows = WRITE[".jsonl"](TEXTS)
    data = bytearray(zipped({"a.jsonl": rows, "b.jsonl": rows, "c.jsonl": rows}, zipfile.ZIP_STORED))
    data[data.index(b"b.jsonl") + 7 + len(rows) - 4] ^= 1  # in the last line
    found = read(tmp_path / "x.zip", bytes(data))
    assert reasons(found)[-1] == ("b.jsonl", "zip-damaged")
    assert [m for m, _, _ in texts(found)].count("c.jsonl") == 3

    packed = gzip.compress(b"".join(b'{"text": "%s %d"}\n' % (TEXT.encode(), i) for i in range(500)))
    found = read(tmp_path / "x.tar", tarred({"a.jsonl.gz": packed[: len(packed) // 2], "b.txt": TEXT.encode()}))
    assert reasons(found) == [("a.jsonl.gz", "gzip-truncated")]
    assert texts(found)[-1] == ("b.txt", "line 1", TEXT)
    assert len(texts(found)) > 150  # all that came before the damage


def test_a_damaged_header_of_tar_loses_its_member(tmp_path: Path) -> None:
    data = bytearray(tarred({name: TEXT.encode() for name in ("a.txt", "b.txt", "c.txt")}))
    data[1024] ^= 1
    found = read(tmp_path / "x.tar", bytes(data))
    assert [m for m, _, _ in texts(found)] == ["a.txt", "c.txt"]
    assert [(r.place, r.reason) for r in found if isinstance(r, Damage)] == [("byte 1024", "tar-damaged")]


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["tar", "tar.gz"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_an_archive_that_is_cut_gives_what_came_before(
    tmp_path: Path, pack: Callable[[bytes], bytes], share: float
) -> None:
    rows = [json.dumps({"text": f"{TEXT} {i} {i * i % 7919}"}) for i in range(3000)]
    packed = pack(tarred({f"{n}.jsonl": "\n".join(rows[n::3]).encode() + b"\n" for n in range(3)}))
    found = read(tmp_path / "x.tar.gz", packed[: int(len(packed) * share)])
    assert len(texts(found)) > 3000 * share * 0.8
    (damage,) = [record for record in found if isinstance(record, Damage)]
    assert damage.reason in ("tar-truncated", "gzip-truncated")


def test_a_zip_without_its_table_of_contents_is_one_dead_letter(tmp_path: Path) -> None:
    packed = zipped({"a.txt": TEXT.encode() * 9})
    assert reasons(read(tmp_path / "x.zip", packed[: len(packed) // 2])) == [("", "zip-damaged")]


def test_an_encrypted_member_and_an_unknown_compression_are_named(tmp_path: Path) -> None:
    packed = zipped({"a.txt": TEXT.encode()})
    table = packed.index(b"PK\x01\x02")
    for at, value, reason in ((8, 1, "encrypted"), (10, 98, "unread-member")):
        data = bytearray(packed)
        data[table + at] = value
        assert reasons(read(tmp_path / "x.zip", bytes(data))) == [("a.txt", reason)]
    assert reasons(read(tmp_path / "x.docx", zipped({"a": b"", "[Content_Types].xml": b""}))) == [("", "unread-office")]


def test_bounds_hold_for_all_members_together(tmp_path: Path) -> None:
    bombs = {f"{i}.txt": bytes(2 * MIB) for i in range(20)}
    packed = tarred({f"{name}.gz": gzip.compress(data) for name, data in bombs.items()})
    for name, data in {"zip": zipped(bombs), "tar.gz": gzip.compress(tarred(bombs)), "tar": packed}.items():
        found = read(tmp_path / f"x.{name}", data, free_bytes=8 * MIB, ratio=100)
        assert reasons(found)[-1][1] == "decompression-bomb"
        assert len(found) < len(bombs)
    for data in (tarred(bombs), zipped(bombs)):
        assert reasons(read(tmp_path / "x", data, archive_members=3))[-1] == ("", "too-many-members")
    table = tarred({"a.parquet": WRITE[".parquet"](TEXTS)})
    assert reasons(read(tmp_path / "x", table, spooled_bytes=100)) == [("a.parquet", "member-too-large")]


def test_the_address_of_a_document_names_its_member(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tarred({"a/caf\udce9.txt": TEXT.encode(), "b.jsonl": b"no json\n"}))
    wanted = DocumentFilter(frozenset(), 1, 1000)
    document, letter = (document_of(found, str(path), wanted) for found in found_in(path))
    assert isinstance(document, Document)
    assert (document.source, document.file) == (f"{path}!a/caf\\xe9.txt, line 1", f"{path}!a/caf\\xe9.txt")
    assert isinstance(letter, DeadLetter)
    assert letter.detail.startswith(f"{path}!b.jsonl, line 1: no JSON")
