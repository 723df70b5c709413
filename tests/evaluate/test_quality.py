"""What a report says of votes and of judges, out of rows and manifests, without a job."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from persona_hub.pipelines.pages.report.evaluated import damaged_remark
from persona_hub.transforms.evaluate.sample_sums import SampleSums, is_vote, merged_samples
from persona_hub.transforms.evaluate.sections.quality import quality_section
from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.records import Proof, Rejected, Sample


def sample(n: int, proof: Proof = Proof(), scores: str = "", use_case: str = "math") -> Sample:  # noqa: B008  # frozen
    return Sample(f"{n:032x}", f"persona {n}", use_case, f"text {n}", "", "made", "", 0, 1, 1, "", proof, scores)


def scored(score: object) -> str:
    return json.dumps({"judge": "j", "score": score, "points": {}, "comment": ""})


def test_agreeing_answers_are_those_of_votes_alone() -> None:
    rows = [sample(n, Proof("vote:3/5", "", "", 3 + n % 2)) for n in range(4)]
    rows += [
        sample(9, Proof("independent", "", "", 1), use_case="tool"),
        sample(8, Proof("schema", "", "", 1), use_case="npc"),
    ]
    found = quality_section([], SampleSums.of_accepted(rows))
    assert {name: figure.value for name, figure in found["agreeing_answers"].items()} == {"math": 3.5, "tool": 1.0}
    assert [is_vote(kind) for kind in ("vote:1/2", "independent", "program", "schema", "search", "")] == [
        True, True, False, False, False, False,
    ]  # fmt: skip


def test_scores_are_means_and_damaged_ones_are_counted() -> None:
    kept = [sample(1, scores=scored(0.5)), sample(2, scores=scored(1)), sample(3), sample(4, scores="{")]
    refused = [
        Rejected.of(sample(5, scores=scored(0.0)), "below-min-score", ""),
        Rejected.of(sample(6, scores=scored("high")), "below-min-score", ""),
    ]
    sums = merged_samples([SampleSums.of_accepted(kept), SampleSums.of_rejected(refused)])
    found = quality_section([], sums)
    assert (found["scores"]["math"].value, found["scores"]["math"].n) == (0.5, 3)
    assert {name: figure.value for name, figure in found["damaged_scores"].items()} == {"math": 2}
    (remark,) = damaged_remark(sums.damaged)
    assert remark.bad
    assert remark.text == "2 samples with a judge's score that cannot be read, in no figure of scores"
    assert damaged_remark({}) == []


@pytest.mark.parametrize(
    ("told", "value", "interval", "n"),
    [
        ({"gold_samples": 50, "kappa": 0.4, "interval": [0.13, 0.61]}, 0.4, (0.13, 0.61), 50),
        ({"gold_samples": 5, "kappa": None, "interval": [-0.2, 0.9]}, math.nan, (-0.2, 0.9), 5),
    ],
)
def test_a_judge_stands_beside_its_kappa(
    told: dict[str, object], value: float, interval: tuple[float, float], n: int
) -> None:
    run = RunManifest(run="0001-aa", hub_version="0001-aa")
    judged = replace(run, judged={"judge": "gemini:g", "samples": 400, **told})
    (row,) = quality_section([("math", judged), ("tool", run)], SampleSums())["judges"]
    assert {name: row[name] for name in ("use_case", "run", "judge", "judged")} == {
        "use_case": "math", "run": "0001-aa", "judge": "gemini:g", "judged": 400,
    }  # fmt: skip
    assert row["kappa"].value == pytest.approx(value, nan_ok=True)
    assert (row["kappa"].low, row["kappa"].high, row["kappa"].n) == (*interval, n)


def test_a_judge_without_a_gold_set_says_so() -> None:
    judged = replace(RunManifest(run="r", hub_version="h"), judged={"judge": "offline", "samples": 3})
    (row,) = quality_section([("math", judged)], SampleSums())["judges"]
    assert row["kappa"] == "unknown: no gold set"
