"""What no version names any more, and how it is removed: at every moment all that a kept version names is there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from persona_hub.transforms.files.storage import StoredFile, delete_file, is_local
from persona_hub.transforms.hub.current import current_path, exclusive
from persona_hub.transforms.hub.manifest import MANIFEST, Manifest
from persona_hub.transforms.hub.places import list_inside
from persona_hub.transforms.hub.versions import lineage, list_versions, path_of

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
    kept = list(islice(lineage(output), keep or None))
    names = {manifest.version for manifest in kept}
    before = time.time() - idle_seconds
    descent = {manifest.version for manifest in lineage(output)}
    idle = {found.path: found.modified < before for found in _all_files(output)}
    gone = [
        other
        for other in list_versions(output)
        if other.version not in names
        and (other.version in descent or idle.get(manifest_path(output, other.version), False))
    ]
    removed = {manifest.version for manifest in gone}
    alive = [*kept, *(other for other in list_versions(output) if other.version not in names | removed)]
    named = {path for manifest in alive for path in version_paths(output, manifest)}
    spared = {current_path(output), path_of(output, f"hub/{LOCK_FILE}")}
    first = [manifest_path(output, version) for version in sorted(removed)]
    of_removed = {path for manifest in gone for path in version_paths(output, manifest)}
    rest = [
        found
        for found in _all_files(output)
        if found.path not in named | spared | set(first) and (idle[found.path] or found.path in of_removed)
    ]
    size = sum(found.size for found in rest)
    return Orphans(tuple(sorted(removed)), (*first, *(found.path for found in rest)), size)


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


def manifest_path(output: str, version: str) -> str:
    """Where a version's manifest lies."""
    return path_of(output, f"hub/{version}/{MANIFEST}")


def version_paths(output: str, manifest: Manifest) -> Iterable[str]:
    """A version's manifest and all files that it names."""
    yield manifest_path(output, manifest.version)
    yield from (path_of(output, entry.path) for entry in manifest.files)


def _all_files(output: str) -> list[StoredFile]:
    """All files of all versions, and what failed attempts left."""
    return list_inside(output, "hub/*/*")
