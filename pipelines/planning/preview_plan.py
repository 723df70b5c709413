"""The plan of a build that is only looked at, by `preview` and `estimate`."""

from __future__ import annotations

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.planning.models import BUDGET_FLAGS, HERE, Flags, embeds, named_model, store_of
from persona_hub.pipelines.planning.plan import BuildPlan, plan_build
from persona_hub.transforms.llm.registry import EXPORT, LOCAL
from persona_hub.transforms.store.registry import NO_STORE


def plan_look(flags: Flags, nowhere: str, sends: bool = True) -> BuildPlan:
    """The plan of a build into the empty folder `nowhere`: OUTPUT lends its response store, its hub does not matter.

    The budget holds, but for the stages' shares of it. Raises ValueErrors that name the flag or file and the remedy.
    """
    name, options = named_model(flags)
    if sends and EXPORT in options:
        raise UsageError(f"--llm {flags['llm']}: an export sends nothing; name the model itself to look at its answers")
    limited = sends and any(flags[flag] for flag in BUDGET_FLAGS)
    paid = flags["embedder"] if name.partition(":")[0] in LOCAL and embeds(flags) else name
    store = store_of(flags, paid, HERE, limited)
    if limited and not store:
        raise UsageError("--output or --response_store: a budget is kept in a response store; name one of them")
    changed = {"output": nowhere, "response_store": store or NO_STORE, "budget_shares": [NO_STORE]}
    free = {} if limited else dict.fromkeys(BUDGET_FLAGS, 0)
    return plan_build({**flags, **changed, **free, "llm": name, "batch_model": ""})
