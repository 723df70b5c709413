"""What a job is expected to take: its size, its calls, the parts of a budget, the time; and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.pipelines.commands.estimate import estimate_table, stage_line, stage_seconds
from persona_hub.pipelines.commands.trial import Trial, minus
from persona_hub.pipelines.planning.forecast import (
    KEPT,
    Prices,
    StageForecast,
    budget_shares,
    forecast_build,
    forecast_samples,
)
from persona_hub.pipelines.planning.sizing import (
    MOST_BLOCKS,
    blocks_for,
    expected_personas,
    shards_for,
)
from persona_hub.transforms.calls.protocol import Budget, ModelConfig
from persona_hub.transforms.check_samples.checks import Checks
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.expand_persona.relation_task import expand_prompt
from persona_hub.transforms.extract_persona.extract_persona import extract_prompt
from persona_hub.transforms.llm.prices import Price
from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.synthesis.use_cases import load_use_case
from tests.helpers.flags import build_options

EXTRACT, EXPAND = extract_prompt(), expand_prompt()
MATH = load_use_case("math", "", "")


def forecast(*arguments: str, documents: float = 1000, use_cases: Any = ()) -> dict[str, StageForecast]:
    stages = forecast_build(build_options(*arguments), EXTRACT, EXPAND, use_cases, documents)
    return {stage.stage: stage for stage in stages}


# ---- size


@pytest.mark.parametrize(
    ("arguments", "personas"),
    [((2_000_000, 1, 0, 1), 1000), ((2_000_000, 2, 3, 1), 8000), ((2_000_000, 1, 2, 3), 13_000), ((5, 1, 0, 1), 1)],
)
def test_personas_that_a_corpus_may_give(arguments: tuple[int, int, int, int], personas: int) -> None:
    assert expected_personas(*arguments) == personas


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_larger_inputs_are_cut_into_no_fewer_parts_within_bounds(one: int, other: int) -> None:
    small, large = sorted((one, other))
    for parts in (blocks_for, shards_for):
        assert 1 <= parts(small) <= parts(large) <= MOST_BLOCKS


# ---- calls


def test_without_hops_and_use_cases_a_document_is_a_call() -> None:
    stages = forecast("--expand_hops=0")
    assert list(stages) == ["extract_persona"]
    assert stages["extract_persona"].calls == 1000


def test_calls_multiply_as_flags_say() -> None:
    one = forecast("--expand_hops=1", use_cases=[MATH])
    more = forecast(
        "--expand_hops=1", "--personas_per_document=2", "--expand_per_persona=3", "--samples_per_persona=5",
        use_cases=[MATH],
    )  # fmt: skip
    assert more["extract_persona"].calls == 2 * one["extract_persona"].calls
    assert more["expand_persona"].calls == pytest.approx(6 * one["expand_persona"].calls)
    assert more["synthesize_math"].calls > 5 * 2 * one["synthesize_math"].calls
    assert one["expand_persona"].calls < KEPT * 1000


@given(st.integers(0, 5))
def test_another_hop_never_takes_less(hops: int) -> None:
    fewer, more = (forecast(f"--expand_hops={n}", use_cases=[MATH]) for n in (hops, hops + 1))
    assert more["synthesize_math"].calls > fewer["synthesize_math"].calls
    assert more["expand_persona"].calls > (fewer["expand_persona"].calls if hops else 0)


def test_a_bound_on_samples_bounds_their_calls() -> None:
    assert forecast_samples(build_options("--max_samples=30"), [MATH], 1000)[0].calls == 30
    assert forecast_samples(build_options("--max_samples=30"), [MATH], 10)[0].calls == 10
    assert forecast_samples(build_options("--max_samples=5", "--samples_per_persona=3"), [MATH], 10)[0].calls == 5


STAGES = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=6).map(
    lambda calls: [StageForecast(f"stage {i}", n, 100, 10) for i, n in enumerate(calls)]
)


PRICES = st.just(0.0) | st.floats(1e-6, 100)  # of a million tokens


@given(STAGES, PRICES, PRICES)
def test_parts_of_a_budget_are_a_budget_s_and_leave_each_stage_what_it_needs(
    stages: list[StageForecast], input_price: float, output_price: float
) -> None:
    shares = budget_shares(stages, Price(input_price, output_price))
    Budget(calls=1, shares=shares)  # raises where they are none
    assert sum(share for _, share in shares) == pytest.approx(1)
    need = [stage.cost(Prices(Price(input_price or 1, output_price or 1))) for stage in stages]
    parts, used, needed = dict(shares), 0.0, 0.0
    for stage, cost in zip(stages, need, strict=True):
        used, needed = used + parts.get(stage.stage, 0.0), needed + cost / sum(need)
        assert used >= needed - 1e-9


def test_no_stages_have_no_parts() -> None:
    assert budget_shares([], Price(1, 1)) == ()


# ---- time and money


@dataclass
class Planned:
    """As much of a plan as the time depends on."""

    model: ModelConfig = field(default_factory=ModelConfig)
    embedder: EmbedderConfig = field(default_factory=EmbedderConfig)
    checks: Checks = field(default_factory=Checks)


@pytest.mark.parametrize(
    ("config", "seconds"),
    [
        ({"max_in_flight": 10}, 1000 * 2.0 / 20),
        ({"max_in_flight": 10, "requests_per_minute": 60}, 1000.0),
        ({"max_in_flight": 10, "tokens_per_minute": 600}, 1000 * 110 * 60 / 600),
        ({"max_in_flight": 10, "requests_per_minute": 10**9}, 1000 * 2.0 / 20),
    ],
    ids=["side by side", "requests a minute", "tokens a minute", "a pace that does not bind"],
)
def test_a_stage_takes_the_longest_of_what_holds_it(config: Any, seconds: float) -> None:
    trial = Trial(latency={"s": 2.0})
    plan: Any = Planned(ModelConfig(**config))
    assert stage_seconds(StageForecast("s", 1000, 100, 10), plan, trial, processes=2) == pytest.approx(seconds)


def test_a_table_sums_calls_tokens_money_and_time() -> None:
    stages = [StageForecast("a", 1000, 100, 10), StageForecast("b", 500, 200, 100)]
    head, one, two, whole, batch = estimate_table(stages, [60, 3600], Prices(Price(1.0, 10.0, 0.5)))
    assert one.split() == ["a", "1,000", "100,000", "10,000", "0.20", "01:00"]
    assert two.split() == ["b", "500", "100,000", "50,000", "0.60", "1:00:00"]
    assert whole.split() == ["all", "1,500", "200,000", "60,000", "0.80", "1:01:00"]
    assert batch.endswith("0.40 US dollars")
    assert {len(head)} == {len(row) for row in (one, two, whole)}


def test_a_judge_has_a_price_of_its_own_and_is_not_exported() -> None:
    stages = [StageForecast("a", 1000, 100, 10), StageForecast("judge_a", 500, 200, 100, judges=True)]
    prices = Prices(Price(1.0, 10.0, 0.5), judge=Price(2.0, 20.0))
    _, _, two, whole, batch = estimate_table(stages, [1, 1], prices)
    assert two.split()[4] == "1.20"
    assert whole.split()[4] == "1.40"
    assert batch.endswith("1.30 US dollars")


def test_where_no_price_is_known_none_is_made_up() -> None:
    *_, whole, said = estimate_table([StageForecast("a", 1, 1, 1)], [1], Prices(None))
    assert "unknown" in whole
    assert "--price_file" in said
    assert "0.00" in stage_line("a", [0, 0, 0, 0, 0], priced=True)


# ---- what a trial tells of the whole


def trial_of(**spent: int) -> Trial:
    counts = {
        "extract_persona": {"asked": 100, "answered": 100},
        "expand_persona": {"asked": 80, "passed-over": 20, "answered": 80},
        "unique_personas": {"personas": 180},
        "embed_dedup": {"kept": 180},
    }
    return Trial(100, counts, {stage: Spend(calls) for stage, calls in spent.items()})


def test_documents_are_all_asked_about_however_many() -> None:
    assert trial_of(extract_persona=100).calls("extract_persona", 10) == 1000


def test_calls_for_a_question_are_as_in_the_trial_where_it_bought_them() -> None:
    assert trial_of(extract_persona=130).calls("extract_persona", 10) == 1300, "some were asked twice"
    assert trial_of(extract_persona=3).calls("extract_persona", 10) == 1000, "the store had the others already"


@given(st.floats(1, 10_000), st.floats(1, 10_000))
def test_the_more_documents_the_more_personas_resemble_earlier_ones(one: float, other: float) -> None:
    small, large = sorted((one, other))
    trial = trial_of(expand_persona=80)
    assert trial.calls("expand_persona", small) <= trial.calls("expand_persona", large) + 1e-6
    assert trial.novelty("expand_persona", large) <= trial.novelty("expand_persona", small) <= 1


def test_a_trial_of_nothing_tells_nothing() -> None:
    assert Trial().asked == {}
    assert Trial().calls("extract_persona", 10) == 0
    assert minus(Spend(5, 4, 3, 2), Spend(1, 1, 1, 1)) == Spend(4, 3, 2, 1)
