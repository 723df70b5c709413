"""What no version names any more, and how it is removed: at every moment all that a kept version names is there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from persona_hub.transforms.files.storage import StoredFile, delete_file, is_local
from persona_hub.transforms.hub.current import current_path, exclusive, read_current
from persona_hub.transforms.hub.manifest import MANIFEST, Manifest
from persona_hub.transforms.hub.places import list_inside
from persona_hub.transforms.hub.versions import list_versions, path_of

LOCK_FILE = ".lock"


@dataclass(frozen=True)
class Orphans:
    """What can go: versions by name, and full paths of files; their manifests come first."""

    versions: tuple[str, ...]
    files: tuple[str, ...]
    bytes: int


def find_orphans(output: str, keep: int, idle_seconds: float) -> Orphans:
    """What no version names that is kept: CURRENT's, and those that it came from, the latest `keep` of them (0: all).

    A version besides those, as after a rollback, and a file of an attempt that failed, go only when they have not
    changed for `idle_seconds`: a younger one may belong to a job that runs.
    """
    found = _all_files(output)
    versions = {manifest.version: manifest for manifest in list_versions(output)}
    descent = names_back(versions, read_current(output))
    names = set(descent[: keep or None])
    before = time.time() - idle_seconds
    idle = {file.path: file.modified < before for file in found}
    removed = {
        version
        for version in versions.keys() - names
        if version in descent or idle.get(manifest_path(output, version), False)
    }
    named = paths_of(output, (versions[version] for version in versions.keys() - removed))
    of_removed = paths_of(output, (versions[version] for version in removed))
    first = [manifest_path(output, version) for version in sorted(removed)]
    spared = {current_path(output), path_of(output, f"hub/{LOCK_FILE}"), *first}
    rest = [
        file
        for file in found
        if file.path not in named and file.path not in spared and (idle[file.path] or file.path in of_removed)
    ]
    size = sum(file.size for file in rest)
    return Orphans(tuple(sorted(removed)), (*first, *(file.path for file in rest)), size)


def names_back(versions: Mapping[str, Manifest], version: str) -> list[str]:
    """Names of a version and of those that it came from, as far as there are manifests."""
    names: list[str] = []
    while version in versions:
        names.append(version)
        version = versions[version].parent
    return names


def paths_of(output: str, manifests: Iterable[Manifest]) -> set[str]:
    """Full paths of some versions' manifests, and of all files that they name: each is looked at once."""
    relative: set[str] = set()
    for manifest in manifests:
        relative.add(f"{manifest.folder}/{MANIFEST}")
        relative.update(entry.path for entry in manifest.files)
    return {path_of(output, path) for path in relative}


def remove_orphans(output: str, keep: int, idle_seconds: float) -> Orphans:
    """Removes it, and says what it was. Killed at any moment it leaves whole versions; done again it goes on."""
    with exclusive(output):
        garbage = find_orphans(output, keep, idle_seconds)
        for path in garbage.files:  # a manifest before the files that it names: without one a version does not exist
            delete_file(path)
        if is_local(output):
            remove_empty(os.path.join(output, "hub"))
    return garbage


def remove_empty(folder: str) -> None:
    """Removes empty folders in a local one."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False) and not os.listdir(entry.path):
            os.rmdir(entry.path)


def remove_if_empty(output: str, folders: Iterable[str]) -> None:
    """Removes those of the folders in a local OUTPUT, and of the ones around them, that are empty."""
    for folder in folders:
        while folder:
            with suppress(OSError):  # it is not empty, or somebody else has removed it
                os.rmdir(path_of(output, folder))
            folder = folder.rpartition("/")[0]


def manifest_path(output: str, version: str) -> str:
    """Where a version's manifest lies."""
    return path_of(output, f"hub/{version}/{MANIFEST}")


def _all_files(output: str) -> list[StoredFile]:
    """All files of all versions, and what failed attempts left."""
    return list_inside(output, "hub/*/*")
