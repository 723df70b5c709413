"""What the flags around money come to, and what is refused before a job starts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from persona_hub.pipelines.planning.forecast import Prices, budget_shares, forecast_build
from persona_hub.pipelines.planning.models import HERE
from persona_hub.pipelines.runners.run import Where, beam_options, where_of
from persona_hub.transforms.calls.tokens import tokens_of
from persona_hub.transforms.expand_persona.relation_task import expand_prompt
from persona_hub.transforms.extract_persona.extract_persona import extract_prompt
from persona_hub.transforms.llm.prices import Price, PriceError, price_of, rows
from persona_hub.transforms.synthesis.use_cases import load_use_case
from tests.helpers.flags import PAID, build_options, model

CLUSTER = Where("DataflowRunner", one_machine=False, retries=True)


def test_answers_that_are_paid_are_kept_beside_the_hub() -> None:
    assert model(*PAID).store == "sqlite:/hub/responses.sqlite"
    assert model().store == ""
    assert model("--response_store", "none", *PAID).store == "none"
    assert model("--response_store", "sqlite:a.sqlite").store == f"sqlite:{Path.cwd() / 'a.sqlite'}"
    assert model("--max_calls", "9").store == "sqlite:/hub/responses.sqlite", "spend is counted there"


def test_the_budget_the_pace_and_the_price() -> None:
    made = model(
        *PAID, "--max_cost_usd=2.5", "--max_calls=7", "--budget_tokens=9", "--requests_per_minute=60",
        "--tokens_per_minute=600", "--retry_malformed=3", "--call_timeout=9", "--call_attempts=2",
    )  # fmt: skip
    assert (made.budget.cost_usd, made.budget.calls, made.budget.tokens) == (2.5, 7, 9)
    assert (made.requests_per_minute, made.tokens_per_minute) == (60, 600)
    assert (made.repairs, made.timeout, made.attempts) == (3, 9.0, 2)
    assert (made.input_price, made.output_price) == (0.25, 2.0)


@pytest.mark.parametrize(
    ("arguments", "where", "said"),
    [
        (PAID, CLUSTER, "DataflowRunner share no disk; name one that all can see: redis://HOST"),
        ([*PAID, "--response_store=sqlite:/a"], CLUSTER, "DataflowRunner cannot see this machine"),
        ([*PAID, "--response_store=none"], CLUSTER, "repeats what fails, and would pay twice"),
        ([*PAID, "--response_store=none", "--max_calls=1"], HERE, "a budget needs a store"),
        ([*PAID, "--response_store=tape:1"], HERE, "must be sqlite:PATH"),
        ([*PAID, "--response_store=redis://me:secret@host"], HERE, "redis://"),
        ([*PAID, "--output=gs://bucket/hub"], HERE, "cannot hold an embedded store"),
        (["--llm=openai:mine", "--max_cost_usd=1"], HERE, "nobody knows what openai:mine costs"),
        ([*PAID, "--llm_base_url=http://x", "--max_cost_usd=1"], HERE, "at http://x costs"),
        ([*PAID, "--llm_base_url=http://me:secret@x"], HERE, "come from the environment"),
        ([*PAID, "--max_calls=1", "--budget_shares=lunch=0.5"], HERE, "no such stage"),
        ([*PAID, "--max_calls=1", "--budget_shares=much"], HERE, "must be STAGE=PART"),
        (["--llm=tape:x"], HERE, "no backend 'tape'"),
    ],
)  # fmt: skip
def test_what_cannot_go_well_is_refused_with_the_remedy(arguments: list[str], where: Where, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        model(*arguments, where=where)
    assert ":secret" not in str(error.value)


def test_offline_needs_no_store_anywhere() -> None:
    assert model(where=CLUSTER).store == ""
    assert model("--response_store=none", where=CLUSTER).store == "none"


@pytest.mark.parametrize(
    ("flags", "one_machine", "retries"),
    [
        ([], True, False),
        (["--runner=PrismRunner"], True, True),
        (["--runner=FlinkRunner", "--environment_type=LOOPBACK"], True, True),
        (["--runner=FlinkRunner"], False, True),
        (["--runner=DataflowRunner", "--project=p"], False, True),
    ],
)
def test_where_a_job_runs(flags: list[str], one_machine: bool, retries: bool) -> None:
    where = where_of(beam_options(flags))
    assert (where.one_machine, where.retries) == (one_machine, retries)


def test_prices_of_ones_own_come_first(tmp_path: Path) -> None:
    own = tmp_path / "prices.yaml"
    own.write_text("models: [{model: 'openai:gpt-*', input: 1, output: 2}]")
    assert price_of("openai:gpt-5-mini") == Price(0.25, 2.0)
    assert price_of("openai:gpt-5-mini", price_file=str(own)) == Price(1, 2)
    assert price_of("vertex:gemini-2.5-flash-lite", price_file=str(own)) == Price(0.1, 0.4)
    assert price_of("openai:gpt-5-mini", base_url="http://mine") is None, "another server's prices are its own"
    assert price_of("openai:mine") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: {", "no YAML"),
        ("[1]", "must be a list `models`"),
        ("models: [{model: a, input: 1}]", "row 1 of models"),
        ("models: [{model: a, input: 1, output: dear}]", "output of a is 'dear'"),
        ("models: [{model: a, input: -1, output: 1}]", "0 or more"),
    ],
)
def test_a_broken_price_file_is_named_with_its_row(text: str, said: str) -> None:
    with pytest.raises(PriceError) as error:
        list(rows(text, "own.yaml"))
    assert said in str(error.value)
    assert "own.yaml" in str(error.value)


def test_later_stages_keep_a_part_of_the_budget() -> None:
    flags = build_options("--use_case", "math")
    stages = forecast_build(flags, extract_prompt(), expand_prompt(), [load_use_case("math", "", "")], 1000)
    assert [stage.stage for stage in stages] == ["extract_persona", "expand_persona", "synthesize_math"]
    shares = budget_shares(stages, Price(0.25, 2.0))
    assert sum(share for _, share in shares) == pytest.approx(1)
    need = [stage.cost(Prices(Price(0.25, 2.0))) for stage in stages]
    so_far = 0.0
    for (_, share), cost in zip(shares[:-1], need, strict=False):
        so_far += share
        assert cost / sum(need) < so_far < 1


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("The quick brown fox jumps over the lazy dog near the riverbank.", 12, 18),
        ("Die Bürgermeisterin eröffnete gestern die Ausstellung über Flussschifffahrt.", 15, 25),
        ("村里有一块刻着凹槽的木头，凹槽的宽度就是每家分到的水量。", 15, 28),
        ("Машинист электропоезда рассказал школьникам о своей работе.", 14, 26),
        ("", 0, 0),
    ],
)
def test_tokens_by_script(text: str, least: float, most: float) -> None:
    assert least <= tokens_of(text) <= most
