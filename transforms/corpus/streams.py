"""The bytes of a file as a stream: read in chunks, decompressed within bounds, never whole in memory."""

from __future__ import annotations

import bz2
import itertools
import lzma
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

import zstandard
from apache_beam.io.filesystem import BeamIOError

from persona_hub.transforms.corpus.content import HEAD_BYTES, codec_of
from persona_hub.transforms.corpus.corpus_records import KIB, MIB, BrokenError, CorpusFile, Limits
from persona_hub.transforms.files.storage import open_to_read

CHUNK_BYTES = 128 * KIB  # of the file: each small gzip member in a chunk copies what follows it
OUT_BYTES = MIB  # decompressed at once
XZ_MEMORY_BYTES = 256 * MIB  # xz -9 takes 65 MiB to unpack, a dictionary of 1.5 GiB is allowed by the format
GZIP_MEMBER = b"\x1f\x8b\x08"
# A zstd block of 4 bytes may stand for 128 KiB, and the library has no bound on output: so it is fed with little.
ZSTD_FEED_BYTES = 2 * KIB
FETCH_AGAIN = "Fetch the file again; what was read before this place is used."


class _Codec(Protocol):
    """One member (gzip), stream (bzip2) or frame (zstd) of a compressed file."""

    eof: bool
    unused_data: bytes

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` decompresses to, in chunks of bounded size."""
        ...


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    eof = property(lambda self: self._inner.eof)
    unused_data = property(lambda self: self._inner.unused_data)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self._inner.eof:  # at the end of a member zlib keeps the tail of what came after it
            yield self._inner.decompress(data, OUT_BYTES)
            data = self._inner.unconsumed_tail
        while not self._inner.eof and (rest := self._inner.decompress(b"", OUT_BYTES)):
            yield rest


class _Bzip2:
    def __init__(self) -> None:
        self._inner = bz2.BZ2Decompressor()

    eof = property(lambda self: self._inner.eof)
    unused_data = property(lambda self: self._inner.unused_data)

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._inner.decompress(data, OUT_BYTES)
        while not self._inner.eof and not self._inner.needs_input:
            yield self._inner.decompress(b"", OUT_BYTES)


class _Xz:
    """A stream of xz or "lzma alone"; the interface of the library is that of its bzip2."""

    def __init__(self) -> None:
        self._inner = lzma.LZMADecompressor(memlimit=XZ_MEMORY_BYTES)

    eof = property(lambda self: self._inner.eof)
    unused_data = property(lambda self: self._inner.unused_data)

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._inner.decompress(data, OUT_BYTES)
        while not self._inner.eof and not self._inner.needs_input:
            yield self._inner.decompress(b"", OUT_BYTES)


class _Zstd:
    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=128 * MIB).decompressobj()
        self._rest = b""

    eof = property(lambda self: self._inner.eof)
    unused_data = property(lambda self: self._inner.unused_data + self._rest)

    def feed(self, data: bytes) -> Iterator[bytes]:
        for i in range(0, len(data), ZSTD_FEED_BYTES):
            yield self._inner.decompress(data[i : i + ZSTD_FEED_BYTES])
            if self._inner.eof:
                self._rest = data[i + ZSTD_FEED_BYTES :]
                return


CODECS: dict[str, Any] = {"gzip": _Gzip, "bzip2": _Bzip2, "zstd": _Zstd, "xz": _Xz, "lzma": _Xz}
DAMAGES = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, zstandard.ZstdError)


def open_raw(file: CorpusFile) -> BinaryIO:
    """The file as it lies on disk, open for reading and seeking."""
    try:
        return open_to_read(file.path)
    except (OSError, BeamIOError) as error:
        raise unreadable(error) from error


def unreadable(error: Exception) -> BrokenError:
    """The error of an input stream, as what a user can do about it."""
    return BrokenError("unreadable", f"cannot be read: {error}. See that it exists and that the account may read it.")


def refuse_compressed(stream: BinaryIO) -> None:
    """Raises BrokenError if a table, which is read from several places, lies compressed as a whole."""
    if name := codec_of(stream.read(16)):
        detail = f"{name} around a table that is read in parts. Unpack the file; such tables compress their own blocks."
        raise BrokenError("table-compressed", detail)
    stream.seek(0)


def raw_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The rest of a stream in chunks."""
    try:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
    except OSError as error:
        raise unreadable(error) from error


def decompressed(chunks: Iterator[bytes], limits: Limits, breaks: list[BrokenError] | None = None) -> Iterator[bytes]:
    """`chunks` decompressed through all members, by what the first bytes show; as they are if not compressed.

    Raises BrokenError at truncation, at damage, or when more comes out than `limits` allow, after all that could be
    read before. With `breaks`, damage within a gzip member is appended there and an empty chunk marks the place;
    reading goes on at the next member. That is for files with a member for each record, as crawls are.
    """
    first = next(chunks, b"")
    name = codec_of(first)
    if name is None:
        if first:
            yield first
            yield from chunks
        return
    members = _Members(name, limits, breaks)
    yield from members.feed(first)
    for chunk in chunks:
        yield from members.feed(chunk)
    members.end()


class _Members:
    """The members of a compressed file, whose bytes are fed in chunks that know nothing of members.

    Three gzip members A, B and C hold "one", "two" and "three". There is padding after A, and B's checksum is wrong. In
    three chunks, with `breaks`:

        chunk            before it         what comes out    after it
        A...             between members   "on"              within A
        ...A 00 00 B...  within A          "e", "two"        within B
        ...B C           within B          b"", "three"      between members

    In the last chunk B is given up (`lost`): what is left of it is skipped up to 1f 8b 08, with which C begins.
    """

    def __init__(self, name: str, limits: Limits, breaks: list[BrokenError] | None):
        self.name, self.limits, self.breaks = name, limits, breaks
        self.codec: _Codec | None = None  # of the member which the bytes are within; None between members
        self.lost = False  # from damage until a member has been read to its end
        self.taken, self.given = 0, 0  # bytes in and out

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What a chunk of the file decompresses to; an empty chunk where it breaks off. Raises BrokenError."""
        self.taken += len(data)
        while data:
            if self.codec is None:
                data = self._from_member(data)
                if not data:
                    return
                self.codec = CODECS[self.name]()
            try:
                for out in self.codec.feed(data):
                    self._count(len(out))
                    if out:
                        yield out
            except DAMAGES as error:
                if self._break_off(error):
                    yield b""
                data = data[1:]  # the next member begins after the first byte of this one
            else:
                data = self._after_member()

    def end(self) -> None:
        """Raises BrokenError if the file ends within a member."""
        if self.codec is not None and not self.lost:
            raise BrokenError(f"{self.name}-truncated", f"the {self.name} data ends before its end. {FETCH_AGAIN}")

    def _from_member(self, data: bytes) -> bytes:
        """`data` from where the next member begins; b"" if none does."""
        if self.lost:
            at = data.find(GZIP_MEMBER)
            return data[at:] if at >= 0 else b""
        data = data.lstrip(b"\0")  # padding, as tar and tape leave it
        if len(data) >= 4 and codec_of(data) != self.name:
            raise BrokenError(f"{self.name}-damaged", f"junk after the end of the {self.name} data. {FETCH_AGAIN}")
        return data

    def _after_member(self) -> bytes:
        """What the codec has left over, which is none before the end of its member."""
        assert self.codec
        if not self.codec.eof:
            return b""
        rest = self.codec.unused_data
        self.codec, self.lost = None, False
        return rest

    def _break_off(self, error: Exception) -> bool:
        """Leaves a damaged member; whether this damage is a new one. Raises BrokenError unless breaks are taken."""
        broken = BrokenError(f"{self.name}-damaged", f"damaged {self.name} data ({error}). {FETCH_AGAIN}")
        if self.breaks is None or self.name != "gzip":
            raise broken from error
        new = not self.lost
        if new:
            self.breaks.append(broken)
        self.codec, self.lost = None, True
        return new

    def _count(self, size: int) -> None:
        """Counts bytes that came out. Raises BrokenError where they are too many for what went in."""
        self.given += size
        if self.given > self.limits.free_bytes and self.given > self.limits.ratio * self.taken:
            detail = f"{self.taken:,} bytes hold more than {self.given:,}: a decompression bomb. Leave the file out."
            raise BrokenError("decompression-bomb", detail)


def content_chunks(file: CorpusFile, limits: Limits) -> Iterator[bytes]:
    """The content of a whole file, decompressed, in chunks."""
    with open_raw(file) as stream:
        yield from decompressed(raw_chunks(stream), limits)


def head_of(file: CorpusFile) -> bytes:
    """The first bytes of a file, decompressed; none if it cannot be read (its reader will say so)."""
    try:
        with open_to_read(file.path) as stream:
            # Nothing comes out of bzip2 before a block of 900 KB is in, nor of zstd before one of 128 KiB.
            chunks = itertools.chain([stream.read(HEAD_BYTES)], raw_chunks(stream))
            return next(decompressed(chunks, Limits()), b"")[:HEAD_BYTES]
    except Exception:
        return b""
