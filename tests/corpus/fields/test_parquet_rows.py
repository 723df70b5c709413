"""Whole rows of Parquet: as pyarrow reads them, but for what it would unfold without end or cannot give to Python."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_hub.transforms.corpus.corpus_records import BrokenError, Limits
from persona_hub.transforms.corpus.fields import parquet_rows
from persona_hub.transforms.corpus.fields.parquet_rows import Size, rows_of_parquet, size_of
from persona_hub.transforms.corpus.fields.row_bounds import MOST_VALUES, OversizedRow
from tests.material.tables.parquet_bombs import members, repeated, write

FREE = 1_000_000  # in these tests; the bound of a real run is 256 MB


def rows_in(path: Path, **limits: Any) -> list[Any]:
    with path.open("rb") as stream:
        rows = rows_of_parquet(stream, Limits(**limits))
        return [row.reason if isinstance(row, OversizedRow) else row for row in rows]


COLUMNS: dict[str, Any] = {
    "text": ["a", None, "c", "d"],
    "word": pa.array(["x", "y", "x", None]).dictionary_encode(),
    "list": [["a", "b"], [], None, ["c", None]],
    "record": [{"n": 1, "s": "a"}, None, {"n": None, "s": None}, {"n": 2, "s": "b"}],
    "lists": [[[{"s": ["a"]}]], [[]], None, [[None], [{"s": None}]]],
    "map": pa.array([[("k", 1)], [], None, [("k", 2), ("l", None)]], pa.map_(pa.string(), pa.int64())),
    "pair": pa.array([[1, 2], [0, 0], [3, 4], [5, None]], pa.list_(pa.int32(), 2)),
    "bytes": [b"a", b"\xff", None, b""],
    "day": [datetime.date(2024, 2, 29)] * 4,
    "null": [None] * 4,
}


@pytest.mark.parametrize("record_bytes", [400, 1 << 20], ids=["in parts", "at once"])
def test_rows_are_read_as_pyarrow_reads_them(tmp_path: Path, record_bytes: int) -> None:
    path = write(tmp_path / "x.parquet", COLUMNS, row_group_size=3, store_schema=True)
    assert rows_in(path, record_bytes=record_bytes) == pq.read_table(path).to_pylist()


@pytest.mark.parametrize(
    "columns",
    [
        {"text": repeated("x" * 100_000, 20)},
        {"text": pa.array([f"text {i}" for i in range(100)]), "other": repeated("u" * 100_000, 100)},
        {"list": pa.ListArray.from_arrays(pa.array([0, 100], pa.int32()), repeated("u" * 100_000, 100))},
        {"list": members(1_000_000)},
        {"bytes": pa.nulls(1000, pa.binary(10_000))},
    ],
    ids=["a text", "a column that nobody reads", "long members", "members", "nulls of a width"],
)
def test_what_a_file_unfolds_to_is_bounded(tmp_path: Path, columns: dict[str, Any]) -> None:
    path = write(tmp_path / "x.parquet", columns, store_schema=False)
    assert path.stat().st_size < 10_000
    with pytest.raises(BrokenError, match="Leave the file out") as caught:
        rows_in(path, free_bytes=FREE)
    assert caught.value.reason == "decompression-bomb"


def test_rows_of_one_long_text_are_refused_before_one_is_unfolded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_rows, "LONG_DICTIONARY", 10_000)
    path = write(tmp_path / "x.parquet", {"text": repeated("x" * 100_000, 10_000)}, store_schema=False)
    with pytest.raises(BrokenError, match="819,232,768 or more"):  # 8,192 rows and their numbers, at once
        rows_in(path)
    few = write(tmp_path / "y.parquet", {"text": repeated("x" * 100_000, 3)}, store_schema=False)
    assert rows_in(few) == [{"text": "x" * 100_000}] * 3


def test_many_row_groups_share_what_is_free(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", {"text": repeated("x" * 100_000, 40)}, row_group_size=8)
    with path.open("rb") as stream:
        rows = rows_of_parquet(stream, Limits(free_bytes=FREE, ratio=1))
        assert next(rows) == {"text": "x" * 100_000}
        with pytest.raises(BrokenError):
            assert sum(1 for _ in rows) < 16


def test_a_row_of_a_million_values_is_named_and_the_next_is_read(tmp_path: Path) -> None:
    offsets = pa.array([0, MOST_VALUES + 1, MOST_VALUES + 3], pa.int32())
    lists = pa.ListArray.from_arrays(offsets, pa.array(np.zeros(MOST_VALUES + 3, np.int8)))
    path = write(tmp_path / "x.parquet", {"text": ["a", "b"], "list": lists})
    assert rows_in(path) == ["record-too-large", {"text": "b", "list": [0, 0]}]


def test_a_row_of_too_many_bytes_is_named_and_the_next_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", {"text": ["a", "b" * 2000, "c"]})
    assert rows_in(path, record_bytes=1000) == [{"text": "a"}, "record-too-large", {"text": "c"}]


@pytest.mark.parametrize(
    ("column", "reason"),
    [(pa.nulls(1, pa.binary(2000)), "record-too-large"), ("deep", "record-too-deep")],
    ids=["wide", "deep"],
)
def test_a_column_that_no_row_can_hold_is_refused(tmp_path: Path, column: Any, reason: str) -> None:
    if column == "deep":
        column = pa.array([1])
        for _ in range(150):
            column = pa.StructArray.from_arrays([column], ["a"])
    path = write(tmp_path / "x.parquet", {"text": ["a"], "odd": column}, store_schema=False)
    with pytest.raises(BrokenError) as caught:
        rows_in(path, record_bytes=1000)
    assert caught.value.reason == reason


@pytest.mark.parametrize("nested", [False, True], ids=["a column", "within others"])
@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pa.array([b"a", b"caf\xe9", None]).view(pa.string()), [b"a", b"caf\xe9", None]),
        (
            pa.array([0, 2**62, None], pa.timestamp("us")),
            ["1970-01-01 00:00:00.000000", f"<value out of range: {2**62}>", None],
        ),
        (
            pa.array([0, 1, None], pa.timestamp("ns")),
            ["1970-01-01 00:00:00.000000000", "1970-01-01 00:00:00.000000001", None],
        ),
        (pa.array([0, 1, None], pa.timestamp("us", "No/Where")), [0, 1, None]),
    ],
    ids=["no UTF-8", "a year that is none", "nanoseconds", "no time zone"],
)
def test_a_value_that_python_does_not_know_loses_no_row(
    tmp_path: Path, column: pa.Array, values: list[Any], nested: bool
) -> None:
    if nested:
        lists = pa.ListArray.from_arrays(pa.array([0, 1, 3, 3], pa.int32()), column)
        column = pa.StructArray.from_arrays([lists], ["l"])
        values = [{"l": values[:1]}, {"l": values[1:]}, {"l": []}]
    path = write(tmp_path / "x.parquet", {"n": [1, 2, 3], "odd": column}, store_schema=True)
    assert rows_in(path) == [{"n": n, "odd": value} for n, value in enumerate(values, 1)]


def test_the_size_of_a_part_of_a_column_is_that_part() -> None:
    words = pa.array(["aa", "b", "b", "aa"]).dictionary_encode()
    assert size_of(words.slice(1)) == Size(3, 12 + 4)
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 4], pa.int32()), words)
    assert size_of(lists.slice(1)) == Size(1 + 3, 8 + 12 + 4)
    maps = pa.array([[("a", 1), ("b", 2)], [("c", 3)]], pa.map_(pa.string(), pa.int64()))
    assert size_of(maps.slice(1)).values == 1 + 1 + 1 + 1
    assert size_of(pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2)).slice(1)) == Size(1 + 2, 16)
