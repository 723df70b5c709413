"""Tables of any content and layout: what was written is what is read; what a header claims is not believed."""

from __future__ import annotations

import io
import itertools
import random
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Damage, SkippedRecord, TextRecord
from tests.corpus.writing import found_in, found_lazily

quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
rows_of_texts = st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=40), min_size=1, max_size=40)
MARKER = bytes(range(200, 216))


def as_found(texts: list[str | None], place: str) -> list[CorpusRecord]:
    rows = enumerate(texts, 1)
    return [
        TextRecord(f"{place} {i}", "", t) if t is not None else SkippedRecord(f"{place} {i}", "", "no-text")
        for i, t in rows
    ]


def without_places(found: list[CorpusRecord]) -> list[Any]:
    return [f.text if isinstance(f, TextRecord) else f.reason for f in found]


@quick
@given(texts=rows_of_texts, group=st.integers(1, 20), piece=st.integers(20, 3000), dictionary=st.booleans())
def test_any_column_of_texts_is_read_back(
    tmp_path: Path, texts: list[str | None], group: int, piece: int, dictionary: bool
) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": pa.array(texts, pa.string())}), path, group, use_dictionary=dictionary)
    assert found_in(path) == as_found(texts, "row")
    assert found_in(path, piece_bytes=piece) == as_found(texts, "row")  # a row's number does not depend on the piece


@quick
@given(
    texts=rows_of_texts,
    block=st.integers(1, 500),
    piece=st.integers(16, 3000),
    codec=st.sampled_from(["null", "deflate", "bzip2"]),
)
def test_any_blocks_of_texts_are_read_back(
    tmp_path: Path, texts: list[str | None], block: int, piece: int, codec: str
) -> None:
    path = tmp_path / "x.avro"
    schema = {"type": "record", "name": "Row", "fields": [{"name": "text", "type": ["null", "string"]}]}
    with path.open("wb") as file:
        fastavro.writer(file, schema, [{"text": text} for text in texts], codec, sync_interval=block)
    assert found_in(path) == as_found(texts, "record")
    assert without_places(found_in(path, piece_bytes=piece)) == without_places(as_found(texts, "record"))


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.dictionary(pa.int8(), pa.string())],
    ids=str,
)
def test_a_column_of_any_type_of_text_is_read(tmp_path: Path, kind: pa.DataType) -> None:
    texts = ["eins", "zwei", "eins"]
    pq.write_table(pa.table({"text": pa.array(texts).cast(kind)}), tmp_path / "x.parquet")
    assert found_in(tmp_path / "x.parquet") == as_found([*texts], "row")


def test_a_column_of_nulls_is_all_skips(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": pa.nulls(3)}), tmp_path / "x.parquet")
    assert found_in(tmp_path / "x.parquet") == as_found([None] * 3, "row")


@pytest.mark.parametrize("kind", [pa.int64(), pa.list_(pa.string()), pa.struct([("a", pa.string())])], ids=str)
def test_a_column_of_no_text_is_one_dead_letter_that_names_its_type(tmp_path: Path, kind: pa.DataType) -> None:
    pq.write_table(pa.table({"text": pa.array([None, None], kind)}), tmp_path / "x.parquet")
    (found,) = found_in(tmp_path / "x.parquet", piece_bytes=50)
    assert isinstance(found, Damage)
    assert found.reason == "field-not-text"
    assert found.detail.startswith(f"column 'text' holds {str(kind).partition('<')[0]}")


@pytest.mark.parametrize(
    ("columns", "source"),
    [
        ({"id": [7]}, "7"),
        ({"id": ["x-7"], "url": ["https://a.example"]}, "https://a.example"),
        ({"url": [None], "doc_id": ["d"]}, "d"),
        ({"source": [b"caf\xe9"]}, "636166e9"),
        ({"id": [1.5], "source": ["cc"]}, "1.5"),
        ({"url": [["https://a.example"]]}, "https://a.example"),
        ({"url": [{"a": "b"}], "id": [True], "source": ["cc"]}, "cc"),
    ],
    ids=["a number", "best first", "null", "bytes", "a float", "a list", "records"],
)
def test_the_source_of_a_row_is_where_a_person_would_look(tmp_path: Path, columns: dict[str, Any], source: str) -> None:
    pq.write_table(pa.table({"text": ["x"], **columns}), tmp_path / "x.parquet")
    assert found_in(tmp_path / "x.parquet") == [TextRecord("row 1", source, "x")]


def test_a_source_that_is_no_utf_8_does_not_cost_the_text(tmp_path: Path) -> None:
    url = pa.array([b"https://caf\xe9.example"]).view(pa.binary()).cast(pa.string(), safe=False)
    pq.write_table(pa.table({"text": ["x"], "url": url}), tmp_path / "x.parquet")
    assert found_in(tmp_path / "x.parquet") == [TextRecord("row 1", "https://caf\ufffd.example", "x")]


def test_a_text_beyond_the_bound_costs_its_row(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["before", "x" * 5001, "y" * 5000]}), tmp_path / "x.parquet")
    before, large, after = found_in(tmp_path / "x.parquet", record_bytes=5000)
    assert isinstance(large, Damage)
    assert (large.place, large.reason, len(large.excerpt)) == ("row 2", "record-too-large", 1024)
    assert (before, after) == (TextRecord("row 1", "", "before"), TextRecord("row 3", "", "y" * 5000))


