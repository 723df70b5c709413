"""The blocks of an Avro file, each decompressed on its own, with the next one found where one is damaged.

A file of two records, {"text": "a"} and {"text": "bc"}, each in a block of its own and not compressed:

    byte   0  4f 62 6a 01                      "Obj", version 1
           4  04 14 61 76 72 6f 2e ... 00      two entries (avro.codec, avro.schema), and 00: no more
         115  5b 91 ... 07                     the marker, 16 bytes which the writer drew; the header ends with it
         131  02 04 02 61                      block: 1 record in 2 bytes; a text of 1 byte, "a"
         135  5b 91 ... 07                     the marker again
         151  02 06 04 62 63                   block: 1 record in 3 bytes; a text of 2 bytes, "bc"
         156  5b 91 ... 07                     the marker at the end; 172 bytes in all

Numbers are of variable length and zigzag: 02 is 1, 04 is 2, 01 is -1. A block is preceded by a marker, so it belongs to
the piece of the file in which that marker begins: the pieces 0 to 134 and 135 to 171 have one block each. Where the
block at byte 131 is damaged, the search for the marker from there finds 135.
"""

from __future__ import annotations

import bz2
import io
import json
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import zstandard

from persona_hub.transforms.corpus.corpus_records import FETCH_FILE, MIB, BrokenError, Damage, Limits, Piece
from persona_hub.transforms.corpus.fields.avro_schema import AvroType, resolve_schema
from persona_hub.transforms.records import excerpt

MAGIC = b"Obj\x01"
MARKER_BYTES = 16
HEADER_BYTES = 4 * MIB  # a header has the schema, some kilobytes
BLOCK_RATIO = 2  # a block may be so many times what one record may: writers make blocks of 16 KB to 1 MB


@dataclass(frozen=True)
class AvroHeader:
    """What a file says before its first block."""

    schema: Any  # as it is written
    record: AvroType  # the same, its names resolved
    codec: str
    marker: bytes
    size: int  # bytes, the marker at its end included


class AvroBlock(NamedTuple):
    """A block, decompressed."""

    start: int  # in the file, after the marker
    stop: int  # where the marker after it begins
    records: int
    data: bytes


def read_header(stream: BinaryIO) -> AvroHeader:
    """The header of a file, of which `stream` is at the beginning. Raises BrokenError."""
    start = io.BytesIO(stream.read(HEADER_BYTES))
    try:
        if start.read(len(MAGIC)) != MAGIC:
            raise ValueError("it does not begin as one")
        metadata = _metadata(start)
        schema = json.loads(metadata[b"avro.schema"].decode("utf-8", "replace"))
        codec = metadata.get(b"avro.codec", b"null").decode("utf-8", "replace") or "null"
        marker = _exactly(start, MARKER_BYTES)
        return AvroHeader(schema, resolve_schema(schema), codec, marker, start.tell())
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        detail = f"no Avro file, or a damaged header ({excerpt(str(error))}). {FETCH_FILE}"
        raise BrokenError("avro-damaged", detail) from error


def _metadata(stream: BinaryIO) -> dict[bytes, bytes]:
    """The entries of a header, whatever a writer put there of its own. Raises ValueError."""
    entries: dict[bytes, bytes] = {}
    while count := _long(stream):
        if count < 0:
            _long(stream)  # how many bytes they are
        for _ in range(abs(count)):
            key = _exactly(stream, _long(stream))
            entries[key] = _exactly(stream, _long(stream))
    return entries


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """So many bytes. Raises ValueError."""
    data = stream.read(size) if size >= 0 else b""
    if len(data) != size:
        raise ValueError(f"{size} bytes are to follow, and {len(data)} do")
    return data


def blocks_in(stream: BinaryIO, header: AvroHeader, piece: Piece, limits: Limits) -> Iterator[AvroBlock | Damage]:
    """The blocks of a piece in order, or the damage in place of one."""
    marker = find_marker(stream, header.marker, max(piece.start, header.size - MARKER_BYTES))
    while marker is not None and marker < piece.stop and marker + MARKER_BYTES < piece.file.size:
        start = marker + MARKER_BYTES
        try:
            block = read_block(stream, start, header, limits)
        except BrokenError as broken:
            yield Damage(f"block at byte {start}", broken.reason, broken.detail)
            marker = find_marker(stream, header.marker, start)
        else:
            yield block
            marker = block.stop


