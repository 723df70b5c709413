"""The nesting of columns is known before pyarrow, which dies of too much of it, sees the footer."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_hub.transforms.corpus.corpus_records import BrokenError, Damage
from persona_hub.transforms.corpus.fields.parquet_footer import DEEPEST_COLUMN, footer_of, metadata_of, nesting
from tests.corpus.writing import found_in

LEAF = bytes([0x15, 0x0C, 0x25, 0x02, 0x18, 0x01, 0x78, 0x00])  # BYTE_ARRAY, optional, named x
ROOT = bytes([0x48, 0x01, 0x72, 0x15, 0x02, 0x00])  # named r, one child
GROUP = bytes([0x35, 0x02, 0x18, 0x01, 0x67, 0x15, 0x02, 0x00])  # optional, named g, one child
SEVERAL = {
    "flat": pa.array([1, 2]),
    "struct": pa.array([{"a": {"b": "x"}, "c": 1}, None]),
    "list": pa.array([["x"], []]),
    "map": pa.array([[("k", [1.5])], None], pa.map_(pa.string(), pa.list_(pa.float64()))),
    "time": pa.array([1, 2], pa.timestamp("us", "UTC")),
    "decimal": pa.array([1, 2]).cast(pa.decimal128(25, 4)),
}


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def file_of(depth: int, before: bytes = b"") -> bytes:
    """A file without rows, of one column in so many groups."""
    elements = ROOT + GROUP * (depth - 1) + LEAF
    schema = b"\xfc" + varint(depth + 1) + elements
    footer = b"\x15\x02" + before + b"\x19" + schema + b"\x16\x00" + b"\x19\x0c" + b"\x00"
    return b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def paths_of(data: bytes) -> int:
    """How many groups the deepest column is in, by pyarrow."""
    schema = pq.read_metadata(BytesIO(data)).schema
    return max(schema.column(i).path.count(".") + 1 for i in range(len(schema)))


def test_it_is_what_pyarrow_finds_after_the_fact(tmp_path: Path) -> None:
    pq.write_table(pa.table(SEVERAL), tmp_path / "x.parquet")
    data = (tmp_path / "x.parquet").read_bytes()
    assert nesting(footer_of(BytesIO(data))) == paths_of(data) == 5
    assert metadata_of(BytesIO(data)).num_rows == 2
    for depth in (1, 2, 50):
        data = file_of(depth)
        assert nesting(footer_of(BytesIO(data))) == paths_of(data) == depth


def test_files_of_the_world(data: Path) -> None:
    files = sorted(data.rglob("*.parquet"))
    assert files
    for file in files:
        content = file.read_bytes()
        assert nesting(footer_of(BytesIO(content))) == paths_of(content)


@pytest.mark.parametrize("depth", [DEEPEST_COLUMN + 1, 50_000, 200_000])
def test_a_column_too_deep_is_a_dead_letter(tmp_path: Path, depth: int) -> None:
    (tmp_path / "x.parquet").write_bytes(file_of(depth))
    (found,) = found_in(tmp_path / "x.parquet")
    assert isinstance(found, Damage)
    assert found.reason == "record-too-deep"
    assert "Leave the column out" in found.detail


@pytest.mark.parametrize(
    "before",
    [
        b"\x09\xfc" + varint(1 << 60) + b"\x11" * 3,  # 2^60 truths
        b"\x0b" + varint(1 << 60) + b"\x11",
        b"\x0c" + b"\x1c" * 100_000,  # structs within structs
        b"\x08" + b"\xff" * 20,
        b"\x0d",
    ],
    ids=["a list without end", "a map without end", "deep", "a number without end", "no kind"],
)
def test_a_schema_that_cannot_be_read_is_damage(before: bytes) -> None:
    with pytest.raises(pa.ArrowInvalid, match="cannot be read"):
        metadata_of(BytesIO(file_of(1, numbered(before))))


def numbered(field: bytes) -> bytes:
    """A field of number 1 again, whose head has no difference to the one before."""
    return bytes([field[0]]) + varint(2) + field[1:]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1\xff\xff\xff\x7fPAR1", b"x" * 100])
def test_what_has_no_footer_is_told_by_pyarrow(data: bytes) -> None:
    with pytest.raises((pa.ArrowException, OSError)):
        metadata_of(BytesIO(data))


def test_every_cut_and_every_flipped_byte_ends(tmp_path: Path) -> None:
    pq.write_table(pa.table(SEVERAL), tmp_path / "x.parquet")
    footer = footer_of(BytesIO((tmp_path / "x.parquet").read_bytes()))[:2000]
    for at in range(0, len(footer), 3):
        for data in (footer[:at], footer[:at] + bytes([footer[at] ^ 0xFF]) + footer[at + 1 :]):
            with suppress(pa.ArrowInvalid):
                assert nesting(data) >= 0
    with pytest.raises(BrokenError):
        metadata_of(BytesIO(file_of(DEEPEST_COLUMN + 1)))
