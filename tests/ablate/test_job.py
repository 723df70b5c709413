"""Whole experiments against the server that stands in for a model: one that hears personas, and one that does not."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persona_hub.pipelines.ablate import plan_ablate
from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, WRONG_COMMAND, UsageError
from persona_hub.pipelines.cli.parser import read_options
from persona_hub.pipelines.main import main
from persona_hub.pipelines.pages.report.experiment import ablation_of_file
from persona_hub.pipelines.pages.report.given import samples_of as samples_given
from persona_hub.pipelines.pages.samples import items_of
from persona_hub.transforms.ablation.arms import given as given_persona
from persona_hub.transforms.evaluate.sample_sums import SampleSums
from persona_hub.transforms.evaluate.sections.quality import quality_section
from persona_hub.transforms.hub.reading import read_manifest_files
from persona_hub.transforms.hub.versions import list_runs
from persona_hub.transforms.judging.gold import agreement_with, read_gold
from persona_hub.transforms.records import Rejected, Sample, Vector
from persona_hub.transforms.vectors.float16 import to_stored
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
    """A hub of 80 personas, with vectors: 60 of documents, and 20 at hop 1."""
    trades, places = ("nurse", "farmer", "lawyer", "miner", "judge"), ("Oslo", "Lima", "Kyoto", "Accra")
    texts = [
        f"A {trade} in {place} who keeps {n} goats" for trade in trades for place in places for n in (3, 7, 12, 40)
    ]
    people = [replace(given_persona(text), hop=int(i % 4 == 3)) for i, text in enumerate(texts)]
    rows = to_stored(np.random.default_rng(1).normal(size=(len(people), 32)).astype(np.float32))
    vectors = [Vector(one.persona_id, row.tobytes()) for one, row in zip(people, rows, strict=True)]
    return hubs.write_personas(tmp_path_factory.mktemp("hub") / "hub", people, embedder="hash", vectors=vectors)


def arguments(hub: Path, output: Path, server: FakeServer, *flags: str) -> list[str]:
    asked = ["--llm", "openai:test", "--llm_base_url", server.url, "--embedder", "hash", "--use_case", "math"]
    return ["--hub", str(hub), "--output", str(output), *asked, "--progress", "none", *flags]


def ablate(hub: Path, output: Path, server: FakeServer, *flags: str) -> int:
    return main(["ablate", *arguments(hub, output, server, *flags)])


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


KINDS = ("none_long", "verbalised", "coarse", "one", "hop:1:5", "diverse:5", "hop:0")
OF_KIND, GOLD = 16, 12  # samples of an arm, gold samples


def flags_of_kinds(folder: Path, server: FakeServer) -> list[str]:
    flags = ["--samples_per_arm", str(OF_KIND), "--arms", ",".join(KINDS), "--compare", "hop:0,hop:1:5"]
    flags += ["--embedder", "openai:vectors", "--embedder_base_url", server.url, "--retry_malformed", "0"]
    return [*flags, "--judge", f"{folder}/judge.yaml", "--min_score", "0.4"]


@pytest.fixture(scope="module")
def kinds(hub: Path, server: FakeServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All other arms, a paid embedder, a judge, a gold set, and a persona about which no answer can be read."""
    folder = tmp_path_factory.mktemp("kinds")
    flags = flags_of_kinds(folder, server)
    (folder / "judge.yaml").write_text(f"llm: openai:judge\nllm_base_url: {server.url}")
    planned = plan_ablate(read_options(JOB_BY_NAME["ablate"], arguments(hub, folder / "out", server, *flags))[0])
    arms = {one.arm.name: one for one in planned.arms}
    first, coarse = [arms["hop:1:5"].question(q) for q in range(GOLD)], arms["coarse"].personas[1].text
    rows = [{"persona_id": one.persona_id, "number": one.numbers[0], "verdict": i % 2} for i, one in enumerate(first)]
    gold = "".join(json.dumps(row | {"use_case": "math_hop_1_5"}) + "\n" for row in rows)
    (folder / "gold.jsonl").write_text(gold)
    server.tell(drawing=True, size=64, script=[{"word": coarse, "text": "I would rather not"}])
    assert ablate(hub, folder / "out", server, *flags, "--judge_gold", f"{folder}/gold.jsonl") == DONE
    return folder / "out"


