"""A small file that is replaced only if it holds what is expected: compare-and-set, where the storage has it.

Exclusive on GCS (by the object's generation) and on S3 (by its entity tag, If-Match). Elsewhere two writers at the same
instant are not kept apart, only those that come after one another; on a local disk `hub.current.exclusive` does.
"""

from __future__ import annotations

from collections.abc import Callable

from persona_hub.transforms.files.access import Swapped, scheme_of
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.check import refusals
from persona_hub.transforms.files.gcs import gcs_client, swap_blob
from persona_hub.transforms.files.s3 import client_of, settings_of, swap_object
from persona_hub.transforms.files.storage import file_exists, read_bytes, storage_options


def swap_file(path: str, expects: Callable[[bytes | None], bool], data: bytes) -> Swapped:
    """Replaces a file as a whole by `data`, if `expects` says so of what it holds; None: there is no file.

    Raises AccessError, and an OSError of the storage.
    """
    scheme = scheme_of(path)
    if scheme in ("gs", "s3"):
        with refusals(path):
            if scheme == "gs":
                return swap_blob(gcs_client(storage_options()), path, expects, data)
            return swap_object(client_of(settings_of(storage_options())), path, expects, data)
    found = read_bytes(path) if file_exists(path) else None
    if not expects(found):
        return Swapped(False, found)
    write_bytes(path, data)
    return Swapped(True, found)
