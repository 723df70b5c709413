"""Opens the response store that a command names, for looking at it or filling it."""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import UsageError
from transforms.store.protocol import ResponseStore, StoreError
from transforms.store.registry import open_store


def opened_store(address: str, must_be_there: bool = False) -> ResponseStore:
    """The store. Raises UsageError where it cannot be used, or is not there and must be."""
    path = address.removeprefix("sqlite:")
    if must_be_there and path != address and not Path(path).is_file():
        raise UsageError(f"--response_store {address}: is not there; no job has asked a paid model by it yet")
    try:
        return open_store(address)
    except StoreError as error:
        raise UsageError(f"--response_store {error}") from error
