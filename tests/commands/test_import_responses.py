"""What a batch API gives back, in whatever files it comes: stored once, counted, nothing raises."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.commands.import_responses import spend_of, stage_of
from persona_hub.pipelines.main import main
from persona_hub.transforms.llm.prices import Price
from persona_hub.transforms.llm.protocol import Completion, unpack_completion
from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.store.registry import open_store


def line(number: int, text: str = "yes", task: str = "math") -> bytes:
    body = {"choices": [{"message": {"content": text}}], "usage": {"prompt_tokens": 10, "completion_tokens": 2}}
    return orjson.dumps({"custom_id": f"{task}.{key(number).hex()}", "response": {"status_code": 200, "body": body}})


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


@pytest.fixture
def bring(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Imports what a pattern names; what the command says."""

    def run(pattern: str) -> str:
        flags = ["--output", str(tmp_path / "out"), "--batch_model", "openai:gpt-5-mini"]
        assert main(["import-responses", "--input", str(tmp_path / pattern), *flags]) == DONE
        return capsys.readouterr().out

    return run


def stored(tmp_path: Path, n: int) -> dict[int, str]:
    store = open_store(f"sqlite:{tmp_path}/out/responses.sqlite")
    found = store.get_many([key(i) for i in range(n)])
    return {int.from_bytes(name, "big"): unpack_completion(value).text for name, value in found.items()}


@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".gz", gzip.compress), (".bz2", bz2.compress)])
def test_answers_come_packed_or_not(suffix: str, pack: Any, bring: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / f"a.jsonl{suffix}").write_bytes(pack(b"\n".join(line(i, f"answer {i}") for i in range(3))))
    assert "3 answers stored, 0 there already" in bring("a.*")
    assert stored(tmp_path, 9) == {i: f"answer {i}" for i in range(3)}


def test_the_first_answer_stands_however_often_it_comes(bring: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(1, "first") + b"\n" + line(1, "second") + b"\n" + line(2))
    assert "2 answers stored, 1 there already" in bring("a.jsonl"), "a second answer is counted, too"
    (tmp_path / "b.jsonl").write_bytes(line(1, "third") + b"\n" + line(3))
    assert "1 answer stored, 1 there already" in bring("b.jsonl")
    assert stored(tmp_path, 9) == {1: "first", 2: "yes", 3: "yes"}


def test_more_answers_than_go_into_one_transaction(bring: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(line(i) for i in range(1201)))
    assert "1,201 answers stored" in bring("a.jsonl")
    assert len(stored(tmp_path, 1300)) == 1201
    [(stage, spend)] = open_store(f"sqlite:{tmp_path}/out/responses.sqlite").spend().items()
    assert (stage, spend.calls, spend.input_tokens, spend.output_tokens) == ("synthesize_math", 1201, 12_010, 2402)


@pytest.mark.parametrize("damage", ["other bytes", "a folder"])
def test_a_file_that_cannot_be_read_is_named_and_the_others_count(
    damage: str, bring: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(1))
    if damage == "a folder":
        (tmp_path / "b.jsonl").mkdir()
    else:
        (tmp_path / "b.jsonl.gz").write_bytes(b"no archive at all")
    (tmp_path / "c.jsonl").write_bytes(line(2))
    said = bring("*.jsonl*")
    assert "2 answers stored" in said
    if damage == "other bytes":
        assert f"fetch it again: {tmp_path}/b.jsonl.gz" in said


@pytest.mark.parametrize(
    ("task", "stage"),
    [
        ("extract_persona", "extract_persona"),
        ("expand_persona", "expand_persona"),
        ("math", "synthesize_math"),
        ("my_own", "synthesize_my_own"),
    ],
)
def test_a_task_s_cost_is_its_stage_s(task: str, stage: str) -> None:
    assert stage_of(task) == stage


def test_a_batch_costs_its_part_of_the_price() -> None:
    answer = Completion("", 1_000_000, 100_000)
    assert spend_of(answer, Price(2.0, 10.0, 0.5)) == Spend(1, 1_000_000, 100_000, 1_500_000_000)
    assert spend_of(answer, Price(2.0, 10.0, 1.0)).cost == 3_000_000_000
