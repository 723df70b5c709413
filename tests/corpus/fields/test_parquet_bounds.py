"""Small Parquet files that stand for much: a dead letter for the row group, before the memory is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_hub.transforms.corpus.corpus_records import Damage, TextRecord
from persona_hub.transforms.corpus.fields import parquet_bounds
from persona_hub.transforms.corpus.fields.parquet_bounds import BYTES_AT_ONCE, longest_value
from tests.corpus.writing import found_in
from tests.material.tables.parquet_bombs import members, repeated, write

FREE = 1_000_000  # in these tests; the bound of a real run is 256 MB


@pytest.mark.parametrize("store_schema", [False, True], ids=["strings", "dictionaries"])
@pytest.mark.parametrize(
    "columns",
    [
        {"text": repeated("x" * 100_000, 1000)},
        {"text": pa.array([f"text {i}" for i in range(100)]), "url": repeated("u" * 100_000, 100)},
        {"text": pa.array(["x"]), "url": members(1_000_000)},
    ],
    ids=["a text", "an address", "members of a list"],
)
def test_what_a_dictionary_unfolds_to_is_bounded(tmp_path: Path, columns: dict[str, Any], store_schema: bool) -> None:
    path = write(tmp_path / "x.parquet", columns, store_schema=store_schema)
    assert path.stat().st_size < 10_000
    *_, found = found_in(path, free_bytes=FREE)
    assert isinstance(found, Damage)
    assert found.reason == "decompression-bomb"
    assert "row group 0 from here" in found.detail
    assert "Leave the file out" in found.detail


def test_texts_that_share_their_beginning_are_bounded(tmp_path: Path) -> None:
    options: dict[str, Any] = {"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY"}}
    path = write(tmp_path / "x.parquet", {"text": ["x" * 100_000 + str(i) for i in range(100)]}, **options)
    *_, found = found_in(path, free_bytes=FREE)
    assert isinstance(found, Damage)
    assert found.reason == "decompression-bomb"


def test_many_row_groups_share_what_is_free(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", {"text": repeated("x" * 100_000, 40)}, row_group_size=8)
    found = found_in(path, free_bytes=FREE, ratio=1)
    assert [type(f) for f in found[:8]] == [TextRecord] * 8
    assert {f.reason for f in found[8:] if isinstance(f, Damage)} == {"decompression-bomb"}
    assert sum(isinstance(f, TextRecord) for f in found) < 16


def test_rows_that_take_no_byte_are_no_way_to_a_billion_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_bounds, "FREE_ROWS", 1000)
    path = write(tmp_path / "x.parquet", {"text": pa.nulls(1_000_000, pa.string())})
    (found,) = found_in(path)
    assert isinstance(found, Damage)
    assert "1,000,000 rows" in found.detail


def test_repeated_texts_within_the_bounds_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", {"text": repeated("x" * 1000, 900), "url": repeated("https://a.example", 900)})
    assert found_in(path) == [TextRecord(f"row {i}", "https://a.example", "x" * 1000) for i in range(1, 901)]


def test_the_longest_value_that_is_repeated_is_known_before_it_is_read(tmp_path: Path) -> None:
    columns = {"text": repeated("x" * 10**6, 9), "url": [f"u{i}" for i in range(9)], "id": [7] * 9}
    path = write(tmp_path / "x.parquet", columns, use_dictionary=["text", "id"])
    group = pq.read_metadata(path).row_group(0)
    with path.open("rb") as stream:
        text, url, number = (longest_value(stream, group.column(i)) for i in range(3))
    assert 10**6 <= text <= 10**6 + 100
    assert (url, number) == (0, 8)
    assert BYTES_AT_ONCE // (1 << 20) > 100  # rows beside a dictionary of the usual size, 1 MB: 64 cost 7% more CPU