def test_a_row_group_that_would_unpack_to_a_bomb_is_left_out(tmp_path: Path) -> None:
    table = pa.table({"text": ["x" * 3_000_000, "after"]})
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=1, use_dictionary=False, compression="zstd")
    bomb, after = found_in(tmp_path / "x.parquet", free_bytes=1_000_000, ratio=100)
    assert isinstance(bomb, Damage)
    assert (bomb.place, bomb.reason) == ("row 1", "decompression-bomb")
    assert after == TextRecord("row 2", "", "after")


def varint(number: int) -> bytes:
    number, out = (number << 1) ^ (number >> 63), b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def avro_of(*blocks: bytes, codec: str = "null") -> bytes:
    """An Avro file of blocks that stand there as they are."""
    sink = io.BytesIO()
    schema = {"type": "record", "name": "Row", "fields": [{"name": "text", "type": "string"}]}
    fastavro.writer(sink, schema, [], codec="null", sync_marker=MARKER)
    head = sink.getvalue().replace(b"\x08null", varint(len(codec)) + codec.encode())
    return head + b"".join(block + MARKER for block in blocks)


def block(*texts: str, count: int | None = None, size: int | None = None) -> bytes:
    data = b"".join(varint(len(text.encode())) + text.encode() for text in texts)
    return varint(len(texts) if count is None else count) + varint(len(data) if size is None else size) + data


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (block("lost", count=-1), "avro-damaged"),
        (block("lost", count=10**12), "avro-damaged"),
        (block("lost", size=-5), "avro-damaged"),
        (block("lost", size=10**15), "avro-damaged"),
        (block("lost", size=3), "avro-damaged"),
        (b"\xff" * 12, "avro-damaged"),
        (block("lost", count=2), "avro-damaged"),
    ],
    ids=[
        "negative count",
        "endless count",
        "negative size",
        "huge size",
        "small size",
        "endless number",
        "one too many",
    ],
)
def test_a_block_that_cannot_be_costs_itself(tmp_path: Path, broken: bytes, reason: str) -> None:
    path = tmp_path / "x.avro"
    path.write_bytes(avro_of(block("before"), broken, block("after")))
    found = found_in(path)
    assert [f.text for f in found if isinstance(f, TextRecord) and f.text != "lost"] == ["before", "after"]
    (damage,) = [f for f in found if isinstance(f, Damage)]
    assert (damage.reason, "Fetch the file again." in damage.detail) == (reason, True)


def test_records_that_take_no_byte_are_no_way_to_a_billion_of_them(tmp_path: Path) -> None:
    sink = io.BytesIO()
    schema = {"type": "record", "name": "Row", "fields": [{"name": "text", "type": "null"}]}
    fastavro.writer(sink, schema, [], codec="null", sync_marker=MARKER)
    (tmp_path / "x.avro").write_bytes(sink.getvalue() + varint(10**9) + varint(0) + MARKER)
    (found,) = itertools.islice(found_lazily(tmp_path / "x.avro"), 2)
    assert isinstance(found, Damage)
    assert "1000000000 records cannot be in 0 bytes" in found.detail


def test_a_marker_within_a_text_is_data(tmp_path: Path) -> None:
    schema = {"type": "record", "name": "Row", "fields": [{"name": "text", "type": "bytes"}]}
    with (tmp_path / "x.avro").open("wb") as file:
        rows = [{"text": b"a"}, {"text": b"b" * 50 + bytes(range(16)) + b"c" * 50}, {"text": b"d"}]
        fastavro.writer(file, schema, rows, "null", sync_interval=1, sync_marker=bytes(range(16)))
    assert [f.text[:1] for f in found_in(tmp_path / "x.avro") if isinstance(f, TextRecord)] == ["a", "b", "d"]


def test_an_unknown_codec_is_named_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "x.avro").write_bytes(avro_of(block("x"), codec="lz77"))
    (found,) = found_in(tmp_path / "x.avro")
    assert isinstance(found, Damage)
    assert found.reason in ("avro-codec", "avro-damaged")
    assert "lz77" in found.detail


@pytest.mark.parametrize("codec", ["deflate", "bzip2", "xz", "snappy", "zstandard"])
def test_a_block_that_does_not_unpack_costs_itself(tmp_path: Path, codec: str) -> None:
    junk = random.Random(3).randbytes(60)
    schema = {"type": "record", "name": "Row", "fields": [{"name": "text", "type": "string"}]}
    sink = io.BytesIO()
    fastavro.writer(sink, schema, [], codec="null", sync_marker=MARKER)
    data = sink.getvalue().replace(b"\x08null", varint(len(codec)) + codec.encode())
    (tmp_path / "x.avro").write_bytes(data + varint(1) + varint(60) + junk + MARKER)
    (found,) = found_in(tmp_path / "x.avro")
    assert isinstance(found, Damage)
    assert found.reason == "avro-damaged"


def test_a_row_that_is_no_utf_8_does_not_cost_its_neighbours(tmp_path: Path) -> None:
    data = block("before", "caf\0", "after").replace(b"caf\0", b"caf\xe9")
    (tmp_path / "x.avro").write_bytes(avro_of(varint(3) + varint(len(data) - 2) + data[2:], codec="null"))
    before, damage, after = found_in(tmp_path / "x.avro")
    assert (before, after) == (TextRecord("record 1", "", "before"), TextRecord("record 3", "", "after"))
    assert isinstance(damage, Damage)
    assert (damage.reason, damage.excerpt) == ("undecodable", "caf\ufffd")
