"""Which part of a budget ran out, what is spent of it, and which flags mend that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from persona_hub.pipelines.progress.lines import money
from persona_hub.pipelines.runners.response_store import stored_spend
from persona_hub.transforms.calls.budget import limits_of, total_of
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.store.protocol import Amount, Spend

FULL = 0.995  # of a limit: processes lease 0.25% of it at once, which they may leave unused


class Use(NamedTuple):
    """What is spent of one limit."""

    stages: tuple[str, ...]  # that the limit is for; none: all
    flag: str  # that sets the limit of the whole budget
    spent: int  # calls, tokens, or billionths of a US dollar
    ceiling: int
    whole: int  # the limit of all stages

    @property
    def share(self) -> float:
        """The part that is spent."""
        return self.spent / self.ceiling


def spent_budget(model: ModelConfig, unasked: int, exhausted: Collection[str] = ()) -> str:
    """Which limit stopped the stages `exhausted`, and a sentence on what mends it; `unasked`: the questions left.

    Without figures where the response store cannot be seen from here.
    """
    uses = list(uses_of(model, stored_spend(model.store) or {}, exhausted))
    use = max(uses, key=lambda one: one.share, default=None)
    if use is None or not use.spent:
        which, remedy = "", "a higher budget"
    else:
        which, remedy = (
            which_limit(use),
            f"a higher {use.flag}{', or with --budget_shares none,' if use.stages else ''}",
        )
    return (
        f"the budget ran out{which}; {quantity(unasked, 'question')} not asked. The same command with {remedy} goes on "
        "from here, and pays for nothing twice"
    )


def which_limit(use: Use) -> str:
    """The stages that have used up a limit, and what is spent of it."""
    left = "" if use.share >= FULL else ", and what is left may not cover another call at its longest"
    spent, ceiling = shown(use.flag, use.spent, unit=False), shown(use.flag, use.ceiling)
    if not use.stages:
        return f": {spent} of {ceiling} are spent{left}"
    owner, whole = "its" if len(use.stages) == 1 else "their", shown(use.flag, use.whole, unit=False)
    return f" for {', '.join(use.stages)}: {spent} of {owner} {ceiling} are spent ({whole} in all){left}"


def uses_of(model: ModelConfig, spend: Mapping[str, Spend], exhausted: Collection[str]) -> Iterator[Use]:
    """What is spent of each limit that binds one of the stages `exhausted`; of each, where none is named."""
    flags = ("--max_calls", "--budget_tokens", "--max_cost_usd")
    for limit in limits_of(model.budget):
        if exhausted and not any(limit.binds(stage) for stage in exhausted):
            continue
        spent = Amount()
        for stage, one in spend.items():
            if limit.binds(stage):
                spent = spent.plus(one.amount)
        for flag, much, ceiling, whole in zip(flags, spent, limit.ceiling, total_of(model.budget), strict=True):
            if ceiling:
                yield Use(limit.stages, flag, much, ceiling, whole)


def shown(flag: str, n: int, unit: bool = True) -> str:
    """An amount of what a flag limits."""
    if flag == "--max_cost_usd":
        return f"{money(n / 1e9)}{' US dollars' if unit else ''}"
    return f"{n:,} {flag.rpartition('_')[2]}" if unit else f"{n:,}"
