"""Samples of a folder or of anyone's file."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.pages.review.items import Item
from persona_hub.pipelines.pages.samples import items_of
from persona_hub.transforms.records import persona_id

RELEASED = {"input persona": "A nurse", "synthesized text": "What is 2 + 2?", "description": "math problem"}
READ = Item("What is 2 + 2?", "A nurse", "", persona_id("A nurse"), 0, "", "arm")
OURS = {"persona_id": "ab", "persona": "A nurse", "text": "T", "use_case": "math", "number": 2, "model": "m"}


def test_the_same_rows_in_every_form(tmp_path: Path) -> None:
    line = orjson.dumps(RELEASED) + b"\n\n"
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + line)  # a mark of byte order, as Windows writes it
    for separator, name in (",", "a.csv"), (";", "a2.csv"), ("\t", "a.tsv"):
        rows = "\n".join(separator.join(f'"{one}"' for one in fields) for fields in (RELEASED, RELEASED.values()))
        (tmp_path / name).write_text(rows, "utf-8-sig")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line))
    pq.write_table(pa.Table.from_pylist([RELEASED]), tmp_path / "a.parquet")
    files = ("a.jsonl", "a.jsonl.gz", "a.parquet", "a.csv", "a2.csv", "a.tsv", "a.csv.gz")
    for name in files:
        assert list(items_of(str(tmp_path / name), "arm")) == [READ]
    (tmp_path / "b.jsonl").write_bytes(orjson.dumps(OURS))
    assert list(items_of(str(tmp_path / "b.jsonl"), "arm")) == [Item("T", "A nurse", "math", "ab", 2, "m", "arm")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b"\n{", "a.jsonl: line 2: .*no JSON"),
        ("a.jsonl", "{}".encode("utf-16"), "the file is UTF-16. Convert it, as with iconv"),
        ("a.jsonl", b"3", "line 1: a JSON object is wanted"),
        ("a.jsonl", b'{"persona": "x"}', "line 1: no field 'synthesized text' or .* Name the field of the text one of"),
        ("a.jsonl", b'{"text": NaN, "persona": "x"}', "line 1: field 'text' holds no text but a number"),
        ("a.jsonl", b'{"text": ["x"]}', "line 1: field 'text' holds no text but list"),
        ("a.jsonl", b'{"text": " "}', "line 1: has no text of a sample. Name the field of the text one of"),
        ("a.tsv", b"A problem?\t18\n", "no column .* but A problem.* If the first line is a row, write the columns'"),
        ("a.jsonl.gz", gzip.compress(b'{"x": 1}\n' * 9)[:-9], "a.jsonl.gz: "),
        ("a.parquet", b"PAR1", "a.parquet: the start: no Parquet file"),
        ("a.csv", b"<html><body>x</body></html>", "no file of samples, which is .jsonl, .csv or .tsv"),
    ],
)
def test_what_holds_no_samples(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=said):
        list(items_of(str(tmp_path / name), "arm"))