def test_each_kind_of_arm_has_its_samples(kinds: Path) -> None:
    """Whom each asks about, and how: one persona again and again, nobody, five answers at once, those of a hop."""
    arms, plan = found(kinds)["arms"], found(kinds, "plan.json")
    assert {name: arm["samples"] for name, arm in arms.items()} == dict.fromkeys(KINDS, OF_KIND)
    people = {name: {row["persona_id"] for row in samples_of(kinds, name)} for name in KINDS}
    assert {name: len(plan["arms"][name]["personas"]) for name in KINDS} == {
        "none_long": 1, "verbalised": 1, "coarse": 40, "one": 1, "hop:1:5": 5, "diverse:5": 5, "hop:0": OF_KIND
    }  # fmt: skip
    assert all(people[name] <= set(plan["arms"][name]["personas"]) for name in KINDS)
    assert len(people["coarse"]) == OF_KIND
    assert plan["prompts"]["verbalised"] != plan["prompts"]["none_long"] == plan["prompts"]["one"]
    assert all("crates" in row["synthesized text"] for row in samples_of(kinds, "verbalised"))


def samples_of(output: Path, arm: str) -> list[dict[str, Any]]:
    return hubs.samples(output, f"math_{arm.replace(':', '_')}")


def test_manifests_of_arms_say_what_their_files_hold(kinds: Path) -> None:
    """Accepted, candidates, reasons, judged ones: by arm, and in the outcome likewise; no folder but theirs."""
    folders = {path.parent.parent.name: path.parent for path in kinds.glob("samples/*/*/manifest.json")}
    assert folders.keys() == {f"math_{name.replace(':', '_')}" for name in KINDS}
    reasons = Counter[str]()
    for name in KINDS:
        folder = folders[f"math_{name.replace(':', '_')}"]
        kept, refused = hubs.rows(folder, "samples-*"), hubs.rows(folder, "rejected-*")
        told, arm = json.loads((folder / "manifest.json").read_bytes()), found(kinds)["arms"][name]
        assert told["accepted"] == len(kept) == OF_KIND
        assert told["rejected"] == arm["rejected"] == Counter(row["reason"] for row in refused)
        assert told["candidates"] == arm["candidates"] == len(kept) + len(refused)
        assert told["judged"] == arm["judged"]
        assert told["judged"]["samples"] == sum(bool(row.get("scores")) for row in [*kept, *refused])
        reasons.update(told["rejected"])
    assert {"below-min-score", "malformed", "surplus"} <= reasons.keys()
    lost = hubs.dead_letters(kinds)
    assert lost
    assert all(row["detail"].startswith("math_coarse: ") and len(row["key"]) == 32 for row in lost)


def test_an_evaluation_reads_samples_by_arm(kinds: Path) -> None:
    """Of the folder that `ablate` wrote, or of `samples` in it, also for a review; its outcome is a section."""
    places = (f"{kinds}", f"{kinds}/samples", f"{kinds}/samples/")
    given = [samples_given(place, None) for place in places]
    assert len({tuple(items_of(place, "")) for place in places}) == 1 < len(list(items_of(places[0], "")))
    assert given[0].files
    assert all((one.files, one.runs) == (given[0].files, given[0].runs) for one in given)
    rows = quality_section(given[0].runs, SampleSums())["runs"]
    assert {row["use_case"]: row["samples"] for row in rows} == {
        f"math_{name.replace(':', '_')}": OF_KIND for name in KINDS
    }
    section = ablation_of_file(f"{kinds}/ablation.json").section
    assert section
    assert [(row.arm, row.accepted) for row in section["arms"]] == [(name, OF_KIND) for name in KINDS]


