"""Rows of files as they are found out there go through the whole command."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.helpers.dedup import NURSE, NURSE_AGAIN, dedup, rows, statistics


def test_numbers_that_are_none_are_no_reason_to_fail(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    row = {"id": "a", "persona": NURSE, "score": float("nan")}
    given: list[Any] = [row, {"persona": NURSE_AGAIN, "score": float("inf")}]
    file.write_text("".join(json.dumps(row) + "\n" for row in given))
    assert dedup(file, tmp_path / "out") == 0
    [gone] = rows(tmp_path / "out", "dropped")
    assert (gone["text"], gone["duplicate_of"]) == (NURSE_AGAIN, "a")
    assert statistics(tmp_path / "out")["dead_letters"] == {}


def test_a_row_nested_a_thousand_levels_deep_is_one_like_others(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    deep = f'{{"text": "{NURSE}", "tree": {"[" * 2000}{"]" * 2000}}}'
    file.write_text(f"{deep}\n{deep}\n")
    assert dedup(file, tmp_path / "out", "--text_field", "text") == 0
    [gone] = rows(tmp_path / "out", "dropped")
    assert (gone["text"], gone["duplicate_of"], gone["similarity"]) == (NURSE, f"{file}:1", 1.0)


@pytest.mark.parametrize("first", [b"null", b"\n\nnull", b"null\nnull", b"[null]"])
def test_a_file_may_begin_with_anything(first: bytes, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(first + b'\n{"text": "a judge"}\n')
    assert dedup(file, tmp_path / "out") == 0
    made = statistics(tmp_path / "out")
    assert made["kept"] == 1
    assert made["dead_letters"] == {"not-an-object": first.count(b"null")}


def test_a_zstd_window_over_the_bound_is_read_with_the_flag_that_its_dead_letter_names(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl.zst"
    parameters = zstandard.ZstdCompressionParameters(window_log=28, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    file.write_bytes(compressor.compress(b'{"text": "a judge"}\n') + compressor.flush())
    assert dedup(file, tmp_path / "out", "--zstd_window_mb", "256") == 0
    assert rows(tmp_path / "out", "kept") == [{"text": "a judge"}]


def test_a_name_that_is_not_utf_8_is_read_and_printed_with_its_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    file = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jsonl"))
    file.write_bytes(b'{"text": "a judge"}\n{"text": "a judge"}\nno row\n')
    assert dedup(folder, tmp_path / "out") == 0
    named = rf"{folder}/caf\xe9.jsonl"
    assert [row["duplicate_of"] for row in rows(tmp_path / "out", "dropped")] == [f"{named}:1"]
    assert [row["key"] for row in rows(tmp_path / "out", "dead_letters")] == [f"{named}:3"]
    assert dedup(folder, tmp_path / "out") == 0, "nothing is to be done"


def test_a_cut_off_archive_gives_what_stands_before_the_cut(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl.gz"
    lines = b"".join(b'{"text": "person %d of street %d"}\n' % (i, i * i) for i in range(5000))
    file.write_bytes(gzip.compress(lines)[:-4000])
    assert dedup(file, tmp_path / "out") == 0
    made = statistics(tmp_path / "out")
    assert 1000 < made["kept"] < 5000
    assert sum(made["dead_letters"].values()) >= 1
    assert str(file) in rows(tmp_path / "out", "dead_letters")[-1]["key"]
