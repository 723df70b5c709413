"""Members of a zip archive, as its table of contents names them."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from persona_hub.transforms.corpus.archives.members import Found, Member, check_count, is_hidden
from persona_hub.transforms.corpus.codecs import DAMAGES, RAW_WINDOW, Bzip2, Codec, Deflate, Xz, Zstd
from persona_hub.transforms.corpus.content import OFFICE_MEMBERS, unread
from persona_hub.transforms.corpus.corpus_records import (
    FETCH_FILE,
    KIB,
    BrokenError,
    Budget,
    Damage,
    Limits,
    SkippedRecord,
)
from persona_hub.transforms.corpus.names import printable_name

READ_BYTES = 64 * KIB
ENTRY_BYTES = 300  # of the table of contents, for a member: its name, mostly
ENCRYPTED = 1  # a bit of the flags
UNIX = 3
LOCAL_HEADER = struct.Struct("<4s22xHH")
STORED = 0
TAIL_BYTES = 66 * KIB  # in which the end of the table must be


def zip_members(stream: BinaryIO, limits: Limits, budget: Budget) -> Iterator[Found]:
    """The files of an archive; a damage for what cannot be read, and a skip for links and hidden files.

    Raises BrokenError if there is no table of contents, or too large a one.
    """
    _check_table(stream, limits)
    try:
        infos = zipfile.ZipFile(stream).infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise BrokenError("zip-damaged", f"no table of contents at its end ({error}). {FETCH_FILE}") from error
    check_count(len(infos), limits)
    if not OFFICE_MEMBERS.isdisjoint(info.filename for info in infos):
        raise unread("office")
    for info in infos:
        name = printable_name(info.filename.removeprefix("./"))
        mode = info.external_attr >> 16 if info.create_system == UNIX else 0
        if info.is_dir():
            continue
        if stat.S_ISLNK(mode):
            yield SkippedRecord("the member", "", "link", member=name)
        elif is_hidden(name):
            yield SkippedRecord("the member", "", "hidden", member=name)
        elif info.flag_bits & ENCRYPTED:
            yield Damage("the member", "encrypted", "it is encrypted. Unpack the archive first.", member=name)
        elif info.compress_type != STORED and info.compress_type not in _codecs(limits):
            what = zipfile.compressor_names.get(info.compress_type, "of an unknown kind")  # type: ignore[attr-defined]
            detail = f"its compression ({info.compress_type}, {what}) is not read. Unpack the archive first."
            yield Damage("the member", "unread-member", detail, member=name)
        else:
            yield Member(name, info.file_size, _content(stream, info, limits, budget))


def _codecs(limits: Limits) -> dict[int, Callable[[], Codec]]:
    return {
        8: lambda: Deflate(RAW_WINDOW),
        12: Bzip2,
        93: lambda: Zstd(limits.zstd_window_mb),
        95: Xz,
    }


def _content(stream: BinaryIO, info: zipfile.ZipInfo, limits: Limits, budget: Budget) -> Iterator[bytes]:
    """The bytes of a member. Raises BrokenError at damage, after what comes before it."""
    checksum = size = 0
    try:
        codec = None if info.compress_type == STORED else _codecs(limits)[info.compress_type]()
        for data in _stored(stream, info):
            for out in [data] if codec is None else codec.feed(data):
                budget.give(len(out))
                checksum, size = zlib.crc32(out, checksum), size + len(out)
                if out:
                    yield out
            if codec and codec.eof:
                break
    except DAMAGES as error:
        raise BrokenError("zip-damaged", f"damaged data ({error}). {FETCH_FILE}") from error
    if size != info.file_size or checksum != info.CRC:
        detail = f"{size:,} bytes with another checksum than the archive says. {FETCH_FILE}"
        raise BrokenError("zip-damaged", detail)


def _stored(stream: BinaryIO, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a member as they lie in the archive."""
    stream.seek(info.header_offset)
    header = stream.read(LOCAL_HEADER.size)
    if len(header) < LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
        raise BrokenError("zip-damaged", f"no member where the table of contents says. {FETCH_FILE}")
    _, name, extra = LOCAL_HEADER.unpack(header)
    at, left = info.header_offset + LOCAL_HEADER.size + name + extra, info.compress_size
    while left:
        stream.seek(at)
        data = stream.read(min(left, READ_BYTES))
        if not data:
            raise BrokenError("zip-damaged", f"the archive ends within a member. {FETCH_FILE}")
        at, left = at + len(data), left - len(data)
        yield data


def _check_table(stream: BinaryIO, limits: Limits) -> None:
    """Raises BrokenError if the table of contents, which the library reads whole, says that it is too large."""
    end = stream.seek(0, 2)
    stream.seek(max(0, end - TAIL_BYTES))
    tail = stream.read(TAIL_BYTES)
    at, large = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    size = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if size == 0xFFFFFFFF and large >= 0:
        size = int.from_bytes(tail[large + 40 : large + 48], "little")
    check_count(size // ENTRY_BYTES, limits)
