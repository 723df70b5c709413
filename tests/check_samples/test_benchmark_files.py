"""Files of benchmarks are read whole, and an error names the file, the place and the remedy."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_hub.transforms.check_samples import benchmark_files
from persona_hub.transforms.check_samples.benchmark_files import benchmarks_of, file_and_field, read_rows
from persona_hub.transforms.corpus.corpus_records import CorpusError

ROWS = ["How many eggs?", "Wie viele Eier, bitte?", "鸡蛋有几个？"]


def write_lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def texts_of(*against: str | Path, field: str = "") -> list[tuple[str, str]]:
    """(place, text) of every row."""
    found = benchmarks_of([str(one) for one in against], field)
    return [(row.place, row.text) for one in found for row in read_rows(one)]


def failure(*against: str | Path, field: str = "") -> str:
    with pytest.raises(CorpusError) as caught:
        benchmarks_of([str(one) for one in against], field)
    return str(caught.value)


@pytest.mark.parametrize("field", ["question", "problem", "prompt", "instruction", "text", "input"])
def test_json_lines_have_the_text_in_a_field_that_is_known(tmp_path: Path, field: str) -> None:
    file = write_lines(tmp_path / "b.jsonl", *({"answer": "7", field: row} for row in ROWS))
    assert texts_of(file) == [(f"line {n}", row) for n, row in enumerate(ROWS, 1)]


def test_the_first_field_that_is_filled_is_taken(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "b.jsonl", {"question": "", "input": "a"}, {"input": "b", "question": "c"})
    assert [text for _, text in texts_of(file)] == ["a", "c"]
    assert [text for _, text in texts_of(f"{file}:input")] == ["a", "b"]
    assert [text for _, text in texts_of(file, field="input")] == ["a", "b"]


@pytest.mark.parametrize("format", ["csv", "tsv", "parquet", "txt", "jsonl.gz"])
def test_formats(tmp_path: Path, format: str) -> None:
    file = tmp_path / f"b.{format}"
    if format == "parquet":
        pq.write_table(pa.table({"id": [1, 2, 3], "question": ROWS}), file)
    elif format == "txt":
        file.write_text("\ufeff" + "\n\n".join(ROWS), "utf-8")
    elif format == "jsonl.gz":
        file.write_bytes(gzip.compress(b"".join(json.dumps({"question": row}).encode() + b"\n" for row in ROWS)))
    else:
        rows = [["id", "question"], *([str(n), f'"{row}"'] for n, row in enumerate(ROWS))]
        file.write_text("\n".join({"csv": ",", "tsv": "\t"}[format].join(row) for row in rows), "utf-8")
    assert [text for _, text in texts_of(file)] == ROWS


def test_several_files_each_with_its_field(tmp_path: Path) -> None:
    one = write_lines(tmp_path / "one.jsonl", {"question": "a", "text": "b"})
    two = write_lines(tmp_path / "two.jsonl", {"ctx": "c"}, {"ctx": "d"})
    assert [text for _, text in texts_of(f"{one},{two}:ctx")] == ["a", "c", "d"]
    assert [text for _, text in texts_of(one, f"{one}:text", one)] == ["a", "b"]
    assert [text for _, text in texts_of(f"{tmp_path}/o*.jsonl:text")] == ["b"]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.jsonl", ("a.jsonl", "")),
        ("a.jsonl:problem", ("a.jsonl", "problem")),
        ("s3://bucket/a.jsonl", ("s3://bucket/a.jsonl", "")),
        ("s3://bucket/a.jsonl:a b", ("s3://bucket/a.jsonl", "a b")),
        ("hdfs://host:9000/a.jsonl", ("hdfs://host:9000/a.jsonl", "")),
        ("a.jsonl:", ("a.jsonl:", "")),
    ],
)
def test_a_field_stands_after_the_file(name: str, parts: tuple[str, str]) -> None:
    assert file_and_field(name) == parts


def test_a_colon_in_the_name_of_a_file_is_none_of_a_field(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "v1:question", {"problem": "a"})
    assert [text for _, text in texts_of(file)] == ["a"]


def test_rows_without_a_text_are_no_questions(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "b.jsonl", {"question": None}, {"question": " "}, {"question": "a"})
    assert texts_of(file) == [("line 3", "a")]


def test_errors_name_file_place_and_remedy(tmp_path: Path) -> None:
    name = write_lines(tmp_path / "b.jsonl", {"question": "a"}, {"q\x1b[2J": "b"})
    assert failure(name) == (
        f"--against_benchmark {name}, line 2: no field question or problem or prompt or instruction or text or input, "
        "but q [2J. Name the field of the question: --against_benchmark FILE:FIELD."
    )
    assert "line 1: no field ctx, but question." in failure(f"{name}:ctx")
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"question": "a"}\n{"question": \n')
    assert failure(broken).startswith(f"--against_benchmark {broken}, line 2: ")
    numbers = write_lines(tmp_path / "n.jsonl", {"question": 7})
    assert "line 1: field 'question' holds no text. Name the field" in failure(numbers)
    assert "matches no file" in failure(tmp_path / "none.jsonl")
    assert failure("") == "--against_benchmark names no file."
    empty = write_lines(tmp_path / "empty.jsonl", {"question": ""})
    assert failure(empty).startswith(f"--against_benchmark {empty}: no row has a text in question or")


def test_errors_of_tables(tmp_path: Path) -> None:
    table = tmp_path / "b.csv"
    table.write_text("id,what\n1,a\n")
    assert "no column question or problem" in failure(table)
    assert "--against_benchmark FILE:FIELD" in failure(table)
    parquet = tmp_path / "b.parquet"
    pq.write_table(pa.table({"question": [1, 2], "other": ["a", "b"]}), parquet)
    assert "no column of texts question or problem" in failure(parquet)
    assert [text for _, text in texts_of(f"{parquet}:other")] == ["a", "b"]
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><html><body>a</body></html>")
    assert "this is a file of the format html, which is not read." in failure(page)


def test_a_table_without_names_has_columns_by_number(tmp_path: Path) -> None:
    table = tmp_path / "b.tsv"
    table.write_text('How many eggs?\t18\n"Wie viele ""Eier""?"\t3\n', "utf-8")
    assert texts_of(f"{table}:1") == [("line 1", "How many eggs?"), ("line 2", 'Wie viele "Eier"?')]
    assert "in a table without names FILE:1 for the first column" in failure(table)
    for number in (0, 3):
        assert f"no column {number}, but 2." in failure(f"{table}:{number}")


def test_there_is_a_bound_on_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_files, "MOST_ROWS", 3)
    one = write_lines(tmp_path / "one.jsonl", {"text": "a"}, {"text": "b"})
    two = write_lines(tmp_path / "two.jsonl", {"text": "c"}, {"text": "d"})
    assert failure(one, two) == (
        f"--against_benchmark names more than 3 rows, at {two}, line 2: they are held in memory. "
        "Compare with fewer files in a run."
    )


def test_a_benchmark_that_changes_after_it_was_named_is_an_error(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "b.jsonl", {"text": "ab"}, {"text": "c"})
    [benchmark] = benchmarks_of([str(file)])
    assert benchmark.rows == len(list(read_rows(benchmark))) == 2
    write_lines(file, {"text": "a"}, {"text": "bc"})
    with pytest.raises(CorpusError, match=r"b\.jsonl has changed since this job began\. Start the job again\."):
        list(read_rows(benchmark))
