"""Of duplicates the first row stays, in the order of the files as they are named and of the places in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.helpers.dedup import dedup, rows

SUBJECTS = [
    "a nurse in Graz",
    "a tram driver in Lisbon",
    "a soil chemist in Osaka",
    "a judge in Lagos",
    "a poet in Oslo",
]
MEANING = ("--minhash_threshold", "1.0", "--embedding_threshold", "0.8")
WORDS = ("--minhash_threshold", "0.8")
EITHER = pytest.mark.parametrize("flags", [WORDS, MEANING], ids=["words", "meaning"])


def near(n: int, variant: int) -> str:
    """Variants of one text are near one another by words and by meaning, and texts with another number are not."""
    words = (
        f"{SUBJECTS[n % 5]} who keeps {n} bees and {n * n} sheep and repairs old clocks number {n}{n}{n} of {n + 100}"
    )
    return f"{words}{['', ' too', ' also', ' indeed'][variant]}"


def write(file: Path, pairs: list[tuple[int, int]]) -> Path:
    file.write_bytes(b"".join(orjson.dumps({"id": f"{n}-{v}", "text": near(n, v)}) + b"\n" for n, v in pairs))
    return file


def fates(output: Path) -> tuple[list[str], dict[str, str]]:
    """(ids kept, {id dropped: id of the row that stands for it})."""
    kept: list[Any] = rows(output, "kept")
    return [row["id"] for row in kept], {row["id"]: row["duplicate_of"] for row in rows(output, "dropped")}


@EITHER
def test_the_first_row_stays_and_files_that_have_nothing_to_do_with_it_change_nothing(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "b.jsonl", [(n, v) for v in (2, 0) for n in range(5)])
    write(folder / "c.jsonl", [(n, v) for v in (3, 1) for n in range(5)])
    assert dedup(folder, tmp_path / "alone", *flags) == 0
    kept, dropped = fates(tmp_path / "alone")
    assert kept == [f"{n}-2" for n in range(5)]
    assert dropped == {f"{n}-{v}": f"{n}-2" for n in range(5) for v in (0, 1, 3)}
    for name in ("a", "bb"):
        logs = [{"id": f"other {name} {n}", "text": f"{name} {n * 7919} {name * 9} {n * n}"} for n in range(20)]
        (folder / f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(log) + b"\n" for log in logs))
    assert dedup(folder, tmp_path / "with others", *flags) == 0
    kept_with, dropped_with = fates(tmp_path / "with others")
    assert [each for each in kept_with if not each.startswith("other")] == kept
    assert {each: of for each, of in dropped_with.items() if not each.startswith("other")} == dropped


@EITHER
def test_files_that_are_named_one_by_one_are_read_in_that_order(tmp_path: Path, flags: tuple[str, ...]) -> None:
    clean, noisy = write(tmp_path / "z.jsonl", [(1, 0), (2, 0)]), write(tmp_path / "a.jsonl", [(1, 1), (3, 0)])
    assert dedup(f"{clean},{noisy}", tmp_path / "out", *flags) == 0
    assert fates(tmp_path / "out") == (["1-0", "2-0", "3-0"], {"1-1": "1-0"})
    assert dedup(f"{tmp_path / 'a*.jsonl'},{tmp_path / '*.jsonl'}", tmp_path / "globs", *flags) == 0
    assert fates(tmp_path / "globs") == (["1-1", "3-0", "2-0"], {"1-0": "1-1"})
