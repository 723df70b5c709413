"""What `dedup` leaves: shards under names of their own, published as a whole, whatever was there before."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from persona_hub.transforms.dedup_rows import publish_rows as publishing
from persona_hub.transforms.dedup_rows import write_rows
from persona_hub.transforms.dedup_rows.publish_rows import publish_rows
from persona_hub.transforms.dedup_rows.write_rows import KEPT_ROWS, Shard
from persona_hub.transforms.errors import InvalidInputError, NothingKept
from persona_hub.transforms.files.storage import StorageError
from tests.helpers.dedup import NURSE, NURSE_AGAIN, dedup, lines, rows, statistics

SETTING: dict[str, Any] = {"embedding": "off", "fingerprint": "f"}
COUNTS = Counter({"kept after text": 2})


def shard(output: Path, name: str, first: int, content: bytes = b"{}\n") -> Shard:
    output.mkdir(exist_ok=True)
    (output / name).write_bytes(content)
    return Shard(KEPT_ROWS, first, name, len(content))


def names(output: Path) -> list[str]:
    return sorted(path.name for path in output.iterdir())


PUBLISHED = [
    "dead_letters-00000-of-00001.jsonl",
    "dropped-00000-of-00001.jsonl",
    "kept-00000-of-00002.jsonl",
    "kept-00001-of-00002.jsonl",
    "statistics.json",
]


def test_shards_get_their_names_in_the_order_of_their_rows_and_what_a_killed_run_left_goes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = [shard(out, "_part-kept-b", 7, b"7\n"), shard(out, "_part-kept-a", 3, b"3\n")]
    for name in ("_part-kept-killed", "_part-dropped-killed", "kept-00004-of-00009.jsonl", "mine.jsonl", "kept-mine"):
        shard(out, name, 0)
    publish_rows(COUNTS, str(out), SETTING, found)
    assert names(out) == sorted([*PUBLISHED, "mine.jsonl", "kept-mine"])
    assert lines(out, "kept") == [b"3\n", b"7\n"]
    assert statistics(out)["kept"] == 2


@pytest.mark.parametrize("renamed", [0, 1, 2])
def test_publishing_that_was_cut_off_is_done_again(tmp_path: Path, renamed: int) -> None:
    out = tmp_path / "out"
    found = [shard(out, "_part-kept-a", 3, b"3\n"), shard(out, "_part-kept-b", 7, b"7\n")]
    for n, each in enumerate(found[:renamed]):
        (out / each.name).rename(out / f"kept-{n:05d}-of-00002.jsonl")
    publish_rows(COUNTS, str(out), SETTING, found)
    assert names(out) == PUBLISHED
    assert lines(out, "kept") == [b"3\n", b"7\n"]


def test_a_shard_that_is_gone_is_an_error_and_nothing_is_published(tmp_path: Path) -> None:
    out = tmp_path / "out"
    one = shard(out, "_part-kept-a", 3)
    (out / one.name).unlink()
    with pytest.raises(StorageError, match="_part-kept-a is gone"):
        publish_rows(COUNTS, str(out), SETTING, [one])
    assert not (out / "statistics.json").exists()


def test_rows_none_of_which_can_be_read_are_no_result(tmp_path: Path) -> None:
    out = tmp_path / "out"
    letter = b'{"detail": "no text in field \'txet\'. Name the text field with --text_field."}\n'
    letters = shard(out, "_part-dead_letters-a", 0, letter)._replace(kind="dead_letters")
    for _ in range(2):  # as a runner that tries again
        with pytest.raises(NothingKept, match=r"none of 6 rows could be read \(6 field-missing\); no .* --text_field;"):
            publish_rows(Counter({"dead field-missing": 6}), str(out), SETTING, [letters])
    assert names(out) == ["dead_letters-00000-of-00001.jsonl"]
    publish_rows(COUNTS, str(out), SETTING, [shard(out, "_part-kept-b", 3), shard(out, "_part-kept-c", 7)])
    assert names(out) == PUBLISHED, "the right command may use the folder"
    assert not lines(out, "dead_letters")


@pytest.mark.parametrize(
    ("dead", "kept", "max_lost", "published"),
    [(18, 2, 0.05, False), (18, 2, 0.9, True), (18, 3, 0.05, True), (9, 1, 0.05, True), (20, 0, 1.0, False)],
)
def test_a_result_that_lacks_nine_tenths_of_the_rows_is_none_but_by_max_lost(
    tmp_path: Path, dead: int, kept: int, max_lost: float, published: bool
) -> None:
    letter = b'{"detail": "no text in field \'txet\'. Name the text field with --text_field."}\n'
    letters = shard(tmp_path, "_part-dead_letters-a", 0, letter)._replace(kind="dead_letters")
    counts = Counter({"dead field-missing": dead, "kept after text": kept})
    if published:
        publish_rows(counts, str(tmp_path), SETTING, [letters], max_lost)
        assert statistics(tmp_path)["dead_letters"] == {"field-missing": dead}
        return
    with pytest.raises(NothingKept) as failed:
        publish_rows(counts, str(tmp_path), SETTING, [letters], max_lost)
    told = str(failed.value)
    many = f"only {kept}" if kept else "none"
    assert f"nothing was published: {many} of 20 rows could be read ({dead} field-missing); no text" in told
    assert told.endswith("--max_lost 1 publishes what is left") == bool(kept)
    assert names(tmp_path) == ["dead_letters-00000-of-00001.jsonl"]


def test_of_two_runs_at_once_the_first_to_end_publishes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish_rows(COUNTS, str(out), SETTING, [shard(out, "_part-kept-a", 3), shard(out, "_part-kept-b", 7)])
    later = [shard(out, "_part-kept-c", 3)]
    publish_rows(COUNTS, str(out), SETTING, later)
    assert names(out) == PUBLISHED
    with pytest.raises(InvalidInputError, match="another run has put its result there"):
        publish_rows(COUNTS, str(out), SETTING | {"fingerprint": "g"}, [shard(out, "_part-kept-d", 3)])
    assert names(out) == PUBLISHED


def test_a_run_that_ended_before_it_published_is_done_again_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    file, out = tmp_path / "in.jsonl", tmp_path / "out"
    file.write_bytes(b"".join(orjson.dumps({"text": text}) + b"\n" for text in (NURSE, NURSE_AGAIN, "a judge")))

    def full(*_: Any) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "rename_file", full)
        assert dedup(file, out) == 1
    assert "cannot be written (no space left)" in capsys.readouterr().err
    assert not (out / "statistics.json").exists()
    assert dedup(file, out) == 0
    assert [json.loads(line)["text"] for line in lines(out, "kept")] == [NURSE, "a judge"]
    assert names(out) == [name.replace("00002", "00001") for name in PUBLISHED if "00001-of-00002" not in name]


def test_large_results_are_files_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row once, in whichever of them."""
    monkeypatch.setattr(write_rows, "SHARD_BYTES", 1)
    texts = [f"person {i} of street {i * 7} in town {i % 13}" for i in range(40)]
    for n in range(3):
        some = texts[10 * n : 10 * n + 20]
        (tmp_path / f"{n}.jsonl").write_bytes(b"".join(orjson.dumps({"text": text}) + b"\n" for text in some))
    assert dedup(tmp_path / "*.jsonl", tmp_path / "out") == 0
    assert len(list((tmp_path / "out").glob("kept-*-of-00003.jsonl"))) == 3
    assert [row["text"] for row in rows(tmp_path / "out", "kept")] == texts
    assert sorted(row["text"] for row in rows(tmp_path / "out", "dropped")) == texts[10:30]
