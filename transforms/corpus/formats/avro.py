"""Avro: one record a row; a block belongs to the piece in which the sync marker before it begins."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import fastavro
import pyarrow as pa
import zstandard

from persona_hub.transforms.corpus.formats.json_lines import found_in_record
from persona_hub.transforms.corpus.formats.plain_text import UNDECODABLE
from persona_hub.transforms.corpus.found import MIB, TEXT_FIELDS, BrokenError, Damage, Found, Limits, Piece
from persona_hub.transforms.corpus.streams import open_raw, refuse_compressed
from persona_hub.transforms.records import excerpt

MARKER_BYTES = 16
HEADER_BYTES = 4 * MIB  # a header has the schema, some kilobytes
BLOCK_RECORDS = 2  # a block may be so many times what one record may: writers make blocks of 16 KB to 1 MB
AGAIN = "Fetch the file again."


@dataclass(frozen=True)
class _Header:
    schema: Any
    codec: str
    marker: bytes
    size: int  # bytes


def read_avro(piece: Piece, text_field: str, limits: Limits) -> Iterator[Found]:
    """What each record of the piece's blocks holds; a damaged block is one damage, and the next is looked for."""
    with open_raw(piece.file) as stream:
        try:
            refuse_compressed(stream)
            header = _header(stream, text_field)
        except BrokenError:
            if piece.start:  # the first piece has said so
                return
            raise
        record = 0
        at = _find(stream, header.marker, max(piece.start, header.size - MARKER_BYTES))
        while at is not None and at < piece.stop and at + MARKER_BYTES < piece.file.size:
            place = f"block at byte {at + MARKER_BYTES}"
            try:
                count, data, following = _block(stream, at + MARKER_BYTES, header, limits)
            except BrokenError as broken:
                yield Damage(place, broken.reason, broken.detail)
                at = _find(stream, header.marker, at + MARKER_BYTES)
                continue
            for number, found in enumerate(_records(data, count, header.schema, text_field), 1):
                record += 1
                yield found(f"record {record}" if piece.whole else f"{place}, record {number}")
            at = following


def _header(stream: BinaryIO, text_field: str) -> _Header:
    start = io.BytesIO(stream.read(HEADER_BYTES))
    try:
        reader = fastavro.reader(start)
        header = _Header(reader.writer_schema, reader.codec, reader._header["sync"], start.tell())
    except Exception as error:
        detail = f"no Avro file, or a damaged header ({excerpt(str(error))}). {AGAIN}"
        raise BrokenError("avro-damaged", detail) from error
    names = [field["name"] for field in header.schema.get("fields", ())] if isinstance(header.schema, dict) else []
    wanted = (text_field,) if text_field else TEXT_FIELDS
    if not set(wanted) & set(names):
        listed = excerpt(", ".join(names) or "none at all")
        detail = f"no field {' or '.join(wanted)}, but {listed}. Name the text's with --text_field."
        raise BrokenError("field-missing", detail)
    return header


def _find(stream: BinaryIO, marker: bytes, start: int) -> int | None:
    """Where `marker` begins, at `start` or after."""
    stream.seek(start)
    tail = b""
    while chunk := stream.read(MIB):
        held = tail + chunk
        found = held.find(marker)
        if found >= 0:
            return start - len(tail) + found
        tail = held[-(MARKER_BYTES - 1) :]
        start += len(chunk)
    return None


def _block(stream: BinaryIO, start: int, header: _Header, limits: Limits) -> tuple[int, bytes, int]:
    """(records, data, where the marker after it begins) of the block at `start`."""
    stream.seek(start)
    count, size = _varint(stream), _varint(stream)
    most = BLOCK_RECORDS * limits.record_bytes
    if not (0 <= size <= most and count >= 0):
        raise BrokenError("avro-damaged", f"a block of {count} records in {size} bytes cannot be. {AGAIN}")
    packed = stream.read(size)
    following = stream.tell()
    marker = stream.read(MARKER_BYTES)
    if len(packed) < size or len(marker) < MARKER_BYTES:
        raise BrokenError("avro-truncated", f"the file ends within a block. {AGAIN}")
    if marker != header.marker:
        raise BrokenError("avro-damaged", f"a block does not end in the file's marker. {AGAIN}")
    try:
        data = UNPACK[header.codec](packed, most)
    except KeyError:
        detail = f"codec {header.codec!r} is not known. Write it with deflate or zstandard."
        raise BrokenError("avro-codec", detail) from None
    except (zlib.error, lzma.LZMAError, OSError, ValueError, zstandard.ZstdError, pa.ArrowException) as error:
        raise BrokenError("avro-damaged", f"a block does not unpack ({error}). {AGAIN}") from error
    if len(data) > most:
        detail = f"{size:,} bytes hold more than {most:,}: a decompression bomb. Leave the file out."
        raise BrokenError("decompression-bomb", detail)
    if count > len(data):
        raise BrokenError("avro-damaged", f"{count} records cannot be in {len(data)} bytes. {AGAIN}")
    return count, data, following


def _varint(stream: BinaryIO) -> int:
    value = shift = 0
    while byte := stream.read(1):
        value |= (byte[0] & 127) << shift
        shift += 7
        if byte[0] < 128:
            return (value >> 1) ^ -(value & 1)
        if shift > 63:
            break
    return -1


def _records(data: bytes, count: int, schema: Any, text_field: str) -> Iterator[Callable[[str], Found]]:
    """For each record a function from its place to what it holds; the first that is broken ends the block."""
    stream = io.BytesIO(data)
    for left in range(count, 0, -1):
        try:
            record: Any = fastavro.schemaless_reader(stream, schema, handle_unicode_errors="surrogateescape")
        except Exception as error:
            detail = f"cannot be decoded ({excerpt(str(error))}), nor the {left - 1} after it in its block. {AGAIN}"
            yield lambda place: Damage(place, "avro-damaged", detail)
            return
        yield lambda place: _found(record, place, text_field)


def _found(record: dict[str, Any], place: str, text_field: str) -> Found:
    field = text_field or next(name for name in TEXT_FIELDS if name in record)
    if isinstance(record[field], bytes):
        record[field] = record[field].decode("utf-8", "surrogateescape")
    if isinstance(record[field], str) and UNDECODABLE.search(record[field]):
        seen = record[field].encode("utf-8", "replace").decode("utf-8")
        return Damage(place, "invalid-utf-8", "the text is no UTF-8. Write the file again from UTF-8.", seen)
    return found_in_record(record, place, field)


def _snappy(packed: bytes, most: int) -> bytes:
    # Raw snappy says its size first; a checksum of four bytes follows it in Avro.
    size = shift = 0
    for byte in packed[:5]:
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    return b"\0" * (most + 1) if size > most else pa.Codec("snappy").decompress(packed[:-4], size, asbytes=True)


def _zstandard(packed: bytes, most: int) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(packed).read(most + 1)


UNPACK: dict[str, Callable[[bytes, int], bytes]] = {
    "null": lambda packed, most: packed,
    "deflate": lambda packed, most: zlib.decompressobj(-15).decompress(packed, most + 1),
    "bzip2": lambda packed, most: bz2.BZ2Decompressor().decompress(packed, most + 1),
    "xz": lambda packed, most: lzma.LZMADecompressor().decompress(packed, most + 1),
    "snappy": _snappy,
    "zstandard": _zstandard,
}
