"""Lines of a piece, wherever it begins in its file, with a bound on their length."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from persona_hub.transforms.corpus.content import codec_of
from persona_hub.transforms.corpus.corpus_records import Limits, Piece
from persona_hub.transforms.corpus.streams import decompressed, open_raw, raw_chunks


class Line(NamedTuple):
    """A line without its end; of one that is too long, the beginning."""

    place: str  # "line 7" of a file that is read whole, "byte 1043" of a piece
    data: bytes
    too_long: bool = False


EXCERPT_BYTES = 1024  # kept of a line that is too long, for its excerpt
BOM = b"\xef\xbb\xbf"


def lines_in_piece(piece: Piece, limits: Limits) -> Iterator[Line]:
    """The lines that begin in `piece`, blank ones left out; a compressed file is read whole by its first piece.

    Raises BrokenError where the file cannot be read on; a line that the break cuts is not given.
    """
    with open_raw(piece.file) as stream:
        if piece.start:
            if codec_of(stream.read(16)):
                return
            stream.seek(piece.start - 1)  # so that a line that begins at `start` is seen to begin there
            chunks = raw_chunks(stream)
            yield from _placed(_skip_line(_split(chunks, piece.start - 1, limits)), piece)
            return
        chunks = raw_chunks(stream)
        first = next(chunks, b"")
        inner = decompressed(itertools.chain([first], chunks), limits)
        if codec_of(first):
            piece = Piece(piece.file, 0, 1 << 62)
        yield from _placed(_split(inner, 0, limits), piece)


def _skip_line(split: Iterator[tuple[int, bytes, bool]]) -> Iterator[tuple[int, bytes, bool]]:
    """All but the first: it is the end of a line that begins in the piece before."""
    next(split, None)
    return split


def _placed(split: Iterator[tuple[int, bytes, bool]], piece: Piece) -> Iterator[Line]:
    for number, (offset, data, too_long) in enumerate(split, 1):
        if offset >= piece.stop:
            return
        if not offset:
            data = data.removeprefix(BOM)
        if data and not data.isspace():
            yield Line(f"line {number}" if piece.whole else f"byte {offset}", data, too_long)


def _split(chunks: Iterator[bytes], offset: int, limits: Limits) -> Iterator[tuple[int, bytes, bool]]:
    """Offset, bytes and whether it is too long, of every line; of those that are, only the beginning is kept."""
    kept: list[bytes] = []
    length = 0  # of the line so far
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            kept.append(part)
            length += len(part)
            yield _line(offset, kept, length, limits)
            offset += length + 1
            kept, length = [], 0
        length += len(rest)
        if length <= limits.record_bytes:
            kept.append(rest)
        else:
            kept = [b"".join(kept)[:EXCERPT_BYTES] or rest[:EXCERPT_BYTES]]
    if length:
        yield _line(offset, kept, length, limits)


def _line(offset: int, kept: list[bytes], length: int, limits: Limits) -> tuple[int, bytes, bool]:
    too_long = length > limits.record_bytes
    data = b"".join(kept)
    return offset, data[:EXCERPT_BYTES] if too_long else data, too_long
