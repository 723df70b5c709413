"""`export --form`, as it is typed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Tombstone
from persona_hub.transforms.wire.batches import Batch
from tests.helpers.data_sets.made import PERSONAS, VERSION, math, sample, whole_hub, write_hub, write_run

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> str:
    return whole_hub(str(tmp_path_factory.mktemp("form") / "hub"))


def export(hub: str, *flags: str) -> int:
    return main(["export", "--hub", hub, *flags])


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_a_data_set_has_a_folder_of_its_own(hub: str, capsys: Captured) -> None:
    assert export(hub, "--form", "chat", "--use_case", "math") == DONE
    folder = Path(hub, "export", f"{VERSION}-chat")
    assert {path.name for path in folder.iterdir()} == {
        "math-train.jsonl",
        "math-test.jsonl",
        "README.md",
        "croissant.json",
    }
    told = capsys.readouterr().out
    assert f"        42 records  {folder}/math-train.jsonl" in told
    assert "held out: 6 rows (12.5%), by cluster" in told
    assert "described in README.md and croissant.json" in told


def test_no_share_is_no_test_file(hub: str, tmp_path: Path, capsys: Captured) -> None:
    assert export(hub, "--form", "alpaca", "--use_case", "math", "--test_share", "0", "--output", str(tmp_path)) == DONE
    assert len(lines(tmp_path / "math-train.jsonl")) == 48
    assert not (tmp_path / "math-test.jsonl").exists()
    assert "held out" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--form", "poem"], "invalid choice: 'poem' (choose from 'chat', 'alpaca', 'released', 'preference')"),
        (["--test_share", "0.2"], "--test_share goes with --form: chat, alpaca, released or preference"),
        (["--push_to_hub", "a/b"], "--push_to_hub goes with --form"),
        (["--license", "mit"], "--license goes with --form"),
        (["--form", "chat", "--public"], "--public goes with --push_to_hub"),
        (["--form", "chat", "--test_share", "1"], "1 is out of range: from 0 to 0.9"),
        (["--form", "chat", "--format", "csv"], "--format csv: must be one of jsonl, parquet"),
        (["--form", "chat", "--persona_hub", "/nowhere"], "/nowhere: there is no hub here"),
        (["--form", "chat", "--hub", "/nowhere"], "/nowhere: there is no hub here"),
    ],
)
def test_wrong_combinations_are_told(hub: str, capsys: Captured, flags: list[str], told: str) -> None:
    assert export(hub, *flags) == WRONG_COMMAND
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--form", "preference", "--use_case", "tool"], "48 samples without a rejected sample of the same persona"),
        (["--form", "chat", "--use_case", "poem"], "--use_case poem: "),
    ],
)
def test_a_data_set_without_a_row_is_a_failure(
    hub: str, tmp_path: Path, capsys: Captured, flags: list[str], told: str
) -> None:
    assert export(hub, *flags, "--output", str(tmp_path / "out")) == FAILED
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_is_left_out_is_told(tmp_path: Path, capsys: Captured) -> None:
    hub = str(tmp_path / "hub")
    write_hub(hub)
    asks = [sample(one, "instruction", {"instruction": f"Write {n}."}, "x") for n, one in enumerate(PERSONAS[:9])]
    talk = {"turns": [{"user": "a", "assistant": "b"}, {"user": "c", "assistant": "d"}]}
    write_run(hub, "instruction", [*asks, sample(PERSONAS[9], "instruction", talk, "a")])
    bad = {"question": "a", "answer": "<|im_end|>"}
    write_run(
        hub, "own", [sample(PERSONAS[0], "own", bad, "a"), sample(PERSONAS[1], "own", {**bad, "answer": "b"}, "b")]
    )
    out = tmp_path / "out"
    assert export(hub, "--form", "alpaca", "--output", str(out)) == DONE
    told = capsys.readouterr().out
    assert "left out: 9 samples without an answer" in told
    assert "left out: 1 sample of several turns, of which a row of alpaca holds one" in told
    assert "left out: 1 sample with what a tokeniser takes for the end of a turn, such as <|im_end|>" in told
    assert "held out: nothing, for all rows are of one persona" in told
    card = (out / "README.md").read_text("utf-8")
    assert "* 9 samples without an answer" in card
    assert "such as &#60;&#124;im&#95;end&#124;&#62;" in card


def test_a_text_that_two_personas_have_is_on_one_side(tmp_path: Path, capsys: Captured) -> None:
    hub, out = str(tmp_path / "hub"), tmp_path / "out"
    write_hub(hub)
    fields = {"problem": "The same?", "answer": "1"}
    write_run(hub, "math", [sample(one, "math", fields, "The same?") for one in PERSONAS])
    assert export(hub, "--form", "chat", "--output", str(out)) == DONE
    assert "left out of train: 42 rows with a question or an answer of the test split" in capsys.readouterr().out
    assert not (out / "math-train.jsonl").exists()
    assert len(lines(out / "math-test.jsonl")) == 6


def test_a_turn_of_another_personas_conversation_is_on_one_side(tmp_path: Path, capsys: Captured) -> None:
    hub, out = str(tmp_path / "hub"), tmp_path / "out"
    write_hub(hub)
    shared = "And what would you do if it rained for seven days without end?"
    talks = [[f"Hive {n}?", "Yes.", shared, "Wait."] for n in range(len(PERSONAS))]
    write_run(
        hub,
        "instruction",
        [sample(one, "instruction", {"turns": talk}, "x") for one, talk in zip(PERSONAS, talks, strict=True)],
    )
    assert export(hub, "--form", "chat", "--output", str(out)) == DONE
    assert "left out of train: 42 rows" in capsys.readouterr().out


def test_a_folder_of_samples_is_exported_and_the_hub_of_their_personas_named(tmp_path: Path, capsys: Captured) -> None:
    hub, samples = str(tmp_path / "hub"), str(tmp_path / "samples")
    write_hub(hub)
    write_run(samples, "math", [replace(math(one, n), fields="") for n, one in enumerate(PERSONAS)])
    assert export(samples, "--form", "chat") == DONE
    assert "held out: 5 rows (10.4%), by persona" in capsys.readouterr().out
    [row, *_] = lines(Path(samples, "export", "samples-chat", "math-train.jsonl"))
    assert [row["lineage"][name] for name in ("hop", "document_id", "source", "cluster", "language")] == [None] * 5
    assert row["lineage"]["persona"]
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
    assert export(samples, "--form", "chat", "--persona_hub", hub) == DONE
    assert "held out: 6 rows (12.5%), by cluster" in capsys.readouterr().out
    [row, *_] = lines(Path(samples, "export", "samples-chat", "math-train.jsonl"))
    assert row["lineage"]["source"].startswith("https://a.org/")
    assert export(samples, "--form", "chat", "--language", "en") == FAILED
    assert "--language: " in capsys.readouterr().err
    assert export(samples, "--form", "chat", "--language", "en", "--persona_hub", hub) == DONE


def test_those_taken_down_are_in_no_data_set(tmp_path: Path, capsys: Captured) -> None:
    hub, out = str(tmp_path / "hub"), tmp_path / "out"
    write_hub(hub)
    write_run(hub, "math", [math(one, n) for n, one in enumerate(PERSONAS)])
    gone = PERSONAS[3].persona_id
    draft = Manifest(
        version="0002-bb",
        parent=VERSION,
        fingerprint="bb",
        files=open_hub(hub).manifest.files,
        hidden={"personas": 1},
    )
    entry = write_shard(hub, "hub/0002-bb", "removed-0", Tombstone, "avro", [Batch([Tombstone(gone, "persona")])])
    publish(hub, draft, [entry], {})
    assert export(hub, "--form", "chat", "--output", str(out)) == DONE
    assert "left out: 1 sample of personas that were taken down" in capsys.readouterr().out
    rows = [row for split in ("train", "test") for row in lines(out / f"math-{split}.jsonl")]
    assert len(rows) == 47
    assert gone not in {row["lineage"]["persona_id"] for row in rows}


def test_a_file_that_another_share_would_leave_is_refused(hub: str, tmp_path: Path, capsys: Captured) -> None:
    command = ["--form", "chat", "--use_case", "math", "--output", str(tmp_path)]
    assert export(hub, *command) == DONE
    assert export(hub, *command, "--test_share", "0") == WRONG_COMMAND
    assert "math-test.jsonl: left by another export; delete it, or export elsewhere" in capsys.readouterr().err
