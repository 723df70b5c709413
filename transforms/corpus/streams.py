"""The bytes of a file as a stream: read in chunks, decompressed within bounds, never whole in memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from apache_beam.io.filesystem import BeamIOError

from persona_hub.transforms.corpus.codecs import DAMAGES, Codec, codec_for
from persona_hub.transforms.corpus.content import HEAD_BYTES, codec_of
from persona_hub.transforms.corpus.corpus_records import KIB, BrokenError, Budget, CorpusFile, Limits
from persona_hub.transforms.files.storage import open_to_read

CHUNK_BYTES = 128 * KIB  # of the file: each small gzip member in a chunk copies what follows it
NESTED = 3  # times that a file may be compressed over: a .gz of a .gz is met, more is not
MAGIC_BYTES = 16  # in which every compression shows
MOST_WINDOW_MB = 2048  # of zstd
GZIP_MEMBER = b"\x1f\x8b\x08"
HEAD_CHUNKS = 32  # of a file, 4 MiB, in which its beginning must show
FETCH_AGAIN = "Fetch the file again; what was read before this place is used."


def open_raw(file: CorpusFile) -> BinaryIO:
    """The file as it lies on disk, open for reading and seeking; a member of an archive only for reading, once."""
    if file.stream is not None:
        if not file.stream.seekable():
            return file.stream
        return open(file.stream.name, "rb")  # a copy of the member on this disk
    try:
        return open_to_read(file.path)
    except (OSError, BeamIOError) as error:
        raise unreadable(error) from error


def unreadable(error: Exception) -> BrokenError:
    """The error of an input stream, as what a user can do about it."""
    return BrokenError("unreadable", f"cannot be read: {error}. See that it exists and that the account may read it.")


def refuse_compressed(stream: BinaryIO) -> None:
    """Raises BrokenError if a table, which is read from several places, lies compressed as a whole."""
    if name := codec_of(stream.read(MAGIC_BYTES)):
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

    What is compressed within is decompressed, too, `NESTED` times in all. Raises BrokenError at truncation, at damage,
    or when more comes out than `limits` allow, after all that could be read before. With `breaks`, damage within a gzip
    member is appended there and an empty chunk marks the place; reading goes on at the next member. That is for files
    with a member for each record, as crawls are.
    """
    budget = limits.budget
    if budget is None:
        budget = Budget(limits.free_bytes, limits.ratio)
        chunks = budget.taking(chunks)
    for depth in range(NESTED + 1):
        head, chunks = _with_head(chunks)
        name = codec_of(head)
        if name is None:
            break
        if depth == NESTED:
            detail = f"compressed more than {NESTED} times over. Unpack it first, or leave it out."
            raise BrokenError("nested-compression", detail)
        chunks = _unpacked(chunks, _Members(name, limits, budget, None if depth else breaks))
    yield from chunks


def _with_head(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, as many as come in chunks of MAGIC_BYTES and before a break or an error; and all chunks."""
    first: list[bytes] = []
    try:
        while sum(map(len, first)) < MAGIC_BYTES and (chunk := next(chunks, None)) is not None:
            first.append(chunk)
            if not chunk:
                break
    except BrokenError as broken:
        chunks = _broken_off(broken)
    return b"".join(first), itertools.chain(first, chunks)


def _broken_off(broken: BrokenError) -> Iterator[bytes]:
    yield from ()
    raise broken


def _unpacked(chunks: Iterator[bytes], members: _Members) -> Iterator[bytes]:
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

    def __init__(self, name: str, limits: Limits, budget: Budget, breaks: list[BrokenError] | None):
        self.name, self.limits, self.budget, self.breaks = name, limits, budget, breaks
        self.codec: Codec | None = None  # of the member which the bytes are within; None between members
        self.lost = False  # from damage until a member has been read to its end

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What a chunk of the file decompresses to; an empty chunk where it breaks off. Raises BrokenError."""
        while data:
            if self.codec is None:
                data = self._from_member(data)
                if not data:
                    return
                self.codec = codec_for(self.name, self.limits.zstd_window_mb)
            try:
                for out in self.codec.feed(data):
                    self.budget.give(len(out))
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


def content_chunks(file: CorpusFile, limits: Limits) -> Iterator[bytes]:
    """The content of a whole file, decompressed, in chunks."""
    with open_raw(file) as stream:
        yield from decompressed(raw_chunks(stream), limits)


def head_of(file: CorpusFile) -> bytes:
    """The first bytes of a file, decompressed; none if it cannot be read (its reader will say so)."""
    if file.stream is None or file.stream.seekable():
        try:
            with open_raw(file) as stream:
                return _head(itertools.chain([stream.read(HEAD_BYTES)], raw_chunks(stream)))
        except Exception:  # each storage raises its own
            return b""
    taken: list[bytes] = []
    head = _head(_noted(raw_chunks(file.stream), taken))
    file.stream.unread(b"".join(taken))  # type: ignore[attr-defined]
    return head


def _noted(chunks: Iterator[bytes], taken: list[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        taken.append(chunk)
        yield chunk


def _head(chunks: Iterator[bytes]) -> bytes:
    # Nothing comes out of bzip2 before a block of 900 KB is in, nor of zstd before one of 128 KiB.
    limits, head = Limits(zstd_window_mb=MOST_WINDOW_MB), b""
    with suppress(BrokenError):
        for chunk in decompressed(itertools.islice(chunks, HEAD_CHUNKS), limits):
            head += chunk
            if len(head) >= HEAD_BYTES:
                break
    return head[:HEAD_BYTES]
