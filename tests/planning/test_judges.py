"""The judge that options name, and the calls that votes and judges are expected to take."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_hub.pipelines.planning.forecast import AGREED, PASSES, Prices, budget_shares, forecast_samples
from persona_hub.pipelines.planning.models import HERE
from persona_hub.pipelines.planning.samples.checks import checks_of
from persona_hub.pipelines.planning.samples.judges import judge_of, judge_price
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.judging.gold import GoldError
from persona_hub.transforms.judging.judge_task import JUDGE_SAMPLING
from persona_hub.transforms.judging.rubric import RubricError, default_rubric
from persona_hub.transforms.llm.prices import Price, PriceError
from persona_hub.transforms.llm.protocol import Sampling
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


def test_a_judge_weighs_by_its_own_price() -> None:
    stages = forecast_samples(build_options("--judge=openai:gpt-5-mini"), BOTH[:1], 100)
    cheap, equal, dear = (
        dict(budget_shares(stages, Price(1.0, 4.0), None, Price(n, 4 * n)))["synthesize_math"] for n in (0.1, 1.0, 10.0)
    )
    assert cheap > equal > dear
    [made, judged] = stages
    assert judged.cost(Prices(Price(1.0, 4.0), None, Price(2.0, 8.0))) == 2 * judged.cost(
        Prices(None, None, Price(1.0, 4.0))
    )
    assert made.cost(Prices(None, None, Price(2.0, 8.0))) == 0


def test_a_budget_of_dollars_wants_the_price_of_the_judge(tmp_path: Path) -> None:
    prices = "models: [{model: 'openai:ours', input: 1, output: 2}, {model: 'openai:judge', input: 3, output: 4}]"
    (tmp_path / "prices.yaml").write_text(prices)
    given = ["--llm=openai:ours", f"--price_file={tmp_path}/prices.yaml"]
    assert judge_price(build_options("--judge=openai:judge", *given)) == Price(3, 4)
    assert judge_price(build_options("--judge=openai:strange", *given)) is None
    assert judge_price(build_options(*given)) is None
    judge = judge_of(build_options("--judge=openai:judge", *given, "--max_cost_usd=1"))
    assert judge
    assert (judge.model.input_price, judge.model.budget.cost_usd) == (3, 1)
    with pytest.raises(PriceError, match="--max_cost_usd: nobody knows what openai:strange costs; write it into"):
        judge_of(build_options("--judge=openai:strange", *given, "--max_cost_usd=1"))
    with pytest.raises(PriceError, match="nobody knows what openai:judge at http://h:1/v1 costs"):
        judge_of(build_options(in_file(tmp_path, "llm: openai:judge\nllm_base_url: http://h:1/v1"), "--max_cost_usd=1"))


def test_a_judge_has_its_own_model_in_the_store_of_all() -> None:
    options = build_options(
        "--judge=gemini:gemini-2.5-flash", "--min_score=0.7", "--max_calls=9", "--retry_malformed=2"
    )
    judge = judge_of(options)
    assert judge is not None
    assert (judge.model.name, judge.min_score, judge.rubric) == ("gemini:gemini-2.5-flash", 0.7, default_rubric())
    assert (judge.model.budget.calls, judge.model.repairs, judge.model.flag) == (9, 2, "--judge")
    assert judge_of(build_options()) is None


def in_file(folder: Path, text: str) -> str:
    (folder / "judge.yaml").write_text(text)
    return f"--judge={folder}/judge.yaml"


def test_a_file_describes_a_judge_that_shares_nothing_with_the_model(tmp_path: Path) -> None:
    of_model = ["--llm=openai:gpt-5", "--llm_base_url=http://h:1/v1", '--llm_extra_body={"a": 1}', "--seed=3"]
    of_model += ["--requests_per_minute=7", "--call_attempts=3", "--max_in_flight=5"]
    plain = judge_of(build_options("--judge=openai:gpt-5-mini", *of_model))
    assert plain
    assert (plain.model.base_url, plain.model.requests_per_minute, plain.sampling) == ("", 0, JUDGE_SAMPLING)
    assert "extra_body" not in plain.model.options
    assert (plain.model.attempts, plain.model.max_in_flight) == (3, 5)
    text = (
        "llm: openai:some/judge\nllm_base_url: http://j:2/v1\ntemperature: 0\nmax_tokens: 900\ncall_attempts: 4\n"
        "llm_extra_body: {b: 2}\nmodels: [{model: 'openai:some/*', input: 3, output: 4}]\n"
    )
    judge = judge_of(build_options(in_file(tmp_path, text), *of_model, "--max_tokens=77", "--max_cost_usd=1"))
    assert judge
    assert (judge.model.name, judge.model.base_url, judge.model.attempts) == ("openai:some/judge", "http://j:2/v1", 4)
    assert (judge.model.input_price, judge.model.output_price) == (3, 4)
    assert judge.sampling == Sampling(temperature=0, max_tokens=900)
    assert judge.model.options["extra_body"] == '{"b":2}'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("temperature: 0", "names no model; write it as llm: openai:gpt-5-mini"),
        ("llm: bogus:m", "llm bogus:m: no backend 'bogus'; there are"),
        ("llm: openai", "name the model too, as in openai:MODEL"),
        ("llm: vllm:some/model", "must answer at once"),
        ("llm: openai:m\napi_key: x", "api_key: no key belongs in this file"),
        ("llm: openai:m\ntemperature: hot", "temperature: must be a number"),
        ("llm: openai:m\nllm_base_url: h:1", "--llm_base_url h:1: must be an address such as"),
        ("llm: [", "not YAML at line 1"),
        ("llm: openai:m\nmodels: [{model: x}]", "row 1 of models: it must have model, input and output"),
    ],
)
def test_a_file_that_describes_no_judge(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InvalidInputError) as told:
        judge_of(build_options(in_file(tmp_path, text)))
    assert str(told.value).startswith(f"--judge {tmp_path}/judge.yaml: ")
    assert says in str(told.value)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--min_score=0.7"], "--min_score: says how samples are judged; name who judges them"),
        (["--rubric=r.yaml"], "--rubric: says how"),
        (["--judge_gold=g.jsonl"], "--judge_gold: says how"),
        (["--judge=bogus:m"], "^--judge bogus:m: no backend 'bogus'; there are"),
        (["--judge=openai"], "--judge openai: name the model too, as in openai:MODEL"),
        (["--judge=vllm:some/model"], "must answer at once"),
        (["--judge=export:folder"], "must answer at once"),
    ],
)
def test_a_judge_that_there_cannot_be(arguments: list[str], says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        judge_of(build_options(*arguments))


def test_a_gold_set_is_read_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text('{"text": "a", "verdict": 1}\n{"text": "b"}\n')
    options = build_options("--judge=offline", f"--judge_gold={file}")
    with pytest.raises(GoldError, match=r"--judge_gold .*gold\.jsonl: line 2: give either verdict"):
        checks_of(options, HERE, "scrub", ["math", "instruction"])
    file.write_text('{"text": "a", "verdict": 1}\n')
    assert len(checks_of(options, HERE, "scrub", ["math", "instruction"]).gold) == 1


def test_a_rubric_is_read_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match=r"--rubric .*none\.yaml"):
        judge_of(build_options("--judge=offline", f"--rubric={tmp_path}/none.yaml"))
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(RubricError, match=r"^--rubric .*list\.yaml: must hold `criteria:`"):
        judge_of(build_options("--judge=offline", f"--rubric={tmp_path}/list.yaml"))
