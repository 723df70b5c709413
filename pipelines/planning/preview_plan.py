"""The plan of a build that is only tried out, by `preview` and `estimate`."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.model_options import BudgetOptions
from persona_hub.pipelines.planning.budget import NO_SHARES, has_budget
from persona_hub.pipelines.planning.models import HERE, embeds, named_model
from persona_hub.pipelines.planning.plan import BuildPlan, plan_build
from persona_hub.pipelines.planning.store_choice import store_of
from persona_hub.transforms.llm.registry import EXPORT, LOCAL_BACKENDS
from persona_hub.transforms.store.registry import NO_STORE

LimitedT = TypeVar("LimitedT", bound=BudgetOptions)


def plan_preview(options: BuildOptions, empty_folder: str, sends: bool = True) -> BuildPlan:
    """The plan of a build into `empty_folder`: of OUTPUT it uses the response store, and never the hub.

    The budget holds, but not the stages' shares of it. Raises ValueErrors that name the flag or file and the remedy.
    """
    name, export = named_model(options)
    if sends and EXPORT in export:
        raise UsageError(f"--llm {options.llm}: an export sends nothing; name the model itself to look at its answers")
    limited = sends and has_budget(options)
    paid = options.embedder if name.partition(":")[0] in LOCAL_BACKENDS and embeds(options) else name
    store = store_of(options, paid, HERE, limited)
    if limited and not store:
        raise UsageError("--output or --response_store: a budget is kept in a response store; name one of them")
    tried = replace(
        options,
        llm=name,
        batch_model="",
        output=empty_folder,
        response_store=store or NO_STORE,
        budget_shares=(NO_SHARES,),
    )
    return plan_build(tried if limited else without_budget(tried))


def without_budget(options: LimitedT) -> LimitedT:
    """The same options, with no limit to what is spent."""
    return replace(options, max_cost_usd=0.0, max_calls=0, budget_tokens=0)
