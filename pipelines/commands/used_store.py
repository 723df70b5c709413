"""Which response store the jobs on a hub use, as far as this user may look into it: what `status` need not be told."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from persona_hub.pipelines.planning.store_choice import absolute, default_store
from persona_hub.pipelines.planning.trust import as_noted, is_own, last_settings, noted_settings
from persona_hub.transforms.files.storage import is_local
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.store.registry import NO_STORE

STORE = "response_store"


class UsedStore(NamedTuple):
    """A response store, or why there is none to look into."""

    address: str
    why: str = ""


def used_store(output: str) -> UsedStore:
    """The store of this user's last command on OUTPUT; else the one that its manifest names, if that is the user's own;
    else the one in OUTPUT.

    A store that only the manifest names is not opened: a stranger may have written it.
    """
    noted = noted_settings(output).get(STORE, [])
    if noted and (last := last_settings(output).get(STORE)):
        typed = as_noted(STORE, last)
        return UsedStore(typed if typed in noted else noted[-1])
    made = str(open_hub(output).manifest.parameters.get(STORE, "")) if read_current(output) else ""
    if made == NO_STORE:
        return UsedStore("", "its job kept no answers (--response_store none)")
    if made and is_own(output, STORE, made, {STORE: noted}):
        return UsedStore(absolute(made))
    if made:
        return UsedStore(
            "",
            "its manifest names one that you have not used with it on this machine; if you trust that, add "
            f"--response_store={shlex.quote(made)}",
        )
    if not is_local(output):
        return UsedStore("", "it is not on this machine and no command here has used a response store with it")
    return UsedStore(default_store(output))
