"""CheckByModel: the vote comes first, and what it rejects is not judged."""

from __future__ import annotations

import json

import pytest

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.check_samples.check_by_model import CheckByModel
from persona_hub.transforms.judging.judge_task import Judge, score_of
from persona_hub.transforms.judging.rubric import Criterion, Rubric
from persona_hub.transforms.llm.protocol import Request
from persona_hub.transforms.synthesis.use_cases import load_use_case
from persona_hub.transforms.synthesis.verify import parse_verify
from tests.helpers.checks.checking import checked, sample
from tests.helpers.checks.scripted_model import scripted

RIGHT = Rubric((Criterion("right", "5: right; 1: wrong"),))
GIVEN = [sample("Good one?", "12"), sample("Bad one?", "12", 1), sample("Disputed one?", "9", 2)]


def answer(request: Request) -> str:
    if request.task == "solve":
        return '{"working": "", "answer": "12"}'
    return json.dumps({"comment": "", "right": 1 if "Bad" in request.prompt else 5})


def test_the_vote_and_then_the_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    model, asked = scripted(monkeypatch, answer)
    judge = Judge(model=model, min_score=0.5, rubric=RIGHT)
    check = CheckByModel(use_case=load_use_case("math"), model=model, verify=parse_verify("vote:2/3"), judge=judge)
    out = checked(GIVEN, check)
    assert [(one.number, one.proof.kind, score_of(one)) for one in out.kept] == [(0, "vote:2/3", 1.0)]
    assert sorted((one.number, one.reason) for one in out.rejected) == [(1, "below-min-score"), (2, "votes-disagreed")]
    assert out.counts["verify_math"]["asked"] == 9
    assert out.counts["judge_math"]["asked"] == 2
    assert len(asked) == 11


def test_a_use_case_without_an_answer_is_judged_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model, asked = scripted(monkeypatch, answer)
    check = CheckByModel(
        use_case=load_use_case("instruction"),
        model=model,
        verify=parse_verify("vote:2/3"),
        judge=Judge(model=model, rubric=RIGHT),
    )
    assert len(checked(GIVEN, check).kept) == len(asked) == 3


def test_without_either_the_step_is_left_out() -> None:
    check = CheckByModel(use_case=load_use_case("math"), model=ModelConfig(), verify=parse_verify("program"))
    with pytest.raises(ValueError, match="leave the step out"):
        checked(GIVEN, check)
