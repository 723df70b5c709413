"""Whether what a response store has counted was paid for one hub, so that a price of its personas can be told."""

from __future__ import annotations

from persona_hub.pipelines.planning.store_choice import default_store
from persona_hub.pipelines.runners.response_store import stored_spend
from persona_hub.transforms.files.storage import is_local
from persona_hub.transforms.hub.versions import list_versions
from persona_hub.transforms.store.usage import NANO
from persona_hub.transforms.write_hub.novelty import costs_of


def is_own_spend(output: str, store: str) -> bool:
    """Whether all that the store at `store` has counted so far was paid for the hub in `output`.

    The store in OUTPUT is the hub's own: what it has counted beside its versions is of a preview, or of an attempt that
    was killed. Another one may be shared with other hubs: it counts as this hub's as long as its costs are those that
    the hub's versions know of. One that has counted less than these is not the one that they were paid by.
    """
    own = is_local(output) and store == default_store(output)
    spend = stored_spend(store)
    if spend is None and not own:
        return False
    counted = {stage: one.cost / NANO for stage, one in (spend or {}).items()}
    known = costs_of(list_versions(output))
    more = [round(counted.get(stage, 0.0) - known.get(stage, 0.0), 9) for stage in {*counted, *known}]
    return all(much >= 0 if own else much == 0 for much in more)
