"""How the stages of a job share its budget: as the options say, or as their costs are forecast."""

from __future__ import annotations

from collections.abc import Sequence

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.model_options import BudgetOptions, LanguageModelOptions
from persona_hub.transforms.calls.protocol import Budget

BudgetShares = tuple[tuple[str, float], ...]  # (stage, part of the budget) in the order of the stages
NO_SHARES = "none"


def has_budget(options: BudgetOptions) -> bool:
    """Whether any budget is set."""
    return bool(options.max_cost_usd or options.max_calls or options.budget_tokens)


def stage_shares(options: LanguageModelOptions, forecast_shares: BudgetShares) -> BudgetShares:
    """The stages' parts of the budget, none where there is no budget. Raises UsageError."""
    return shares_of(options.budget_shares, forecast_shares) if has_budget(options) else ()


def shares_of(typed: Sequence[str], forecast_shares: BudgetShares) -> BudgetShares:
    """`forecast_shares` where nothing is typed, nothing for "none", else STAGE=PART in the order of the stages.

    shares_of(["expand=0.5", "extract=0.25"], [("extract", 0.6), ("expand", 0.4)]) is
    (("extract", 0.25), ("expand", 0.5)). Raises UsageError.
    """
    if not typed:
        return forecast_shares
    if list(typed) == [NO_SHARES]:
        return ()
    stages = [stage for stage, _ in forecast_shares]
    shares: dict[str, float] = {}
    for text in typed:
        stage, _, part = text.partition("=")
        try:
            share = float(part)
        except ValueError:
            raise UsageError(f"--budget_shares {text}: must be STAGE=PART, such as extract_persona=0.3") from None
        if stage not in stages:
            raise UsageError(f"--budget_shares {text}: no such stage; there are {', '.join(stages)}")
        if stage in shares:
            raise UsageError(f"--budget_shares {text}: {stage} has a part already")
        shares[stage] = share
    try:
        return Budget(shares=tuple((stage, shares[stage]) for stage in stages if stage in shares)).shares
    except ValueError as error:
        raise UsageError(f"--budget_shares: {error}") from None
