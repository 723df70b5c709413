"""Rows of Parquet and Avro: each is read once, whatever the pieces; damage costs its block and no more."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Damage, Limits, SkippedRecord, TextRecord
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.formats.avro_blocks import DECOMPRESS
from persona_hub.transforms.corpus.formats.readers import read_piece
from persona_hub.transforms.corpus.pieces import pieces_of

ROWS = [{"id": f"row-{i}", "text": f"text {i} " + random.Random(i).randbytes(40).hex()} for i in range(300)]


def found_in(path: Path, piece_bytes: int = 1 << 30, text_field: str = "", **limits: Any) -> list[CorpusRecord]:
    (file,) = match_corpus([str(path)])
    return [f for piece in pieces_of(file, piece_bytes) for f in read_piece(piece, text_field, Limits(**limits))]


def texts_of(found: list[CorpusRecord]) -> list[str]:
    return [f.text for f in found if isinstance(f, TextRecord)]


def damages_of(found: list[CorpusRecord]) -> list[tuple[str, str]]:
    return [(f.place, f.reason) for f in found if isinstance(f, Damage)]


def parquet(path: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


def avro(
    path: Path, rows: list[dict[str, Any]], codec: str = "deflate", block: int = 2000, kind: Any = "string"
) -> Path:
    fields = [{"name": "id", "type": "string"}, {"name": "text", "type": kind}]
    schema = fastavro.parse_schema({"type": "record", "name": "Row", "fields": fields})
    with path.open("wb") as file:
        fastavro.writer(file, schema, rows, codec=codec, sync_interval=block, sync_marker=bytes(range(16)))
    return path


@pytest.mark.parametrize("piece_bytes", [1 << 30, 10_000, 997])
def test_each_row_group_is_read_once_whatever_the_pieces(tmp_path: Path, piece_bytes: int) -> None:
    found = found_in(parquet(tmp_path / "x.parquet", ROWS, row_group_size=37), piece_bytes)
    assert texts_of(found) == [row["text"] for row in ROWS]
    assert [(f.place, f.source) for f in found if isinstance(f, TextRecord)][99] == ("row 100", "row-99")


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz"])
@pytest.mark.parametrize("piece_bytes", [1 << 30, 5_000, 333])
def test_each_block_is_read_once_whatever_the_pieces(tmp_path: Path, piece_bytes: int, codec: str) -> None:
    found = found_in(avro(tmp_path / "x.avro", ROWS, codec), piece_bytes)
    assert texts_of(found) == [row["text"] for row in ROWS]
    assert len({f.place for f in found}) == len(ROWS)
    assert piece_bytes < 1 << 30 or found[99].place == "record 100"


def test_codecs_that_the_writer_here_lacks_unpack_within_their_bound() -> None:
    text = b"abc" * 1000
    assert DECOMPRESS["zstandard"](zstandard.compress(text), 3000) == text
    assert DECOMPRESS["snappy"](pa.Codec("snappy").compress(text, asbytes=True) + b"crc4", 3000) == text
    for name, packed in (("zstandard", zstandard.compress(text)), ("snappy", pa.Codec("snappy").compress(text))):
        assert DECOMPRESS[name](packed, 100) in (text[:100], None)


def test_null_texts_are_skips_and_other_types_an_error(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": "a"}, {"text": None}]
    found = found_in(parquet(tmp_path / "x.parquet", rows))
    assert found == [TextRecord("row 1", "", "a"), SkippedRecord("row 2", "", "no-text")]
    found = found_in(avro(tmp_path / "x.avro", [{"id": "7", "text": None}], kind=["null", "string"]))
    assert found == [SkippedRecord("record 1", "7", "no-text")]
    for path in (parquet(tmp_path / "n.parquet", [{"text": 1}]), parquet(tmp_path / "m.parquet", [{"body": "x"}])):
        assert [reason for _, reason in damages_of(found_in(path, 100))] in (["field-not-text"], ["field-missing"])
    assert texts_of(found_in(tmp_path / "m.parquet", text_field="body")) == ["x"]


def test_bytes_that_are_no_utf_8_are_damage_of_their_row(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"id": "1", "text": text} for text in (b"caf\xc3\xa9", b"caf\xe9", b"x")]
    for path in (parquet(tmp_path / "x.parquet", rows), avro(tmp_path / "x.avro", rows, kind="bytes")):
        found = found_in(path)
        assert texts_of(found) == ["café", "x"]
        assert [reason for _, reason in damages_of(found)] == ["undecodable"]


def test_a_byte_that_is_no_utf_8_is_one_character(tmp_path: Path) -> None:
    rows = [{"id": "1", "text": "Über die Fähre, früh am Tag".encode().replace("ä".encode(), b"\xff")}]
    for path in (parquet(tmp_path / "x.parquet", rows), avro(tmp_path / "x.avro", rows, kind="bytes")):
        assert texts_of(found_in(path)) == ["Über die F\ufffdhre, früh am Tag"]


def test_texts_repeated_in_a_dictionary_are_read(tmp_path: Path) -> None:
    table = pa.table({"text": pa.array(["same"] * 1000).dictionary_encode()})
    pq.write_table(table, tmp_path / "x.parquet")
    assert texts_of(found_in(tmp_path / "x.parquet")) == ["same"] * 1000


def test_a_damaged_row_group_costs_itself(tmp_path: Path) -> None:
    path = parquet(tmp_path / "x.parquet", ROWS, row_group_size=100, compression="zstd", use_dictionary=False)
    group = pq.ParquetFile(path).metadata.row_group(1).column(1)
    data = bytearray(path.read_bytes())
    data[group.data_page_offset : group.data_page_offset + 200] = bytes(200)
    path.write_bytes(data)
    found = found_in(path)
    assert texts_of(found) == [row["text"] for row in [*ROWS[:100], *ROWS[200:]]]
    assert damages_of(found) == [("row 101", "parquet-damaged")]


def test_a_damaged_block_costs_itself(tmp_path: Path) -> None:
    path = avro(tmp_path / "x.avro", ROWS)
    data = bytearray(path.read_bytes())
    markers = [i for i in range(len(data)) if data.startswith(bytes(range(16)), i)]
    data[markers[3] + 40 : markers[3] + 80] = bytes(40)
    path.write_bytes(data)
    for piece_bytes in (1 << 30, 700):
        found = found_in(path, piece_bytes)
        assert damages_of(found) == [(f"block at byte {markers[3] + 16}", "avro-damaged")]
        assert 250 < len(texts_of(found)) < 300


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_truncated_table_is_one_damage(tmp_path: Path, share: float) -> None:
    for path in (parquet(tmp_path / "x.parquet", ROWS), avro(tmp_path / "x.avro", ROWS)):
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
        found = found_in(path, 3000)
        assert len(damages_of(found)) == 1
        assert path.suffix == ".parquet" or share < 0.1 or texts_of(found)


@pytest.mark.parametrize("name", ["x.parquet", "x.avro"])
@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"Obj\x01", b"Obj\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\0" * 4096]
)
def test_what_is_no_table_is_one_damage(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert len(damages_of(found_in(tmp_path / name, 100))) == 1


def test_a_bomb_in_a_block_is_damage(tmp_path: Path) -> None:
    path = avro(tmp_path / "x.avro", [{"id": "1", "text": "x" * 5_000_000}, *ROWS], block=1000)
    found = found_in(path, record_bytes=1_000_000)
    assert [reason for _, reason in damages_of(found)] == ["decompression-bomb"]
    assert texts_of(found) == [row["text"] for row in ROWS]


@pytest.mark.parametrize("seed", range(20))
def test_random_damage_crashes_nothing(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    for path in (parquet(tmp_path / "x.parquet", ROWS, row_group_size=50), avro(tmp_path / "x.avro", ROWS, "null")):
        data = bytearray(path.read_bytes())
        for _ in range(5):
            data[rng.randrange(4, len(data))] = rng.randrange(256)
        path.write_bytes(data)
        found = found_in(path, 4000)
        assert len(texts_of(found)) + len(damages_of(found)) >= 1
