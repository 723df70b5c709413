"""Files of a data set: whole or not at all, in parts of a size."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from persona_hub.transforms.hub.manifest import HubError
from persona_hub.transforms.training import files
from persona_hub.transforms.training.files import DataFile, refuse_leftovers, write_rows
from persona_hub.transforms.training.forms import Layout

LAYOUT = Layout("alpaca")


def row(n: int) -> dict[str, Any]:
    return {"instruction": f"{n}?", "input": "", "output": f"{n}.", "lineage": None}


def write(folder: Path, rows: list[tuple[int, dict[str, Any]]], counts: list[int]) -> list[DataFile]:
    return write_rows(str(folder), "math", LAYOUT, ["jsonl", "parquet"], iter(rows), counts, 4)


def test_rows_go_to_their_split_and_those_of_neither_nowhere(tmp_path: Path) -> None:
    rows = [(n % 3, row(n)) for n in range(30)]
    written = write(tmp_path, rows, [10, 10])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(file.name for file in written)
    for side, split in enumerate(("train", "test")):
        wanted = [row(n) for n in range(30) if n % 3 == side]
        lines = (tmp_path / f"math-{split}.jsonl").read_bytes().splitlines()
        assert [orjson.loads(line) for line in lines] == wanted
        parts = [tmp_path / f"math-{split}-{i:05}-of-00003.parquet" for i in range(3)]
        assert [pq.read_table(part).num_rows for part in parts] == [4, 4, 2]
        assert [one for part in parts for one in pq.read_table(part).to_pylist()] == wanted
    for file in written:
        data = (tmp_path / file.name).read_bytes()
        assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_split_without_rows_has_no_file(tmp_path: Path) -> None:
    written = write(tmp_path, [(0, row(n)) for n in range(4)], [4, 0])
    assert [file.name for file in written] == ["math-train.jsonl", "math-train-00000-of-00001.parquet"]
    assert write(tmp_path / "none", [], [0, 0]) == []
    assert not (tmp_path / "none").exists()


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    def rows() -> Any:
        yield 0, row(0)
        raise RuntimeError("away")

    with pytest.raises(RuntimeError, match="away"):
        write_rows(str(tmp_path), "math", LAYOUT, ["jsonl", "parquet"], rows(), [9, 0], 4)
    with pytest.raises(TypeError):
        write(tmp_path, [(0, row(0) | {"output": object()})], [1, 0])
    assert not list(tmp_path.iterdir())


def test_no_more_than_a_group_of_rows_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ROW_GROUP", 10)
    monkeypatch.setattr(files, "LINES_AT_ONCE", 10)
    alive = most = 0

    class Counted(dict[str, Any]):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def rows() -> Any:
        nonlocal alive, most
        for n in range(200):
            alive += 1
            most = max(most, alive)
            yield 0, Counted(row(n))

    write_rows(str(tmp_path), "math", LAYOUT, ["jsonl", "parquet"], rows(), [200, 0], 1000)
    assert most <= 12


@pytest.mark.parametrize("name", ["tool-train.jsonl", "math-test.jsonl", "math-train-00000-of-00002.parquet"])
def test_files_of_another_data_set_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    for other in ("math-train.jsonl", "notes.txt", "personas-00000-of-00001.parquet", "my-train.csv"):
        (tmp_path / other).touch()
    with pytest.raises(HubError, match=rf"{name}: left by another export; delete it, or export elsewhere"):
        refuse_leftovers(str(tmp_path), ["math-train.jsonl"])
    refuse_leftovers(str(tmp_path), ["math-train.jsonl", name])
    refuse_leftovers(str(tmp_path / "none"), [])
