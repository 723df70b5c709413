"""The response store that a command names: opened to look at it or to fill it, and tried before a job runs."""

from __future__ import annotations

from contextlib import closing

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.runners.known_store import note_store
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.store.protocol import ResponseStore, Spend, StoreError
from persona_hub.transforms.store.registry import NO_STORE, open_store


def opened_store(address: str, must_be_there: bool = False) -> ResponseStore:
    """The store. Raises UsageError where it cannot be used, or is not there and must be."""
    try:
        return open_store(address, make=not must_be_there)
    except StoreError as error:
        raise UsageError(f"--response_store {error}") from error


def check_store(address: str, where: Where, output: str = "") -> None:
    """Opens and closes the store, where this machine can see it: a broken one, and one that is not the one which
    earlier runs on `output` used, is reported before anything runs.
    """
    if where.one_machine and address not in ("", NO_STORE):
        with closing(opened_store(address)) as store:
            if output:
                note_store(output, address, store)


def stored_spend(address: str) -> dict[str, Spend] | None:
    """What a store has counted by stage; None where there is none yet, or none that this machine can see."""
    if address in ("", NO_STORE):
        return None
    try:
        with closing(open_store(address, make=False)) as store:
            return store.spend()
    except StoreError:
        return None
