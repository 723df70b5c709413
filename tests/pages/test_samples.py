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
    (tmp_path / "a.jsonl").write_bytes(line)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line))
    pq.write_table(pa.Table.from_pylist([RELEASED]), tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.jsonl.gz", "a.parquet"):
        assert list(items_of(str(tmp_path / name), "arm")) == [READ]
    (tmp_path / "b.jsonl").write_bytes(orjson.dumps(OURS))
    assert list(items_of(str(tmp_path / "b.jsonl"), "arm")) == [Item("T", "A nurse", "math", "ab", 2, "m", "arm")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b"\n{", "a.jsonl: line 2: not JSON"),
        ("a.jsonl", b"[]", "line 1: must be an object"),
        ("a.jsonl", b'{"persona": "x"}', "line 1: has no text of a sample; name it one of synthesized text, text"),
        ("a.parquet", b"x", "a.parquet: cannot be read as Parquet"),
    ],
)
def test_what_holds_no_samples(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=said):
        list(items_of(str(tmp_path / name), "arm"))
