"""Stores by the scheme of their address: one line each. Client libraries are imported when a store is opened."""

from __future__ import annotations

import re
from importlib import import_module

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.secrets import SECRET_NAME
from persona_hub.transforms.store.protocol import ResponseStore

STORES = {
    "sqlite": "persona_hub.transforms.store.sqlite:SqliteStore",
    "redis": "persona_hub.transforms.store.redis:RedisStore",
    "rediss": "persona_hub.transforms.store.redis:RedisStore",  # over TLS
    "bigtable": "persona_hub.transforms.store.bigtable:BigtableStore",
}
# //HOST:PORT/DATABASE?username=NAME&password_secret=NAME
SERVER_ADDRESS = re.compile(
    r"//(\[[0-9a-fA-F:.]+\]|[^\s/?#:@\[\]]+)(:\d{1,5})?(/\d*)?"
    rf"(\?(username=[\w.@-]+&)?password_secret={SECRET_NAME.pattern})?"
)
TABLE_ADDRESS = re.compile(r"//[a-z][-a-z0-9.:]*/[a-z][-a-z0-9]*/[-_.a-zA-Z0-9]{1,50}")  # //PROJECT/INSTANCE/TABLE
ADDRESS_PATTERNS = {
    "sqlite": re.compile(r".+", re.DOTALL),
    "redis": SERVER_ADDRESS,
    "rediss": SERVER_ADDRESS,
    "bigtable": TABLE_ADDRESS,
}
ADDRESS_HELP = (
    "sqlite:PATH, redis://HOST:PORT/DATABASE, rediss://HOST:PORT/DATABASE (TLS), bigtable://PROJECT/INSTANCE/TABLE "
    "or none"
)
CREDENTIALS = re.compile(r"[@?#=&%;,]|://[^/]*:[^/]*[^\d/]")  # or HOST:PORT with a port that is no number
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}:(//)?(?=.)")
NO_STORE = "none"
LOCAL_STORES = ("sqlite",)  # seen by the processes of one machine only


def open_store(address: str, durable: bool = False, make: bool = True) -> ResponseStore:
    """The store at `address` (`sqlite:PATH`, `redis://HOST`, `bigtable://PROJECT/INSTANCE/TABLE`), ready to use.

    Raises ValueError for an address of no known form and StoreError for a store that cannot be used, or is not there
    and is not to be made.
    """
    module, _, attribute = STORES[scheme_of(address)].partition(":")
    place = address.removeprefix("sqlite:")
    store: ResponseStore = getattr(import_module(module), attribute)(place, durable, make)
    return store


def scheme_of(address: str) -> str:
    """The scheme: "redis" of "redis://HOST". Raises ValueError where that is no store, or for one with a password."""
    scheme, _, place = address.partition(":")
    if scheme in ("redis", "rediss") and CREDENTIALS.search(address) and not SERVER_ADDRESS.fullmatch(place):
        raise InvalidInputError(
            f"--response_store {scheme}://…: must be {scheme}://HOST:PORT/DATABASE; credentials come from the "
            "environment (REDIS_USERNAME, REDIS_PASSWORD), never in the address, which may name a secret: "
            "?password_secret=projects/P/secrets/S/versions/V"
        )
    if scheme not in STORES or not ADDRESS_PATTERNS[scheme].fullmatch(place):
        raise InvalidInputError(f"--response_store {shown_address(address)}: must be {ADDRESS_HELP}")
    return scheme


def shown_address(address: str) -> str:
    """An address of no known form as a message may show it: whatever may hold a password or a token is left out."""
    if not CREDENTIALS.search(address):
        return address
    scheme = SCHEME.match(address)
    return f"{scheme[0]}…" if scheme else "…"


def is_embedded_store(address: str) -> bool:
    """Whether only the processes of this machine can see the store: of no use to the workers of a cluster."""
    return address != NO_STORE and scheme_of(address) in LOCAL_STORES
