"""The bytes of a file as a stream: read in chunks, decompressed within bounds, never whole in memory."""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

import zstandard
from apache_beam.io.filesystem import BeamIOError

from persona_hub.transforms.corpus.found import KIB, MIB, BrokenError, CorpusFile, Limits
from persona_hub.transforms.files.storage import open_to_read

CHUNK_BYTES = 128 * KIB  # of the file: each small gzip member in a chunk copies what follows it
OUT_BYTES = MIB  # decompressed at once
MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd"}
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


CODECS: dict[str, Any] = {"gzip": _Gzip, "bzip2": _Bzip2, "zstd": _Zstd}
DAMAGES = (zlib.error, OSError, EOFError, ValueError, zstandard.ZstdError)


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
    if name := codec_of(stream.read(4)):
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


def codec_of(head: bytes) -> str | None:
    """The name of the compression that the first bytes of a file tell."""
    if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:
        return "zstd"  # a skippable frame, with which pzstd begins
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), None)


def decompressed(chunks: Iterator[bytes], limits: Limits, breaks: list[BrokenError] | None = None) -> Iterator[bytes]:
    """`chunks` decompressed, by what the first bytes tell, through all members; as they are if not compressed.

    Raises BrokenError at truncation, damage, or when more comes out than `limits` allow, after all that could be had.
    With `breaks`, damage within a gzip member is appended there and an empty chunk marks the place; reading goes on at
    the next member. That is for files of a member for each record, as crawls are.
    """
    first = next(chunks, b"")
    name = codec_of(first)
    if name is None:
        if first:
            yield first
            yield from chunks
        return
    taken, given = 0, 0
    codec: _Codec | None = CODECS[name]()
    sound = True  # false between damage and the next member that is whole
    data = first
    while True:
        taken += len(data)
        while data:
            if codec is None and not sound:
                at = data.find(GZIP_MEMBER)
                data = data[at:] if at >= 0 else b""
                if not data:
                    break
                codec = CODECS[name]()
            elif codec is None:
                data = data.lstrip(b"\0")  # padding, as tar and tape leave it
                if not data:
                    break
                if len(data) >= 4 and codec_of(data) != name:
                    raise BrokenError(f"{name}-damaged", f"junk after the end of the {name} data. {FETCH_AGAIN}")
                codec = CODECS[name]()
            try:
                for out in codec.feed(data):
                    given += len(out)
                    if given > limits.free_bytes and given > limits.ratio * taken:
                        detail = f"{taken:,} bytes hold more than {given:,}: a decompression bomb. Leave the file out."
                        raise BrokenError("decompression-bomb", detail)
                    if out:
                        yield out
            except DAMAGES as error:
                broken = BrokenError(f"{name}-damaged", f"damaged {name} data ({error}). {FETCH_AGAIN}")
                if breaks is None or name != "gzip":
                    raise broken from error
                if sound:
                    breaks.append(broken)
                    yield b""
                sound, codec = False, None
                data = data[data.find(GZIP_MEMBER, 1) :] if GZIP_MEMBER in data[1:] else b""
                continue
            sound = sound or codec.eof
            data = codec.unused_data if codec.eof else b""
            codec = None if codec.eof else codec
        chunk = next(chunks, None)
        if chunk is None:
            break
        data = chunk
    if codec is not None and sound:
        raise BrokenError(f"{name}-truncated", f"the {name} data ends before its end. {FETCH_AGAIN}")


def content_chunks(file: CorpusFile, limits: Limits) -> Iterator[bytes]:
    """The content of a whole file, decompressed, in chunks."""
    with open_raw(file) as stream:
        yield from decompressed(raw_chunks(stream), limits)
