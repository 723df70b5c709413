"""Which limit a job ran into, in words that say what mends it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from persona_hub.pipelines.reporting.spent_budget import spent_budget
from persona_hub.transforms.calls.protocol import Budget, ModelConfig
from persona_hub.transforms.store.protocol import Put, Spend
from persona_hub.transforms.store.registry import open_store

SHARES = (("extract_persona", 0.53), ("expand_persona", 0.27), ("synthesize_math", 0.2))
END = "goes on from here, and pays for nothing twice"


def said(folder: Path, budget: Budget, exhausted: list[str], **spent: Spend) -> str:
    """The sentence for a store that has counted so much."""
    address = f"sqlite:{folder}/store.sqlite"
    with closing(open_store(address)) as store:
        store.commit([Put(stage.encode(), b"v", stage, spend) for stage, spend in spent.items()])
    return spent_budget(ModelConfig("openai:m", store=address, budget=budget), 1200, exhausted)


def test_a_stage_that_has_used_up_its_share(tmp_path: Path) -> None:
    budget = Budget(cost_usd=0.3, shares=SHARES)
    assert said(tmp_path, budget, ["extract_persona"], extract_persona=Spend(40, 400, 40, 158_900_000)) == (
        "the budget ran out for extract_persona: 0.1589 of its 0.1590 US dollars are spent (0.3000 in all); 1,200 "
        f"questions not asked. The same command with a higher --max_cost_usd, or with --budget_shares none, {END}"
    )


def test_two_stages_together(tmp_path: Path) -> None:
    spent = {"extract_persona": Spend(50, 1, 1), "expand_persona": Spend(30, 1, 1), "synthesize_math": Spend(1, 1, 1)}
    told = said(tmp_path, Budget(calls=100, shares=SHARES), ["expand_persona"], **spent)
    assert told.startswith(
        "the budget ran out for extract_persona, expand_persona: 80 of their 80 calls are spent (100 in all); "
    )


def test_the_whole_of_it(tmp_path: Path) -> None:
    spent = {"extract_persona": Spend(50, 500, 40, 1), "synthesize_math": Spend(40, 300, 159, 1)}
    told = said(tmp_path, Budget(tokens=1000, cost_usd=5.0, shares=SHARES), ["synthesize_math"], **spent)
    assert told == (
        "the budget ran out: 999 of 1,000 tokens are spent; 1,200 questions not asked. The same command with a "
        f"higher --budget_tokens {END}"
    )


def test_what_is_left_is_told(tmp_path: Path) -> None:
    told = said(tmp_path, Budget(cost_usd=0.3), [], extract_persona=Spend(9, 9, 9, 160_000_000))
    assert told.startswith(
        "the budget ran out: 0.1600 of 0.3000 US dollars are spent, and what is left may not cover another call at its "
        "longest; 1,200 questions"
    )


@pytest.mark.parametrize("store", ["", "none", "sqlite:/nowhere/at/all.sqlite"])
def test_without_a_store_to_look_at_there_are_no_figures(store: str) -> None:
    assert spent_budget(ModelConfig("openai:m", store=store, budget=Budget(calls=9)), 3) == (
        f"the budget ran out; 3 questions not asked. The same command with a higher budget {END}"
    )
