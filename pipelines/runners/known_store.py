"""Whether the response store is the one that earlier runs on an output used: a store that forgot is paid for again."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress

import orjson

from persona_hub.pipelines.cli.log_lines import say
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import read_bytes
from persona_hub.transforms.hub.versions import HubError, open_hub, path_of
from persona_hub.transforms.store.protocol import ResponseStore

STORES_FILE = "response_stores.json"  # in OUTPUT: {address: the identity of the store there}
STORES_BYTES = 1 << 20


def note_store(output: str, address: str, store: ResponseStore) -> None:
    """Says on stderr if the store is not the one that `output` knows, and notes it there for the next run."""
    place = address.partition("?")[0] if "://" in address else address
    known = known_stores(output)
    if place in known and known[place] != store.identity:
        tell(f"{place}: is not the store that earlier runs used: it was emptied or made anew, and what they paid for")
    elif place not in known and not store.spend() and (paid := calls_of(output) or bool(known)):
        where = ", ".join(known) or "elsewhere"
        calls = f" for {quantity(paid, 'call')}" if paid is not True else ""
        tell(f"{place}: holds no answers yet, while those that earlier runs paid{calls} are {where}; what they answer")
    if store.identity and known.get(place) != store.identity:
        with suppress(OSError):  # the job will say what is wrong
            write_bytes(path_of(output, STORES_FILE), orjson.dumps({**known, place: store.identity}))


def tell(what: str) -> None:
    """One line, before anything is bought."""
    say(
        f"persona-hub: warning: --response_store {what} is asked, and paid, again; if that is not meant, stop this run "
        "and restore the store, or name the one that has the answers",
        file=sys.stderr,
        flush=True,
    )


def known_stores(output: str) -> Mapping[str, str]:
    """{address: identity} of the stores that runs on `output` used, as far as they noted it."""
    try:
        found = orjson.loads(read_bytes(path_of(output, STORES_FILE), STORES_BYTES))
    except (OSError, orjson.JSONDecodeError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def calls_of(output: str) -> int:
    """How many calls the hub in `output` says were paid; 0 where there is no hub."""
    try:
        usage = open_hub(output).manifest.usage
    except (HubError, OSError, ValueError):
        return 0
    return sum(int(row.get("calls", 0)) for row in usage.values())