@pytest.mark.parametrize(
    ("text", "said"), [("{", "is no JSON"), ('{"verdict": "gain"}', "is no outcome"), ("", "cannot be read")]
)
def test_an_outcome_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    if text:
        (tmp_path / "ablation.json").write_text(text)
    with pytest.raises(UsageError, match=f"ablation.json: {said}.*name the ablation.json"):
        ablation_of_file(f"{tmp_path}/ablation.json")


def test_training_sets_of_all_arms_are_equal(kinds: Path) -> None:
    """In chat form, as math is asked, drawn by hash; the manifest says of how many, and of which experiment."""
    told = json.loads((kinds / "training" / "manifest.json").read_bytes())
    assert (told["form"], told["plan"], told["rows"]) == ("chat", found(kinds)["plan"], OF_KIND)
    assert {name: (arm["rows"], arm["of"]) for name, arm in told["arms"].items()} == dict.fromkeys(KINDS, (16, 16))
    for name, arm in told["arms"].items():
        [file] = arm["files"]
        content = (kinds / "training" / file["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        rows = [json.loads(line) for line in content.splitlines()]
        problems = {row["synthesized text"] for row in samples_of(kinds, name)}
        for row in rows:
            asked, answered = row["messages"]
            assert (asked["role"], answered["role"]) == ("user", "assistant")
            assert any(asked["content"] in problem for problem in problems)
        own = [(row["lineage"]["persona_id"], row["lineage"]["number"]) for row in rows]
        assert len(set(own)) == OF_KIND
        assert own != sorted(own)


def test_scores_stand_beside_the_control(
    kinds: Path, hub: Path, server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Of models that were trained on those sets, read once all is done: nothing is asked, all else stays."""
    before, flags = found(kinds), flags_of_kinds(kinds.parent, server)
    scores = tmp_path / "scores.csv"
    scores.write_text("arm,benchmark,correct,total\nhop:0,gsm8k,56,70\nhop:1:5,gsm8k,48,80\n")
    assert ablate(hub, kinds, server, *flags, "--scores", str(scores)) == DONE
    assert "hop:0 on gsm8k: 0.800 (0.692 to 0.877) of 70; beside hop:1:5 +0.200 (+0.052 to +0.334)" in (
        capsys.readouterr().out
    )
    after = found(kinds)
    assert [one["arm"] for one in after.pop("scores")] == ["hop:0", "hop:1:5"]
    assert after == before
    section = ablation_of_file(f"{kinds}/ablation.json").section
    assert section
    assert section["scores"][0]["less_control"].value == pytest.approx(0.2)
    scores.write_text("arm,benchmark,correct,total\nhub,gsm8k,56,70\n")
    assert ablate(hub, kinds, server, *flags, "--scores", str(scores)) == WRONG_COMMAND
    assert "scores.csv: line 2: arm: 'hub' is none of this experiment" in capsys.readouterr().err


def test_a_small_model_of_each_set_is_tried_on_held_out_texts(
    kinds: Path, hub: Path, server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Once all is done: nothing is asked, all else stays."""
    before, flags = found(kinds), flags_of_kinds(kinds.parent, server)
    held_out = tmp_path / "people.jsonl"
    texts = [f"Of {n} apples {n % 7} are sold. How many remain?" for n in range(40)]
    held_out.write_text("".join(json.dumps({"question": text}) + "\n" for text in texts) + "broken\n")
    assert ablate(hub, kinds, server, *flags, "--held_out", str(held_out)) == DONE
    said, told_aside = capsys.readouterr()
    assert f"--held_out {held_out}: 1 row not read (broken-json 1)" in told_aside
    after = found(kinds)
    proxy = after.pop("proxy")
    assert after == before
    assert [(one["arm"], one["rows"], one["n"]) for one in proxy] == [(name, OF_KIND, 40) for name in KINDS]
    control = before["primary"]["control"]
    assert [one["arm"] for one in proxy if one["less_control"] is None] == [control]
    assert all(0 < one["spanned"]["low"] <= one["spanned"]["value"] <= 1 for one in proxy)
    assert said.count("of 40 held-out texts") == len(KINDS)
    assert said.count(f"of 40 held-out texts; beside {control} ") == len(KINDS) - 1
    section = ablation_of_file(f"{kinds}/ablation.json").section
    assert section
    assert [row["arm"] for row in section["proxy"]] == list(KINDS)
    for content, told in (("", "people.jsonl"), ('{"question": "One?"}\n', "1 texts; give 30 or more")):
        held_out.write_text(content)
        assert ablate(hub, kinds, server, *flags, "--held_out", str(held_out)) == WRONG_COMMAND
        assert told in capsys.readouterr().err
    assert ablate(hub, kinds, server, *flags, "--held_out", str(tmp_path)) == WRONG_COMMAND
    assert "must be a file of texts" in capsys.readouterr().err


def test_the_judge_is_told_beside_people(
    kinds: Path, hub: Path, server: FakeServer, capsys: pytest.CaptureFixture
) -> None:
    """Of the arm whose samples people have judged, and of all; the rows say the same, also once all is done."""
    outcome = found(kinds)
    by_arm = {name: arm["judged"]["gold_samples"] for name, arm in outcome["arms"].items()}
    assert by_arm == dict.fromkeys(KINDS, 0) | {"hop:1:5": GOLD}
    assert outcome["judged"]["samples"] == sum(arm["judged"]["samples"] for arm in outcome["arms"].values())
    gold = f"{kinds.parent}/gold.jsonl"
    run = next(made for use_case, made in list_runs(str(kinds)) if use_case == "math_hop_1_5")
    tables: list[tuple[str, type[Sample]]] = [("samples", Sample), ("rejected", Rejected)]
    rows = [row for kind, record in tables for row in read_manifest_files(str(kinds), run, kind, record)]
    agreement = agreement_with(read_gold(gold), rows, 0.4)
    assert agreement.told.items() <= outcome["judged"].items()
    assert ablate(hub, kinds, server, *flags_of_kinds(kinds.parent, server), "--judge_gold", gold) == DONE
    said = capsys.readouterr().out
    assert f"math_hop_1_5: judge openai:judge: {agreement}" in said
    assert f"judge openai:judge: {outcome['judged']['samples']:,} samples judged; {agreement}" in said


def test_money_is_told_only_where_every_price_is_known(hub: Path, server: FakeServer, tmp_path: Path) -> None:
    """The embedder is paid, too."""
    model, embedder = "{model: 'openai:test', input: 1, output: 2}", "{model: 'openai:vectors', input: 1, output: 0}"
    flags = arguments(hub, tmp_path / "out", server, "--arms", "none,few", "--samples_per_arm", "60")
    flags += ["--embedder", "openai:vectors", "--embedder_base_url", server.url]
    flags += ["--price_file", f"{tmp_path}/prices.yaml"]
    for models, is_known in ((model, False), (f"{model}, {embedder}", True)):
        (tmp_path / "prices.yaml").write_text(f"models: [{models}]")
        assert plan_ablate(read_options(JOB_BY_NAME["ablate"], flags)[0]).priced == is_known


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--arms", "none"], "two different ones at least"),
        (["--arms", "none,everybody"], "no such arm"),
        (["--arms", "none,hub:500"], "the hub has 80 personas"),
        (["--arms", "none,few", "--compare", "few,hub:10"], "name two of --arms"),
        (["--arms", "none,hop:40"], "error: --arms hop:40: no such arm; there are none, "),
        (["--arms", "none,hop:2"], "0 personas at hop 2"),
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


def test_a_folder_of_a_hub_or_with_a_damaged_plan_takes_no_experiment(
    hub: Path, server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    flags = ["--samples_per_arm", "60", "--arms", "none,few"]
    assert ablate(hub, hub, server, *flags) == WRONG_COMMAND
    assert "holds a hub; name a folder of its own" in capsys.readouterr().err
    assert not (hub / "plan.json").exists()
    (tmp_path / "plan.json").write_text('{"hash": ')
    assert ablate(hub, tmp_path, server, *flags) == WRONG_COMMAND
    assert "its plan.json is no plan of `ablate`; name another folder" in capsys.readouterr().err
