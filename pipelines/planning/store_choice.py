"""Which response store a command uses: the one that is named, or the embedded one in OUTPUT."""

from __future__ import annotations

from pathlib import Path

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.hub_options import NamedStoreOptions
from persona_hub.pipelines.cli.model_options import CallingOptions
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.embedding.registry import LOCAL_EMBEDDERS
from persona_hub.transforms.files.storage import is_local
from persona_hub.transforms.hub.places import path_of
from persona_hub.transforms.llm.registry import LOCAL_BACKENDS
from persona_hub.transforms.store.registry import NO_STORE, is_embedded_store, scheme_of

RESPONSES = "responses.sqlite"
SHARED = "name one that all can see: redis://HOST or bigtable://PROJECT/INSTANCE/TABLE"


def store_of(options: CallingOptions, model: str, where: Where, limited: bool, exporting: bool = False) -> str:
    """The address of the response store for the answers of `model`, "" where there is no call to keep.

    `limited`: under a budget. Raises UsageError with the remedy.
    """
    named = options.response_store
    paid = model.partition(":")[0] not in (*LOCAL_BACKENDS, *LOCAL_EMBEDDERS)
    if named == NO_STORE:
        if where.retries and paid:
            raise UsageError(f"--response_store none: {where.runner} repeats what fails, and would pay twice; {SHARED}")
        if limited or exporting:
            what = "a budget" if limited else "--llm=export"
            raise UsageError(f"--response_store none: {what} needs a store, where answers and spend are kept")
        return NO_STORE
    if named:
        if is_embedded_store(named) and not where.one_machine:
            raise UsageError(
                f"--response_store {named}: the workers of {where.runner} cannot see this machine; {SHARED}"
            )
        return absolute(named)
    if not (paid or limited):
        return ""
    if not where.one_machine:
        raise UsageError(
            f"--response_store: {model} is paid, and the workers of {where.runner} share no disk; {SHARED}"
        )
    return default_store(options.output)


def named_store(options: NamedStoreOptions) -> str:
    """The store of a command that only reads it or fills it. Raises UsageError where none is named."""
    if options.response_store not in ("", NO_STORE):
        return absolute(options.response_store)
    store = default_store(options.output)
    if not store:
        raise UsageError("--output or --response_store: name one of them; it says which responses are meant")
    return store


def default_store(output: str) -> str:
    """The embedded store in OUTPUT, "" where no OUTPUT is named. Raises UsageError where that is no local folder."""
    if not output:
        return ""
    if not is_local(output):
        raise UsageError(
            f"--response_store: --output {output} is not on this machine, so it cannot hold an embedded store; name "
            "sqlite:PATH on this one, redis://HOST or bigtable://PROJECT/INSTANCE/TABLE"
        )
    path_of(output, RESPONSES)  # a link that leads out of OUTPUT is named
    return f"sqlite:{Path(output).absolute() / RESPONSES}"


def absolute(address: str) -> str:
    """The same store from any working directory. Raises ValueError for an address of no known form."""
    if scheme_of(address) != "sqlite":
        return address
    return f"sqlite:{Path(address.removeprefix('sqlite:')).absolute()}"
