"""Blocks of an Avro file: the example of the module, and what is found around damage."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from fastavro.write import Writer

from persona_hub.transforms.corpus.corpus_records import MIB, CorpusFile, Damage, Limits, Piece
from persona_hub.transforms.corpus.formats.avro_blocks import (
    AvroBlock,
    blocks_in,
    find_marker,
    read_header,
)

SCHEMA = {"type": "record", "name": "R", "fields": [{"name": "text", "type": "string"}]}
MARKER = bytes([0x5B, 0x91, *[0] * 13, 7])


@pytest.fixture
def file() -> bytes:
    """The file which the module's docstring shows."""
    stream = io.BytesIO()
    writer = Writer(stream, SCHEMA, codec="null", sync_marker=MARKER)
    for text in ("a", "bc"):
        writer.write({"text": text})
        writer.flush()
    return stream.getvalue()


def blocks(data: bytes, start: int = 0, stop: int = 1000) -> list[AvroBlock | Damage]:
    stream = io.BytesIO(data)
    piece = Piece(CorpusFile("t.avro", len(data), "avro"), start, min(stop, len(data)))
    return list(blocks_in(stream, read_header(stream), piece, Limits()))


def test_the_example_of_the_docstring(file: bytes) -> None:
    header = read_header(io.BytesIO(file))
    assert (header.codec, header.marker, header.size, len(file)) == ("null", MARKER, 131, 172)
    assert file[131:135] == bytes.fromhex("02040261")
    assert file[151:156] == bytes.fromhex("0206046263")
    one, other = AvroBlock(131, 135, 1, b"\x02a"), AvroBlock(151, 156, 1, b"\x04bc")
    assert blocks(file) == [one, other]
    assert (blocks(file, 0, 135), blocks(file, 135)) == ([one], [other])


def test_the_block_after_a_damaged_one_is_found(file: bytes) -> None:
    damage, other = blocks(file[:132] + b"\x08" + file[133:])  # a block of 4 bytes, which ends in no marker
    assert isinstance(damage, Damage)
    assert (damage.place, damage.reason) == ("block at byte 131", "avro-damaged")
    assert other == AvroBlock(151, 156, 1, b"\x04bc")


@pytest.mark.parametrize("at", [0, 5, MIB - 16, MIB - 15, MIB - 1, MIB, 3 * MIB - 7])
def test_a_marker_is_found_wherever_it_lies_between_the_reads(at: int, tmp_path: Path) -> None:
    stream: Any = io.BytesIO(bytes(at) + MARKER + bytes(99))
    assert find_marker(stream, MARKER, 0) == find_marker(stream, MARKER, at) == at
    assert find_marker(stream, MARKER, at + 1) is None
