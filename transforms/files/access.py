"""Why a storage cannot be used: its extra, its flags, credentials or rights are missing. One line, with the remedy."""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple

from persona_hub.transforms.errors import InvalidInputError

FAR = ("gs", "s3", "hdfs")  # schemes of the storages that are asked before a command begins
CLIENTS = {"s3": "boto3", "hdfs": "hdfs"}  # module of the client by scheme, where it comes with an extra
SECONDS = 10  # that a storage may take to answer the first question


class AccessError(InvalidInputError):
    """A storage that cannot be used as it is asked for; the message names the path, the cause and the remedy."""


class StorageAway(OSError):
    """A storage that does not answer; the message names the path and the cause."""


class Swapped(NamedTuple):
    """What became of a file that was to be replaced only if it held what was expected."""

    done: bool
    found: bytes | None  # what it held instead; None: there was none


def scheme_of(path: str) -> str:
    """The scheme of a path, "gs" of gs://bucket/name; "" on this machine."""
    scheme, found, _ = path.partition("://")
    return scheme if found else ""


def require_client(path: str) -> None:
    """Raises AccessError where the client of the path's storage is not installed."""
    scheme = scheme_of(path)
    if scheme in CLIENTS and find_spec(CLIENTS[scheme]) is None:
        raise AccessError(f"{path}: {scheme}:// needs the extra: pip install 'persona-hub[{scheme}]'")


def bucket_and_name(path: str) -> tuple[str, str]:
    """("bucket", "a/b") of s3://bucket/a/b."""
    bucket, _, name = path.partition("://")[2].partition("/")
    return bucket, name
