"""Rows of Parquet and Avro, strangers' among them, as lines: each has its place, and none takes the memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from persona_hub.transforms.corpus.corpus_records import BrokenError, Limits
from persona_hub.transforms.corpus.fields.row_bounds import MOST_VALUES, OversizedRow
from persona_hub.transforms.dedup import row_files
from persona_hub.transforms.dedup.chunks import UnusableRow, check_rows, line_of_row
from persona_hub.transforms.dedup.row_files import placed_rows, ranges_of, read_source_range
from persona_hub.transforms.dedup.sources import CHUNK_BITS, Source, sources_of
from tests.material.tables.avro_bytes import TREE, file_of, packed, schema_of, string
from tests.material.tables.parquet_bombs import members, repeated, write


def rows_in(path: Path) -> tuple[bytes, list[UnusableRow]]:
    """(lines of a file that can be used, the others)."""
    [where] = ranges_of(sources_of([str(path)]))
    lines, unusable = [], []
    for raw in read_source_range(where, "text"):
        parsed, others = check_rows(raw.offset, raw.number, raw.lines, "text")
        lines.append(parsed.chunk.lines)
        unusable += others
    return b"".join(lines), unusable


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (TREE, packed(1) * 10_000 + packed(0), "record-too-deep"),
        ({"type": "array", "items": "null"}, packed(2**40) + packed(0), "record-too-large"),
    ],
    ids=["10,000 deep", "2^40 nulls"],
)
def test_a_record_of_avro_that_unfolds_to_too_much_is_a_dead_letter(
    tmp_path: Path, kind: Any, value: bytes, reason: str
) -> None:
    plain = packed(0)  # a tree of one node; an array of none
    schema = schema_of(text="string", field=kind)
    path = file_of(tmp_path / "x.avro", schema, string("a") + plain, string("b") + value, string("c") + plain)
    lines, [unusable] = rows_in(path)
    assert [line[:11] for line in lines.splitlines()] == [b'{"text":"a"', b'{"text":"c"']
    assert (unusable.number, unusable.reason) == (2, reason)


def test_a_row_of_parquet_that_unfolds_to_too_much_is_a_dead_letter(tmp_path: Path) -> None:
    lists = pa.concat_arrays([members(MOST_VALUES + 1), pa.array([[]], members(0).type)])
    path = write(tmp_path / "x.parquet", {"text": ["a", "b"], "list": lists})
    lines, [unusable] = rows_in(path)
    assert lines == b'{"text":"b","list":[]}\n'
    assert (unusable.number, unusable.reason) == (1, "record-too-large")


def test_a_file_of_parquet_that_unfolds_to_too_much_ends_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_files, "Limits", partial(Limits, free_bytes=1_000_000))
    path = write(tmp_path / "x.parquet", {"text": ["a"] * 20, "list": repeated("x" * 100_000, 20)})
    with pytest.raises(BrokenError, match=r"after row 0: .* a decompression bomb. Leave the file out."):
        rows_in(path)


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({"text": b"a"}, b'{"text":"a"}\n'),
        ({"text": "a", "other": b"\xff"}, '{"text":"a","other":"\ufffd"}\n'.encode()),
        ({"text": bytes(range(128, 160))}, b'"a text that is no UTF-8"\n'),
        ({"text": "x" * (32 << 20)}, b'"a line that is too long"\n'),
        (OversizedRow("record-too-deep"), b'"a row that is nested too deep"\n'),
        ({"text": [[]]}, b'{"text":[[]]}\n'),
    ],
    ids=["bytes", "other bytes", "no UTF-8", "long", "deep", "no text"],
)
def test_a_row_is_a_line_of_json_or_one_that_says_what_it_is(row: Any, line: bytes) -> None:
    assert line_of_row(row, "text") == line


def test_a_row_too_deep_for_json_is_one() -> None:
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    assert line_of_row({"text": "a", "deep": deep}, "text") == b'"a row that is nested too deep"\n'


def placed(rows: Iterator[Any], room: int) -> list[tuple[int, int]]:
    lines = placed_rows(Source("x.avro", 1, "avro", 0, room), rows, "text")
    return [(position, number) for position, number, _ in lines]


def test_few_long_rows_fill_a_chunk() -> None:
    rows = ({"text": "x" * (1 << 20)} for _ in range(100))
    positions = [position for position, _ in placed(rows, 1 << 30)]
    of_chunk = [sum(position >> CHUNK_BITS == n for position in positions) for n in range(4)]
    assert max(of_chunk) <= 32
    short = placed(({"text": "x"} for _ in range(3)), 1 << 30)
    assert short == [(0, 1), (256, 2), (512, 3)]


def test_more_rows_than_there_is_room_for_are_told() -> None:
    with pytest.raises(BrokenError, match="after row 4: it unpacks to more than a file may"):
        placed(({"text": "x"} for _ in range(9)), 4 << 8)
