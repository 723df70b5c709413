"""The versions of a hub without what is erased: the one exception to "a file never changes once a manifest names it".

Files are rewritten under new names; then a new version that names them is published, by compare-and-set, so that every
job which set out before is refused; then each earlier version's manifest is replaced as a whole; and at last what no
version names is deleted. Killed at any moment, each version names files that are there, and the same again completes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from persona_hub.transforms.counting.stages import PURGE
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import delete_file, file_exists, is_local, read_bytes
from persona_hub.transforms.hub.current import exclusive, read_current, require_current, set_current, swap_bytes
from persona_hub.transforms.hub.manifest import (
    MANIFEST,
    BaseManifest,
    FileEntry,
    HubError,
    Manifest,
    fingerprint,
    version_name,
)
from persona_hub.transforms.hub.manifest_form import MANIFEST_BYTES
from persona_hub.transforms.hub.orphans import manifest_path, paths_of, remove_empty
from persona_hub.transforms.hub.places import list_inside
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.tombstones import REMOVED_DOCUMENT, REMOVED_PERSONA, number_of
from persona_hub.transforms.hub.versions import Hub, list_versions, open_hub, path_of
from persona_hub.transforms.purge.clusters import rewritten_clusters
from persona_hub.transforms.purge.erasure import Erasure, find_erasure
from persona_hub.transforms.purge.rows import Rewritten, rewrite
from persona_hub.transforms.records import Duplicate, Persona, Tombstone
from persona_hub.transforms.wire.batches import Batch

# Tables that hold text, or what was made of it.
PURGED = ("personas", "provenance", "duplicates", "vectors", "attributes", "members")


Changed = Mapping[str, Rewritten]  # by path of the file


@dataclass(frozen=True)
class ErasedVersions:
    """What a purge did to the versions."""

    gone: Erasure
    version: str  # that readers see
    rows: Mapping[str, int]  # by kind, of all files
    texts: Sequence[str]  # of the personas among them
    files: int  # rewritten, or removed
    left: Sequence[str]  # paths of files that no version names, and that a job may be writing


def purge_versions(output: str, sources: frozenset[str], idle_seconds: float, code_version: str) -> ErasedVersions:
    """Erases what came of `sources`, which the current version has taken down, from all versions.

    Raises HubError where it has not, PublishConflict where another job published meanwhile.
    """
    with exclusive(output):
        hub = open_hub(output)
        if not sources <= hub.tombstones().unwanted:
            raise HubError(f"{output}: version {hub.manifest.version} has not taken these sources down; run it again")
        versions = list_versions(output)
        gone = find_erasure(hub, versions, sources)
        changed = dict(rewritten(output, versions, gone))
        changed |= dict(rewritten_clusters(output, versions, gone, changed))
        current = publish_purged(hub, changed, gone, code_version)
        for manifest in versions:
            replace_manifest(output, manifest.version, changed)
        removed, left = remove_unnamed_files(output, current, idle_seconds)
    rows: Counter[str] = Counter()
    for path, one in changed.items():
        rows[FileEntry(path, 0).kind] += len(one.dropped)
    texts = {row.text for one in changed.values() for row in one.dropped if isinstance(row, Persona | Duplicate)}
    return ErasedVersions(gone, current.version, rows, sorted(texts), removed, left)


def rewritten(output: str, versions: Iterable[Manifest], gone: Erasure) -> Iterator[tuple[str, Rewritten]]:
    """(path, successor) of the files of any version that hold something to erase."""
    entries = {entry.path: entry for manifest in versions for entry in manifest.files if entry.kind in PURGED}
    for path, entry in sorted(entries.items()):
        if made := rewrite(output, entry, TABLES[entry.kind], gone):
            yield path, made


def publish_purged(hub: Hub, changed: Changed, gone: Erasure, code_version: str) -> Manifest:
    """The version that readers see from now on; the one that they see, if there is nothing to erase in it.

    It keeps a tombstone of each document and persona which is erased; a tombstone holds only a hash.
    """
    before, known = hub.manifest, hub.tombstones().removed
    tombstones = Batch(
        Tombstone(key, kind)
        for kind, keys in ((REMOVED_DOCUMENT, gone.documents), (REMOVED_PERSONA, gone.personas))
        for key in sorted(keys)
        if (kind, key) not in known
    )
    if not tombstones and not any(entry.path in changed for entry in before.files):
        return before
    content = fingerprint({"purge": gone.sources, "of": before.version})
    version = version_name(before.version, content)
    made = replace(
        updated_version(hub.output, before, changed),
        version=version,
        parent=before.version,
        base=before.version,
        fingerprint=content,
        counts={"write_hub": {"removed": len(tombstones)}},
        novelty={},
        partial={},
        replaces="",
        code_version=code_version,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    if tombstones:
        entry = write_shard(hub.output, made.folder, "removed-00000-of-00001", Tombstone, "avro", [tombstones])
        made = replace(made, files=tuple(sorted({*made.files, entry})))
    require_current(hub.output, before.version, read_current(hub.output))
    write_bytes(manifest_path(hub.output, version), made.to_json())
    set_current(hub.output, before.version, version)
    return made


def updated_version(output: str, manifest: Manifest, changed: Changed) -> Manifest:
    """A version with the successors of its files; its counts tell what was erased of those it added itself."""
    hidden, own = dict(manifest.hidden), Counter(manifest.counts.get(PURGE, {}))
    tombstones = Hub(output, manifest).tombstones() if hidden else None
    for entry in manifest.files:
        if one := changed.get(entry.path):
            if tombstones and entry.kind in hidden:
                number = number_of(entry.path)
                hidden[entry.kind] -= sum(tombstones.hide(row, number) for row in one.dropped)
            if entry.folder == manifest.folder and one.dropped:
                own[entry.kind] += len(one.dropped)
    counts = {**manifest.counts, PURGE: dict(own)} if own else manifest.counts
    return replace(manifest, files=successors(manifest, changed), hidden=hidden, counts=counts)


def successors(made: BaseManifest, changed: Changed) -> tuple[FileEntry, ...]:
    """The files of a manifest, those that were rewritten by their successors."""
    found = (changed[entry.path].entry if entry.path in changed else entry for entry in made.files)
    return tuple(sorted(entry for entry in found if entry))


def replace_manifest(output: str, version: str, changed: Changed) -> None:
    """Has an earlier version name the successors of its files. Raises HubError if somebody changed it meanwhile."""
    path = manifest_path(output, version)
    if not file_exists(path):
        return  # a gc was here, on a file system without locks
    data = read_bytes(path, MANIFEST_BYTES)
    manifest = Manifest.from_json(data, path)
    if not any(entry.path in changed for entry in manifest.files):
        return
    if not swap_bytes(path, data, updated_version(output, manifest, changed).to_json()):
        raise HubError(f"{path}: was changed by another job at this moment; run the same command again")


def remove_unnamed_files(output: str, current: Manifest, idle_seconds: float) -> tuple[int, list[str]]:
    """(how many files were deleted that no version names, paths of those that a job may be writing).

    What is older than the version that readers see belongs to nobody: a job that set out before cannot publish it.
    """
    [manifest] = list_inside(output, f"{current.folder}/{MANIFEST}")
    named = paths_of(output, list_versions(output))
    before = max(manifest.modified, time.time() - idle_seconds)
    unnamed = [file for file in list_inside(output, "hub/*/*") if file.path not in named]
    old = [file.path for file in unnamed if file.modified <= before]
    for path in old:
        delete_file(path)
    if is_local(output):
        remove_empty(path_of(output, "hub"))
    return len(old), sorted({file.path for file in unnamed} - set(old))
