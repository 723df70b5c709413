"""The checks that options name, and how the models are asked that these need."""

from __future__ import annotations

from pathlib import Path

from persona_hub.pipelines.planning.models import HERE
from persona_hub.pipelines.planning.samples.checks import checks_in_job, checks_of
from persona_hub.pipelines.planning.token_limits import NEW_JOB, TokenLimits
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.check_samples.check_by_model import CheckByModel
from persona_hub.transforms.check_samples.check_samples import CheckSamples
from persona_hub.transforms.check_samples.checks import Checks
from persona_hub.transforms.check_samples.solve_task import SOLVE_SAMPLING
from persona_hub.transforms.judging.judge_task import JUDGE_SAMPLING
from persona_hub.transforms.llm.protocol import Sampling
from persona_hub.transforms.synthesis.use_cases import load_use_case
from tests.helpers.flags import build_options


def checks(*arguments: str, limits: TokenLimits = NEW_JOB, repairs: int = 1) -> Checks:
    options = build_options(*arguments)
    return checks_in_job(checks_of(options, HERE, "scrub"), options, HERE, (), limits, repairs)


def step(*arguments: str) -> CheckByModel:
    found = CheckSamples(use_case=load_use_case("math"), model=ModelConfig(), checks=checks(*arguments)).by_model()
    assert found
    return found


def test_the_solver_is_asked_in_the_users_words(tmp_path: Path) -> None:
    (tmp_path / "solve.txt").write_text("Be quick.\n---\n<problem>$problem</problem>")
    ours, theirs = step("--verify=vote:2/3"), step("--verify=vote:2/3", f"--prompt_dir={tmp_path}")
    assert theirs.solve
    assert theirs.solve.system == "Be quick."
    assert ours.solve
    assert ours.solve.system != "Be quick."
    assert checks(f"--prompt_dir={tmp_path}").solve is None, "nothing is solved"


def test_the_solver_draws_as_the_options_say_and_the_judge_does_not() -> None:
    drawn = ("--temperature=0.7", "--top_p=0.9", "--seed=4")
    judged = step("--verify=independent", "--judge=offline", *drawn)
    assert judged.sampling == Sampling(0.7, 0.9, SOLVE_SAMPLING.max_tokens, 4)
    assert judged.judge
    assert judged.judge.sampling == JUDGE_SAMPLING
    assert step("--verify=independent").sampling == SOLVE_SAMPLING


def test_a_higher_limit_of_tokens_holds_for_both_and_takes_whole_answers_of_before() -> None:
    raised = checks(
        "--verify=independent", "--judge=offline", "--max_tokens=4000", limits=TokenLimits(0, (0, 900), 4000)
    )
    assert raised.sampling == Sampling(max_tokens=4000, earlier=(2048, 900))
    assert raised.judge
    assert raised.judge.sampling == Sampling(max_tokens=4000, earlier=(512, 900))


def test_an_attempt_that_repairs_more_has_the_judge_repair_more() -> None:
    judge = checks("--judge=offline", "--retry_malformed=2", repairs=3).judge
    assert judge
    assert judge.model.repairs == 3
