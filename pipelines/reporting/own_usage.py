"""What each version and run has taken: a manifest has what its store had counted by then, over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from persona_hub.transforms.hub.manifest import BaseManifest, Manifest, RunManifest
from persona_hub.transforms.hub.versions import list_versions, runs_in

Usage = Mapping[str, Mapping[str, float]]  # {stage: {calls, input_tokens, output_tokens, cost_usd}}


def usage_by_name(output: str) -> dict[str, Usage]:
    """The own usage of every version and run in OUTPUT, by name."""
    return own_usages([*list_versions(output), *(run for _, run in runs_in(output))])


def own_usages(made: Iterable[BaseManifest]) -> dict[str, Usage]:
    """{name: what was counted since the one before}, attempts that failed in between included.

    Those of one response store are compared, in order of time. A count that is lower than before is of a store that was
    begun anew.
    """
    before: dict[tuple[str, str], Mapping[str, float]] = {}  # by store and stage
    own: dict[str, Usage] = {}
    for one in sorted(made, key=lambda one: (one.created, name_of(one))):
        if name_of(one) in own:  # the run of another use case, or a version's own
            continue
        store = str(one.parameters.get("response_store", ""))
        own[name_of(one)] = {stage: since(before.get((store, stage), {}), row) for stage, row in one.usage.items()}
        before |= {(store, stage): row for stage, row in one.usage.items()}
    return own


def since(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """What was added to one stage's counts."""
    if now.get("calls", 0) < before.get("calls", 0):
        return dict(now)
    return {name: max(much - before.get(name, 0), 0) for name, much in now.items()}


def name_of(one: BaseManifest) -> str:
    """Of a version or a run."""
    if isinstance(one, Manifest):
        return one.version
    return one.run if isinstance(one, RunManifest) else ""
