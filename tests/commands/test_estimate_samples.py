"""estimate --hub: what it says of a run of `synthesize` before it is paid, against what the run then uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.transforms.store.protocol import Spend
from tests.helpers.paid import SUBJECTS, paying, spend
from tests.servers.models.launch import FakeServer

PERSONAS = 150
JUDGE = """llm: openai:judge
llm_base_url: {url}
models:
  - {{model: 'openai:judge', input: 3000, output: 5000}}
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub of so many personas."""
    folder = tmp_path_factory.mktemp("personas")
    rows = (
        {"persona": f"A {SUBJECTS[i % 10]} keeper of house {i} who writes about {SUBJECTS[i // 10 % 10]} in winter"}
        for i in range(PERSONAS)
    )
    (folder / "p.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    whole = ["--minhash_threshold", "1.0", "--embedding_threshold", "1.0", "--attributes", "off"]
    assert main(["build", "--personas", f"{folder}/p.jsonl", "--output", f"{folder}/hub", *whole]) == DONE
    return folder / "hub"


def estimated(output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((output / "estimate.json").read_text())
    return found


def compare(guess: dict[str, Any], used: dict[str, Spend], within: float) -> None:
    """Every stage within its interval, all together near what was used, and money at each model's own price."""
    stages = {stage["stage"]: stage for stage in guess["stages"]}
    assert stages.keys() == used.keys()
    for stage, spent in used.items():
        low, high = stages[stage]["calls_95"]
        assert low <= spent.calls <= high, stage
        low, high = stages[stage]["cost_usd_95"]
        assert low <= spent.cost / 1e9 <= high, stage
    calls, cost = sum(one.calls for one in used.values()), sum(one.cost for one in used.values()) / 1e9
    assert sum(stage["calls"] for stage in stages.values()) == pytest.approx(calls, rel=within)
    assert guess["cost_usd"] == pytest.approx(cost, rel=within)
    assert guess["cost_usd_95"][0] <= cost <= guess["cost_usd_95"][1]


@pytest.mark.parametrize(
    ("checks", "n", "within"),
    [
        ([], 75, 0.05),
        (["--verify", "independent"], 75, 0.05),
        (["--verify", "vote:2/3", "--judge", "judge.yaml", "--min_score", "0.5"], 75, 0.05),
        (["--accepted", "64"], 64, 0.25),  # so small a pilot tells its share to within 10%
    ],
    ids=["program", "independent", "vote and judge", "--accepted"],
)
def test_a_pilot_tells_what_the_run_uses_and_is_not_paid_again(
    checks: list[str],
    n: int,
    within: float,
    hub: Path,
    server: FakeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.tell(right=0.6, solves=0.8)
    monkeypatch.chdir(tmp_path)
    Path("judge.yaml").write_text(JUDGE.format(url=server.url))
    job = ["--hub", str(hub), "--output", "out", "--use_case", "math", *checks, *paying(server, tmp_path)]
    assert main(["estimate", *job, "--n", str(n)]) == DONE
    said = capsys.readouterr().out
    assert f"from a pilot of {n} questions of each use case" in said
    assert f"of {n} in the pilot: {n} readable" in said
    bought = sum(one.calls for one in spend(tmp_path / "out").values())
    assert server.counts()["paid"] == bought >= n
    assert main(["synthesize", *job]) == DONE
    used = spend(tmp_path / "out")
    assert server.counts()["paid"] == sum(one.calls for one in used.values()), "the pilot's answers are the run's"
    guess = estimated(tmp_path / "out")
    compare(guess, used, within)
    low, high = guess["use_cases"]["math"]["questions_95"]
    assert low <= used["synthesize_math"].calls <= high


def test_without_a_pilot_rules_of_thumb_are_said_to_be_such_and_the_rounds_are_reckoned(
    hub: Path, server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = ["estimate", "--hub", str(hub), "--output", f"{tmp_path}/out", "--n", "0", *paying(server, tmp_path)]
    assert main([*job, "--use_case", "math,instruction", "--verify", "none", "--samples_per_persona", "2"]) == DONE
    assert "estimated without calling the model" in capsys.readouterr().out
    guess = estimated(tmp_path / "out")
    assert {one["stage"]: one["calls"] for one in guess["stages"]} == {
        "synthesize_math": 2 * PERSONAS,
        "synthesize_instruction": 2 * PERSONAS,
    }
    assert "calls_95" not in guess["stages"][0]
    assert main([*job, "--use_case", "math", "--accepted", "90", "--verify", "independent"]) == DONE
    made, solved = estimated(tmp_path / "out")["stages"]
    assert made["calls"] == pytest.approx(90 / (0.9 * 0.8), abs=1)
    assert solved["calls"] == pytest.approx(0.9 * made["calls"])
    assert server.counts()["calls"] == 0
    bare = ["--hub", str(hub), "--use_case", "math", "--response_store", "none", "--max_calls", "9"]
    assert main(["estimate", *bare, *paying(server, tmp_path)]) == DONE
    assert f"--max_calls 9 may not do: it may take {PERSONAS} calls" in capsys.readouterr().out
    assert server.counts()["calls"] == 0


def test_answers_that_cannot_be_read_are_part_of_it_and_a_second_estimate_is_as_the_first(
    hub: Path, server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.tell(answers={"ferries keeper": ["nonsense"]})  # each tenth persona, and asked again
    job = ["estimate", "--hub", str(hub), "--output", f"{tmp_path}/out", "--use_case", "math", "--n", "100"]
    assert main([*job, *paying(server, tmp_path)]) == DONE
    said = capsys.readouterr().out
    assert "of these asked again" in said
    first, calls = estimated(tmp_path / "out"), server.counts()["calls"]
    low, high = first["stages"][0]["calls_95"]
    assert calls > 100
    assert low <= PERSONAS + PERSONAS // 10 <= high
    assert main([*job, *paying(server, tmp_path)]) == DONE
    assert "(0 calls bought now)" in capsys.readouterr().out
    assert server.counts()["calls"] == calls
    again = estimated(tmp_path / "out")
    assert again == first


def test_a_choice_is_counted_and_a_free_model_needs_no_store(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = ["estimate", "--hub", str(hub), "--use_case", "math", "--where", "text contains 'ferries keeper'"]
    assert main([*job, "--n", "5"]) == DONE
    said = capsys.readouterr().out
    assert f"at most {PERSONAS // 10} questions of each use case; offline" in said
    assert "from a pilot of 5 questions" in said


def test_wrong_commands_are_one_line_with_the_remedy(
    hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*arguments: str) -> str:
        assert main(["estimate", *arguments]) in (WRONG_COMMAND, FAILED), arguments
        err = capsys.readouterr().err
        assert len(err.splitlines()) == 1
        return err

    of_hub = ["--hub", str(hub), "--use_case", "math"]
    assert "there is no hub here" in refused("--hub", f"{tmp_path}/none", "--use_case", "math")
    assert "--use_case is required" in refused("--hub", str(hub))
    assert "--input: goes with a build" in refused(*of_hub, "--input", "x")
    assert "--expand_hops: goes with a build" in refused(*of_hub, "--expand_hops", "2")
    assert "name the hub of its personas with --hub" in refused("--input", "x", "--accepted", "5")
    assert "--output or --response_store: name one" in refused(*of_hub, "--llm", "openai:mine", "--n", "3")
    assert "it holds of no persona" in refused(*of_hub, "--where", "hop > 7")
    assert "fewer than --accepted" in refused(*of_hub, "--accepted", "9", "--candidates", "3")
