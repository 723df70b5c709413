"""CURRENT: the one file of a hub that changes, and only by compare-and-set."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from persona_hub.transforms.files.conditional import swap_file
from persona_hub.transforms.files.storage import file_exists, is_local, read_bytes
from persona_hub.transforms.hub.places import HubError, checked_version, path_of

CURRENT_BYTES = 256


class PublishConflict(HubError):
    """Another run has published meanwhile."""


def current_path(output: str) -> str:
    """Where OUTPUT keeps the name of its current version."""
    return path_of(output, "hub/CURRENT")


def read_current(output: str) -> str:
    """Name of the version that readers see, "" where there is none yet. Raises HubError for what is no such name."""
    path = current_path(output)
    name = name_in(read_bytes(path, CURRENT_BYTES)) if file_exists(path) else ""
    return checked_version(name, path) if name else ""


def set_current(output: str, expected: str, version: str) -> None:
    """Makes `version` the one that readers see, if that is `expected` now. Raises PublishConflict if it is not.

    Exclusive on a local disk (inside `exclusive`), on GCS and on S3; see `swap_file`.
    """
    path = current_path(output)
    checked_version(version, path)
    swapped = swap_file(path, lambda held: name_in(held) == expected, f"{version}\n".encode())
    if not swapped.done:
        require_current(output, expected, name_in(swapped.found))


def name_in(content: bytes | None) -> str:
    """The name in a file CURRENT, "" where there is no file."""
    return (content or b"").decode("utf-8", "replace").strip()


def exclusive(output: str) -> AbstractContextManager[None]:
    """On a local disk, no other process is inside for the same OUTPUT; elsewhere it holds nobody."""
    return _locked(Path(path_of(output, "hub/.lock"))) if is_local(output) else nullcontext()


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """The operating system frees the lock of a process that is killed, so it is never stale."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def require_current(output: str, expected: str, found: str) -> None:
    """Raises PublishConflict unless `found` is `expected`."""
    if found != expected:
        raise PublishConflict(
            f"{output}: holds {found or 'no version'} now, and this run set out from {expected or 'an empty folder'}: "
            "another run published meanwhile; run it again (answers of models are stored and are not paid twice)"
        )


def swap_bytes(path: str, before: bytes, data: bytes) -> bool:
    """Replaces a small file as a whole, if it holds `before`; whether it did. As exclusive as `set_current`."""
    return swap_file(path, lambda held: held == before, data).done
