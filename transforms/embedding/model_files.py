"""What a SavedModel is, wherever it lies: a hash of the files that TensorFlow reads of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache

from persona_hub.transforms.embedding.savedmodel import SavedModelError
from persona_hub.transforms.files.storage import StoredFile, is_local, join_path, list_files, open_to_read

GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
MODEL_FOLDERS = ("variables/", "assets/")  # beside the graph; a README there is no part of the model
READ_BYTES = 8 << 20
HASH_BYTES = 16


def savedmodel_files(path: str) -> str:
    """32 hex digits of the names and bytes of a SavedModel's files, the same for a copy of it.

    Raises SavedModelError where there is none, and where it cannot be read.
    """
    try:
        found = sorted((name, file.path, file.size, file.modified) for name, file in files_below(path))
        parts = tuple(file for file in found if file[0] in GRAPHS or file[0].startswith(MODEL_FOLDERS))
        if not any(name in GRAPHS for name, *_ in parts):
            raise SavedModelError(path, "no SavedModel there (a folder with saved_model.pb); name the folder it is in")
        return hash_of(parts)
    except OSError as error:
        raise SavedModelError(path, f"cannot be read: {error}") from error


def files_below(path: str) -> Iterator[tuple[str, StoredFile]]:
    """(path below the folder, file) of all files in a folder; nothing where there is no folder."""
    if not is_local(path):
        root = path.rstrip("/") + "/"
        for file in list_files(join_path(root, "**")):
            yield file.path.removeprefix(root), file
        return
    for folder, _, names in os.walk(path):
        for name in names:
            place = os.path.join(folder, name)
            status = os.stat(place)
            below = os.path.relpath(place, path).replace(os.sep, "/")
            yield below, StoredFile(place, status.st_size, status.st_mtime)


@lru_cache(16)
def hash_of(files: tuple[tuple[str, str, int, float], ...]) -> str:
    """The hash of (name, path, bytes, time of the last change) of files; a model of a gigabyte is read once."""
    digest = hashlib.blake2b(digest_size=HASH_BYTES)
    for name, path, size, _ in files:
        digest.update(f"{name}\n{size}\n".encode("utf-8", "surrogateescape"))
        with open_to_read(path) as file:
            while data := file.read(READ_BYTES):
                digest.update(data)
    return digest.hexdigest()
