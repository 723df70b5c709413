"""Whole experiments against the server that stands in for a model: one that hears personas, and one that does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.ablate import plan_ablate
from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, WRONG_COMMAND
from persona_hub.pipelines.cli.parser import read_options
from persona_hub.pipelines.main import main
from tests.helpers import hubs
from tests.servers.models.launch import FakeServer

SAMPLES = 60


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    with pytest.MonkeyPatch.context() as patch, FakeServer() as running:
        patch.setenv("OPENAI_API_KEY", "none")
        yield running


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub of 80 given personas."""
    folder = tmp_path_factory.mktemp("hub")
    trades, places = ("nurse", "farmer", "lawyer", "miner", "judge"), ("Oslo", "Lima", "Kyoto", "Accra")
    texts = [
        f"A {trade} in {place} who keeps {n} goats" for trade in trades for place in places for n in (3, 7, 12, 40)
    ]
    given = folder / "personas.jsonl"
    given.write_text("".join(json.dumps({"persona": text}) + "\n" for text in texts))
    flags = ["--personas", str(given), "--output", str(folder / "hub"), "--embedder", "hash", "--expand_hops", "0"]
    assert main(["build", *flags, "--minhash_threshold", "0.99", "--embedding_threshold", "1.0"]) == DONE
    return folder / "hub"


def ablate(hub: Path, output: Path, server: FakeServer, *flags: str) -> int:
    asked = ["--llm", "openai:test", "--llm_base_url", server.url, "--embedder", "hash", "--use_case", "math"]
    return main(["ablate", "--hub", str(hub), "--output", str(output), *asked, "--progress", "none", *flags])


def found(output: Path, name: str = "ablation.json") -> dict[str, Any]:
    read: dict[str, Any] = json.loads((output / name).read_bytes())
    return read


@pytest.fixture(scope="module")
def heard(hub: Path, server: FakeServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment with a model whose answers follow from the persona, six of ten of them right."""
    output = tmp_path_factory.mktemp("heard") / "out"
    server.tell(right=0.6)
    flags = ["--samples_per_arm", str(SAMPLES), "--arms", "few,hub:10,hub:70", "--compare", "hub:70,few"]
    assert ablate(hub, output, server, *flags, "--candidates_per_arm", "400") == DONE
    return output


def test_personas_that_diversify_are_a_gain(heard: Path) -> None:
    """Of ten personas there are ten problems, six of them right, again and again; of seventy there are about forty."""
    outcome = found(heard)
    assert outcome["verdict"] == "gain"
    assert 0 < outcome["effect"]["low"] < outcome["effect"]["value"] < outcome["effect"]["high"]
    assert (
        outcome["primary"] | {"treatment": "hub:70", "control": "few", "metric": "distinct clusters"}
        == outcome["primary"]
    )
    assert [one["arm"] for one in outcome["comparisons"]] == ["hub:10"]


def test_arms_have_equal_numbers_of_accepted_samples(heard: Path) -> None:
    """Near-copies are counted among them: how many there are is what is measured."""
    outcome = found(heard)
    for name in ("few", "hub:10", "hub:70"):
        rows = hubs.samples(heard, f"math_{name.replace(':', '_')}")
        assert len(rows) == outcome["arms"][name]["samples"] == SAMPLES
        assert outcome["arms"][name]["cost"]["answers"] >= SAMPLES
    assert outcome["arms"]["few"]["largest_cluster"] > 1
    assert {row["use_case"] for row in rows} == {"math_hub_70"}


def test_the_plan_was_written_before(heard: Path, hub: Path, server: FakeServer, capsys: pytest.CaptureFixture) -> None:
    """It names who is asked about and what decides; another plan needs another folder."""
    plan = found(heard, "plan.json")
    assert plan["hash"] == found(heard)["plan"]
    assert len(plan["arms"]["hub:70"]["personas"]) == 70
    other = ["--samples_per_arm", str(SAMPLES), "--arms", "few,hub:10,hub:70"]
    assert ablate(hub, heard, server, *other) == WRONG_COMMAND
    assert "another plan" in capsys.readouterr().err


def test_a_model_that_ignores_personas_is_no_gain(hub: Path, server: FakeServer, tmp_path: Path) -> None:
    """Eight answers for all there are. A budget for few: too little data; the same command goes on."""
    flags = ["--samples_per_arm", str(SAMPLES), "--arms", "none,hub:70"]
    server.tell(pool=8)
    assert ablate(hub, tmp_path / "out", server, *flags, "--max_calls", "40") == BUDGET_SPENT
    few = found(tmp_path / "out")
    assert few["verdict"] == "too little data"
    assert few["samples_needed"] > SAMPLES
    assert ablate(hub, tmp_path / "out", server, *flags) == DONE
    outcome = found(tmp_path / "out")
    assert outcome["verdict"] == "no gain"
    assert outcome["effect"]["low"] <= 0 <= outcome["effect"]["high"] < 0.05
    assert server.counts()["paid"] == 2 * SAMPLES  # nothing twice


def test_money_is_told_only_where_every_price_is_known(hub: Path, server: FakeServer, tmp_path: Path) -> None:
    """The embedder is paid, too."""
    model, embedder = "{model: 'openai:test', input: 1, output: 2}", "{model: 'openai:vectors', input: 1, output: 0}"
    flags = ["--llm", "openai:test", "--llm_base_url", server.url, "--embedder", "openai:vectors"]
    flags += ["--embedder_base_url", server.url, "--use_case", "math", "--arms", "none,few", "--samples_per_arm", "60"]
    flags += ["--hub", str(hub), "--output", f"{tmp_path}/out", "--price_file", f"{tmp_path}/prices.yaml"]
    for models, is_known in ((model, False), (f"{model}, {embedder}", True)):
        (tmp_path / "prices.yaml").write_text(f"models: [{models}]")
        assert plan_ablate(read_options(JOB_BY_NAME["ablate"], flags)[0]).priced == is_known


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--arms", "none"], "two at least"),
        (["--arms", "none,everybody"], "no such arm"),
        (["--arms", "none,hub:500"], "the hub has 80 personas"),
        (["--arms", "none,few", "--compare", "few,hub:10"], "name two of --arms"),
        (["--arms", "none,diverse:5"], "has no vectors"),
        (["--use_case", "math,tool"], "one use case"),
    ],
)
def test_wrong_flags_are_told_before_anything_runs(
    hub: Path, server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture, flags: list[str], said: str
) -> None:
    default = [] if "--arms" in flags else ["--arms", "none,few"]
    assert ablate(hub, tmp_path / "out", server, "--samples_per_arm", "60", *default, *flags) == WRONG_COMMAND
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out" / "plan.json").exists()
