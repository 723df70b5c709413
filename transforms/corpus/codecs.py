"""Decompressors that are fed in chunks, give chunks of bounded size, and at damage what came before it."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import zstandard

from persona_hub.transforms.corpus.corpus_records import KIB, MIB, BrokenError

OUT_BYTES = MIB  # decompressed at once
# What bzip2 and xz have put out is lost with the call that meets damage, and they cannot go back: so they give little.
SAFE_OUT_BYTES = 8 * KIB
XZ_MEMORY_BYTES = 256 * MIB  # xz -9 takes 65 MiB to unpack, a dictionary of 1.5 GiB is allowed by the format
# A zstd block of 4 bytes may stand for 128 KiB, and the library has no bound on output: so it is fed with little.
ZSTD_FEED_BYTES = 2 * KIB
ZSTD_HEADER_BYTES = 18  # of a frame, at most
GZIP_WINDOW, RAW_WINDOW = 31, -15  # zlib's numbers for a gzip member, and for deflate without a header


class Codec(Protocol):
    """One member (gzip), stream (bzip2, xz) or frame (zstd) of a compressed file."""

    eof: bool
    unused_data: bytes

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` decompresses to, in chunks of bounded size; raises one of DAMAGES after what could be read."""
        ...


class Deflate:
    """A member of gzip, or what is deflated without a header, as in a zip archive."""

    def __init__(self, window: int = GZIP_WINDOW) -> None:
        self._inner = zlib.decompressobj(wbits=window)

    eof = property(lambda self: self._inner.eof)
    unused_data = property(lambda self: self._inner.unused_data)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self._inner.eof:  # at the end of a member zlib keeps the tail of what came after it
            before = self._inner.copy()  # 40 KB, a thousandth of the time
            try:
                out = self._inner.decompress(data, OUT_BYTES)
            except zlib.error:
                self._inner = before
                yield from self._before_damage(data)
                raise
            yield out
            data = self._inner.unconsumed_tail
        while not self._inner.eof and (rest := self._inner.decompress(b"", OUT_BYTES)):
            yield rest

    def _before_damage(self, data: bytes) -> Iterator[bytes]:
        """What of `data` can be read: the library keeps nothing of a call that fails, so calls become smaller."""
        step = len(data)
        while step:
            trial = self._inner.copy()
            try:
                out = trial.decompress(data[:step], OUT_BYTES)
            except zlib.error:
                step //= 2
                continue
            self._inner, data = trial, trial.unconsumed_tail + data[step:]
            yield out


class BlockStream:
    """A stream of a library that says whether it needs more input. Damage loses its block."""

    def __init__(self, inner: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._inner = inner

    eof = property(lambda self: self._inner.eof)
    unused_data = property(lambda self: self._inner.unused_data)

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._inner.decompress(data, SAFE_OUT_BYTES)
        while not self._inner.eof and not self._inner.needs_input:
            yield self._inner.decompress(b"", SAFE_OUT_BYTES)


class Bzip2(BlockStream):
    """A stream of bzip2, whose blocks have 900 KB at most."""

    def __init__(self) -> None:
        super().__init__(bz2.BZ2Decompressor())


class Xz(BlockStream):
    """A stream of xz or "lzma alone"."""

    def __init__(self) -> None:
        super().__init__(lzma.LZMADecompressor(memlimit=XZ_MEMORY_BYTES))


class Zstd:
    """A frame of zstd whose window is no larger than `window_mb` MiB; raises BrokenError for another."""

    def __init__(self, window_mb: int) -> None:
        self._window_mb = window_mb
        self._inner = zstandard.ZstdDecompressor(max_window_size=window_mb * MIB).decompressobj()
        self._rest = b""
        self._header = b""

    eof = property(lambda self: self._inner.eof)
    unused_data = property(lambda self: self._inner.unused_data + self._rest)

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._header += data[: ZSTD_HEADER_BYTES - len(self._header)]
        for i in range(0, len(data), ZSTD_FEED_BYTES):
            try:
                out = self._inner.decompress(data[i : i + ZSTD_FEED_BYTES])
            except zstandard.ZstdError:
                self._refuse_frame()
                raise
            yield out
            if self._inner.eof:
                self._rest = data[i + ZSTD_FEED_BYTES :]
                return

    def _refuse_frame(self) -> None:
        """Raises BrokenError if the header of the frame tells why it cannot be read."""
        try:
            frame = zstandard.get_frame_parameters(self._header)
        except zstandard.ZstdError:
            return
        if frame.dict_id:
            detail = (
                f"compressed with dictionary {frame.dict_id}, which is not in the file. "
                "Unpack it with zstd -d -D DICTIONARY, or compress it again without one."
            )
            raise BrokenError("zstd-dictionary", detail)
        if frame.window_size > self._window_mb * MIB:
            needed = -(-frame.window_size // MIB)
            detail = (
                f"its zstd window takes {needed:,} MB of memory, allowed are {self._window_mb:,}. "
                f"Give --zstd_window_mb {needed}, or compress it again without --long or --ultra."
            )
            raise BrokenError("zstd-window", detail)


def codec_for(name: str, window_mb: int) -> Codec:
    """A decompressor by the name that `content.codec_of` gives."""
    if name == "zstd":
        return Zstd(window_mb)
    makers: dict[str, Callable[[], Codec]] = {"gzip": Deflate, "bzip2": Bzip2, "xz": Xz, "lzma": Xz}
    return makers[name]()


DAMAGES = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, zstandard.ZstdError)