def find_marker(stream: BinaryIO, marker: bytes, start: int) -> int | None:
    """Where `marker` begins, at byte `start` or after; None if it does not."""
    stream.seek(start)
    tail = b""  # of the chunk before: a marker may begin there
    while chunk := stream.read(MIB):
        window = tail + chunk
        at = window.find(marker)
        if at >= 0:
            return start - len(tail) + at
        tail = window[-(MARKER_BYTES - 1) :]
        start += len(chunk)
    return None


def read_block(stream: BinaryIO, start: int, header: AvroHeader, limits: Limits) -> AvroBlock:
    """The block at byte `start`. Raises BrokenError."""
    stream.seek(start)
    records, size = _long(stream), _long(stream)
    most = BLOCK_RATIO * limits.record_bytes
    if not (0 <= size <= most and records >= 0):
        raise BrokenError("avro-damaged", f"a block of {records} records in {size} bytes cannot be. {FETCH_FILE}")
    packed = stream.read(size)
    stop = stream.tell()
    marker = stream.read(MARKER_BYTES)
    if len(packed) < size or len(marker) < MARKER_BYTES:
        raise BrokenError("avro-truncated", f"the file ends within a block. {FETCH_FILE}")
    if marker != header.marker:
        raise BrokenError("avro-damaged", f"a block does not end in the file's marker. {FETCH_FILE}")
    data = _decompressed(packed, header.codec, most)
    if records > len(data):
        raise BrokenError("avro-damaged", f"{records} records cannot be in {len(data)} bytes. {FETCH_FILE}")
    return AvroBlock(start, stop, records, data)


def _decompressed(packed: bytes, codec: str, most: int) -> bytes:
    """The data of a block, at most `most` bytes. Raises BrokenError."""
    if codec not in DECOMPRESS:
        raise BrokenError("avro-codec", f"codec {codec!r} is not known. Write it with deflate or zstandard.")
    try:
        data = DECOMPRESS[codec](packed, most + 1)
    except (zlib.error, lzma.LZMAError, OSError, ValueError, zstandard.ZstdError, pa.ArrowException) as error:
        raise BrokenError("avro-damaged", f"a block does not unpack ({error}). {FETCH_FILE}") from error
    if data is None or len(data) > most:
        detail = f"{len(packed):,} bytes hold more than {most:,}: a decompression bomb. Leave the file out."
        raise BrokenError("decompression-bomb", detail)
    return data


def _long(stream: BinaryIO) -> int:
    """A signed number of Avro's; -1 where there is none."""
    value = _varint(stream)
    return -1 if value is None else (value >> 1) ^ -(value & 1)


def _varint(stream: BinaryIO) -> int | None:
    """A number in groups of 7 bits, the lowest first; the top bit of a byte says that another follows."""
    value = shift = 0
    while (byte := stream.read(1)) and shift <= 63:
        value |= (byte[0] & 127) << shift
        shift += 7
        if byte[0] < 128:
            return value
    return None


def _snappy(packed: bytes, most: int) -> bytes | None:
    """Raw snappy says its size first; a checksum of four bytes follows it in Avro."""
    size = _varint(io.BytesIO(packed[:5]))
    if size is None:
        raise ValueError("snappy data without its size")
    return pa.Codec("snappy").decompress(packed[:-4], size, asbytes=True) if size <= most else None


# Data of at most so many bytes; None if it is known beforehand to be more.
DECOMPRESS: dict[str, Callable[[bytes, int], bytes | None]] = {
    "null": lambda packed, most: packed,
    "deflate": lambda packed, most: zlib.decompressobj(-15).decompress(packed, most),
    "bzip2": lambda packed, most: bz2.BZ2Decompressor().decompress(packed, most),
    "xz": lambda packed, most: lzma.LZMADecompressor().decompress(packed, most),
    "snappy": _snappy,
    "zstandard": lambda packed, most: zstandard.ZstdDecompressor().stream_reader(packed).read(most),
}
