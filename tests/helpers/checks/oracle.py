"""What a run with votes and a judge has made, and an oracle: what the server's own answers say of each sample."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from persona_hub.transforms.check_samples.solve_task import SolveTask, solve_prompt
from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.hub.reading import read_manifest_files
from persona_hub.transforms.hub.versions import list_runs
from persona_hub.transforms.judging.judge_task import JudgeTask, judge_prompt
from persona_hub.transforms.judging.rubric import default_rubric
from persona_hub.transforms.llm.protocol import Request
from persona_hub.transforms.records import Rejected, Sample
from persona_hub.transforms.synthesis.use_cases import load_use_case
from tests.servers.models.problems import points, solution

RIGHT, SOLVES = 0.7, 0.8  # shares of problems that are stated and solved rightly
DRAWS = 3
MATH, RUBRIC = load_use_case("math"), default_rubric()
SOLVE, JUDGE = SolveTask(use_case=MATH, prompt=solve_prompt()), JudgeTask(RUBRIC, judge_prompt(RUBRIC))


@dataclass(frozen=True)
class Made:
    """What a run has made, by persona."""

    manifest: RunManifest
    kept: dict[str, Sample]
    rejected: dict[str, Rejected]

    @property
    def answered(self) -> list[Sample]:
        """All samples, kept or not."""
        return [*self.kept.values(), *self.rejected.values()]


def made(output: Path, judge: str = "") -> Made:
    runs = [run for _, run in list_runs(str(output)) if run.models.get("judge", "") == judge]
    kept = read_manifest_files(str(output), runs[-1], "samples", Sample)
    rejected = read_manifest_files(str(output), runs[-1], "rejected", Rejected)
    return Made(runs[-1], {one.persona_id: one for one in kept}, {one.persona_id: one for one in rejected})


def seen(request: Request) -> str:
    """A question as the server has it."""
    return f"{request.system}\n{request.prompt}"


def votes(sample: Sample, draws: int = DRAWS) -> int:
    """How many of the server's answers to the problem of a sample are the one stated."""
    prompt = seen(SOLVE.requests(sample)[0])
    found = [solution(prompt, "" if n == 1 else str(n), SOLVES)["answer"] for n in range(1, draws + 1)]
    return found.count(MATH.answer_of(sample))


def points_of(sample: Sample) -> dict[str, int]:
    """The points of the server's judge."""
    [request] = JUDGE.requests(sample)
    given = points(seen(request), "", json.loads(RUBRIC.schema)["properties"])
    return {one.name: given[one.name] for one in RUBRIC.criteria}
