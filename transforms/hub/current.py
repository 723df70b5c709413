"""CURRENT: the one file of a hub that changes, and only by compare-and-set."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from persona_hub.transforms.files.atomic import write_bytes
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
    name = read_bytes(path, CURRENT_BYTES).decode("utf-8", "replace").strip() if file_exists(path) else ""
    return checked_version(name, path) if name else ""


def set_current(output: str, expected: str, version: str) -> None:
    """Makes `version` the one that readers see, if that is `expected` now. Raises PublishConflict if it is not.

    Exclusive on a local disk (inside `exclusive`) and on GCS. Elsewhere two writers at the same instant are not kept
    apart, only those that come after one another.
    """
    path = current_path(output)
    checked_version(version, path)
    if path.startswith("gs://"):
        _swap_on_gcs(path, expected, version)
        return
    require_current(output, expected, read_current(output))
    write_bytes(path, f"{version}\n".encode())


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


def _swap_on_gcs(path: str, expected: str, version: str) -> None:
    """Replaces the object only if it is still the generation that was read: GCS's own compare-and-set."""
    from google.api_core.exceptions import NotFound, PreconditionFailed
    from google.cloud import storage  # type: ignore[attr-defined]

    bucket, _, name = path.removeprefix("gs://").partition("/")
    output = path.removesuffix("/hub/CURRENT")
    store = storage.Client().bucket(bucket)
    try:
        blob = store.get_blob(name)
        # 0: only if there is none. Taken now: a download sets blob.generation to None where its answer lacks a header,
        # and with None the write below would be unconditional.
        generation = blob.generation if blob else 0
        found = blob.download_as_text(if_generation_match=generation).strip() if blob else ""
        require_current(output, expected, found)
        store.blob(name).upload_from_string(f"{version}\n", if_generation_match=generation)
    except (NotFound, PreconditionFailed):
        found = store.blob(name).download_as_text().strip()
        if found != version:  # else the client sent again what had arrived, and was refused by its own success
            require_current(output, expected, f"{found}, published at this moment,")


def swap_bytes(path: str, before: bytes, data: bytes) -> bool:
    """Replaces a small file as a whole, if it holds `before`; whether it did.

    As exclusive as `set_current`: on a local disk inside `exclusive`, on GCS by the object's generation.
    """
    if not path.startswith("gs://"):
        if not file_exists(path) or read_bytes(path) != before:
            return False
        write_bytes(path, data)
        return True
    from google.api_core.exceptions import NotFound, PreconditionFailed
    from google.cloud import storage  # type: ignore[attr-defined]

    bucket, _, name = path.removeprefix("gs://").partition("/")
    store = storage.Client().bucket(bucket)
    try:
        blob = store.get_blob(name)
        generation = blob.generation if blob else 0
        if not blob or blob.download_as_bytes(if_generation_match=generation) != before:
            return False
        store.blob(name).upload_from_string(data, if_generation_match=generation)
    except (NotFound, PreconditionFailed):
        # It may be our own success that refuses what the client has sent again.
        return bool(store.blob(name).exists()) and bytes(store.blob(name).download_as_bytes()) == data
    return True
