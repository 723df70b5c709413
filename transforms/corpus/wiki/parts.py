"""The bytes of the part of a dump that a piece stands for, decompressed: of XML as it is, and of bzip2 by its streams.

Wikipedia's multistream dumps have a stream for each hundred pages, and programs that compress in parallel one for each
900 KB; a stream belongs to the piece in which its first byte lies.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterator
from typing import BinaryIO

from persona_hub.transforms.corpus.charsets.html import XML_ENCODING
from persona_hub.transforms.corpus.charsets.labels import codec_of_label
from persona_hub.transforms.corpus.charsets.shapes import marked
from persona_hub.transforms.corpus.codecs import DAMAGES, Bzip2
from persona_hub.transforms.corpus.content import codec_of
from persona_hub.transforms.corpus.corpus_records import BrokenError, Budget, CorpusFile, Limits, Piece
from persona_hub.transforms.corpus.streams import (
    FETCH_AGAIN,
    MAGIC_BYTES,
    content_chunks,
    head_of,
    open_raw,
    raw_chunks,
)
from persona_hub.transforms.corpus.wiki.dump import PAGE, SITE_BYTES, Part

UTF_8 = "utf-8"
STREAM = re.compile(rb"BZh[1-9]1AY&SY")  # the number of its level, and the mark of its first block
STREAM_BYTES = 10


def head_of_dump(file: CorpusFile, limits: Limits) -> bytes:
    """What stands before the first page, and no more than `SITE_BYTES`. Raises BrokenError for what is no dump."""
    head = bytearray()
    for chunk in _as_utf_8(content_chunks(file, limits)):
        head += chunk
        if PAGE in head or len(head) > SITE_BYTES:
            break
    head = head[: head.find(PAGE)] if PAGE in head else head[:SITE_BYTES]
    if head and b"<mediawiki" not in head:
        detail = "it does not begin with <mediawiki. Force the right --format or leave it out."
        raise BrokenError("not-mediawiki", detail)
    return bytes(head)


def parts_of(piece: Piece, limits: Limits) -> Iterator[Part]:
    """The bytes of a piece, then those after it, not its own, for the page that it begins and does not end."""
    head = head_of(piece.file)
    with open_raw(piece.file) as stream:
        codec = codec_of(stream.read(MAGIC_BYTES))
        # What is packed twice, and what is no UTF-8, is read from the start.
        if head.lstrip().startswith(b"<") and encoding_of(head) == UTF_8 and codec in ("bzip2", None):
            yield from _bzip2_parts(stream, piece, limits) if codec else _plain_parts(stream, piece)
            return
    if piece.start == 0:
        for chunk in _as_utf_8(content_chunks(piece.file, limits)):
            yield Part(chunk, True)


def encoding_of(head: bytes) -> str:
    """Python's name of the encoding of a dump, as its mark or its XML declares it; else UTF-8, as all new ones have."""
    if mark := marked(head):
        return mark
    declared = XML_ENCODING.search(head[:1024])
    return (codec_of_label(declared[1].decode("latin-1")) if declared else "") or UTF_8


def _as_utf_8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A dump in UTF-8, without a mark; of bytes that do not fit its encoding, U+FFFD."""
    first = next(chunks, b"")
    encoding = encoding_of(first)
    if encoding == UTF_8:
        yield first
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in itertools.chain([first], chunks):
        yield decoder.decode(chunk).encode("utf-8")
    yield decoder.decode(b"", final=True).encode("utf-8")


def _plain_parts(stream: BinaryIO, piece: Piece) -> Iterator[Part]:
    stream.seek(piece.start)
    left = piece.stop - piece.start
    for chunk in raw_chunks(stream):
        if own := chunk[:left]:
            yield Part(own, True)
        if rest := chunk[left:]:
            yield Part(rest, False)
        left -= len(own)


def _bzip2_parts(stream: BinaryIO, piece: Piece, limits: Limits) -> Iterator[Part]:
    start = _first_stream(stream, piece)
    if start is None:
        return
    stream.seek(start)
    chunks, budget = raw_chunks(stream), limits.budget
    if budget is None:
        budget = Budget(limits.free_bytes, limits.ratio)
        chunks = budget.taking(chunks)
    codec, own, at = Bzip2(), True, start  # at: where what is not yet fed lies in the file
    for chunk in chunks:
        data = chunk
        while data:
            if codec.eof:
                codec, own = Bzip2(), at < piece.stop
            try:
                for out in codec.feed(data):
                    budget.give(len(out))
                    yield Part(out, own)
            except DAMAGES as error:
                detail = f"damaged bzip2 data ({error}). {FETCH_AGAIN}"
                raise BrokenError("bzip2-damaged", detail) from error
            rest = codec.unused_data if codec.eof else b""
            at += len(data) - len(rest)
            data = rest
    if not codec.eof:
        raise BrokenError("bzip2-truncated", f"the bzip2 data ends before its end. {FETCH_AGAIN}")


def _first_stream(stream: BinaryIO, piece: Piece) -> int | None:
    """Where the first stream of a piece begins, None if none does."""
    if piece.start == 0:
        return 0
    stream.seek(piece.start)
    at, data = piece.start, b""  # where `data` lies in the file
    for chunk in raw_chunks(stream):
        data += chunk
        found = STREAM.search(data)
        if found:
            return at + found.start() if at + found.start() < piece.stop else None
        if at + len(data) >= piece.stop + STREAM_BYTES:
            return None
        at += max(0, len(data) - STREAM_BYTES)
        data = data[-STREAM_BYTES:]
    return None
