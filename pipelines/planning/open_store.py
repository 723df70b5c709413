"""Opens the response store that a command names, for looking at it or filling it."""

from __future__ import annotations

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.transforms.store.protocol import ResponseStore, StoreError
from persona_hub.transforms.store.registry import open_store


def opened_store(address: str, must_be_there: bool = False) -> ResponseStore:
    """The store. Raises UsageError where it cannot be used, or is not there and must be."""
    try:
        return open_store(address, make=not must_be_there)
    except StoreError as error:
        raise UsageError(f"--response_store {error}") from error
