"""The judge that options name, and the calls that votes and judges are expected to take."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.planning.forecast import AGREED, PASSES, budget_shares, forecast_samples
from persona_hub.pipelines.planning.samples.judges import judge_of
from persona_hub.transforms.judging.rubric import RubricError, default_rubric
from persona_hub.transforms.llm.prices import Price
from persona_hub.transforms.synthesis.use_cases import load_use_case
from tests.helpers.flags import build_options

BOTH = [load_use_case("math"), load_use_case("instruction")]


def calls(*arguments: str) -> dict[str, float]:
    return {one.stage: one.calls for one in forecast_samples(build_options(*arguments), BOTH, 100)}


def test_votes_and_judges_are_calls_of_their_own_stages() -> None:
    plain = {"synthesize_math": 100, "synthesize_instruction": 100}
    left = 100 * PASSES
    assert calls() == calls("--verify=program") == calls("--verify=none") == plain
    assert calls("--verify=vote:3/5") == plain | {"verify_math": left * 5}  # an instruction states no answer
    assert calls("--verify=independent") == plain | {"verify_math": left}
    assert calls("--judge=openai:gpt-5-mini") == plain | {"judge_math": left, "judge_instruction": left}
    both = calls("--verify=vote:3/5", "--judge=openai:gpt-5-mini")
    assert both == plain | {"verify_math": left * 5, "judge_math": left * AGREED, "judge_instruction": left}


def test_the_budget_has_a_part_for_each_of_them() -> None:
    stages = forecast_samples(build_options("--verify=vote:3/5", "--judge=openai:gpt-5-mini"), BOTH, 100)
    shares = dict(budget_shares(stages, Price(1.0, 4.0)))
    assert shares.keys() == {one.stage for one in stages}
    assert sum(shares.values()) == pytest.approx(1)


def test_a_judge_has_its_own_model_in_the_store_of_all() -> None:
    options = build_options(
        "--judge=gemini:gemini-2.5-flash", "--min_score=0.7", "--max_calls=9", "--retry_malformed=2"
    )
    judge = judge_of(options)
    assert judge is not None
    assert (judge.model.name, judge.min_score, judge.rubric) == ("gemini:gemini-2.5-flash", 0.7, default_rubric())
    assert (judge.model.budget.calls, judge.model.repairs, judge.model.flag) == (9, 2, "--judge")
    assert judge_of(build_options()) is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--min_score=0.7"], "--min_score: says how samples are judged; name who judges them"),
        (["--rubric=r.yaml"], "--rubric: says how"),
        (["--judge=openai"], "--judge openai: name the model too, as in openai:MODEL"),
        (["--judge=vllm:some/model"], "must answer at once"),
        (["--judge=export:folder"], "must answer at once"),
    ],
)
def test_a_judge_that_there_cannot_be(arguments: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        judge_of(build_options(*arguments))


def test_a_rubric_is_read_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match=r"--rubric .*none\.yaml"):
        judge_of(build_options("--judge=offline", f"--rubric={tmp_path}/none.yaml"))
