"""Addresses and ids in columns of any type of Arrow's."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_hub.transforms.corpus.corpus_records import TextRecord
from tests.corpus.writing import found_in

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
URL = "https://caf\u00e9.example"


@pytest.mark.parametrize(
    ("values", "source"),
    [
        (pa.array([URL], pa.string()), URL),
        (pa.array([URL], pa.large_string()), URL),
        (pa.array([URL], pa.string_view()), URL),
        (pa.array([URL.encode()], pa.binary()), URL),
        (pa.array([URL.encode()], pa.binary_view()), URL),
        (pa.array([URL.encode()], pa.large_binary()), URL),
        (pa.array([b"doc-7"], pa.binary(5)), "doc-7"),
        (pa.array([URL]).dictionary_encode(), URL),
        (pa.array([7], pa.uint8()).dictionary_encode(), "7"),
        (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
        (pa.array([-(2**63)], pa.int64()), "-9223372036854775808"),
        (pa.array([Decimal("123456789012345678901234567890")], pa.decimal128(38, 0)), "123456789012345678901234567890"),
        (pa.array([Decimal("9" * 60)], pa.decimal256(76, 0)), "9" * 60),
        (pa.array([5.0], pa.float64()), "5.0"),
        (pa.array([uuid.UUID(ID).bytes], pa.uuid()), ID),
        (pa.array([uuid.UUID(ID).bytes], pa.binary(16)), ID),
        (pa.array([uuid.UUID(ID).bytes], pa.binary()), ID),
        (pa.array([True]), ""),
        (pa.array([datetime.datetime(2020, 1, 1)]), ""),
        (pa.array([2**62], pa.timestamp("us")), ""),
        (pa.array([{"url": URL}]), ""),
        (pa.nulls(1), ""),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
@pytest.mark.parametrize("name", ["url", "doc_id"])
def test_a_column_of_any_type_names_the_source(tmp_path: Path, values: pa.Array, source: str, name: str) -> None:
    pq.write_table(pa.table({"text": ["x"], name: values}), tmp_path / "x.parquet")
    assert found_in(tmp_path / "x.parquet") == [TextRecord("row 1", source, "x")]


@pytest.mark.parametrize(
    "kind",
    [pa.list_(pa.string()), pa.large_list(pa.large_string()), pa.list_(pa.binary()), pa.list_(pa.int64())],
    ids=str,
)
def test_a_list_has_all_its_addresses(tmp_path: Path, kind: pa.DataType) -> None:
    members: dict[bool, list[Any]] = {True: [7, 8, 7], False: ["7", None, "8"]}
    rows = [members[pa.types.is_integer(kind.value_type)], None, []]
    pq.write_table(pa.table({"text": ["x", "y", "z"], "url": pa.array(rows, kind)}), tmp_path / "x.parquet")
    assert found_in(tmp_path / "x.parquet") == [
        TextRecord("row 1", "7", "x", ("8",)),
        TextRecord("row 2", "", "y"),
        TextRecord("row 3", "", "z"),
    ]


def test_the_text_is_in_the_column_that_is_filled_in_its_row(tmp_path: Path) -> None:
    columns = {"text": ["a", None, "", None], "raw_content": [None, "b", None, None], "contents": [1, 2, 3, 4]}
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    found = found_in(tmp_path / "x.parquet")
    assert [getattr(f, "text", "no text") for f in found] == ["a", "b", "no text", "no text"]


def test_an_address_of_megabytes_is_cut(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["x"], "url": ["u" * 5_000_000]}), tmp_path / "x.parquet")
    (found,) = found_in(tmp_path / "x.parquet")
    assert isinstance(found, TextRecord)
    assert found.source == "u" * 8192
