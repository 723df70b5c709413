"""Versions of a hub: which there are, and how the next one comes to be seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from apache_beam.io.filesystems import FileSystems

from transforms.hub.current import exclusive, read_bytes, read_current, require_current, set_current, write_bytes
from transforms.hub.files import PART, delete_quietly, is_local
from transforms.hub.manifest import (
    MANIFEST,
    FileEntry,
    HubError,
    Made,
    Manifest,
    RunManifest,
    by_folder,
    order_of,
    version_name,
)
from transforms.hub.tombstones import Tombstones, tombstones_of

PART_SECONDS = 3600  # a file being written that has not grown for so long belongs to a job that is gone


@dataclass(frozen=True)
class Hub:
    """A hub as its readers see it: a folder and one version's manifest."""

    output: str
    manifest: Manifest

    def paths(self, kind: str) -> list[str]:
        """Full paths of the files of one kind, in order."""
        return [path_of(self.output, entry.path) for entry in self.manifest.files_of(kind)]

    def own_paths(self, kind: str) -> list[str]:
        """Full paths of the files of one kind that this version has added, in order."""
        own = [entry for entry in self.manifest.files_of(kind) if entry.folder == self.manifest.folder]
        return [path_of(self.output, entry.path) for entry in own]

    def tombstones(self) -> Tombstones:
        """What this version hides from its readers."""
        return tombstones_of(self.paths("removed"))


def path_of(output: str, relative: str) -> str:
    """Full path of something in OUTPUT."""
    return FileSystems.join(output, *relative.split("/"))


def open_hub(output: str, version: str = "") -> Hub:
    """The hub in OUTPUT at `version`, the current one by default. Raises HubError if there is none."""
    name = version or read_current(output)
    if not name:
        inside = FileSystems.exists(FileSystems.join(output, "CURRENT"))
        remedy = "name the folder above it" if inside else "make one with `persona-hub build --output`"
        raise HubError(f"--hub {output}: there is no hub here (no hub/CURRENT); {remedy}")
    manifest = read_version(output, name)
    if manifest is None:
        known = ", ".join(m.version for m in list_versions(output)) or "none"
        raise HubError(f"--hub {output}: no version {name} (no hub/{name}/{MANIFEST}); there are: {known}")
    return Hub(output, manifest)


def read_version(output: str, version: str) -> Manifest | None:
    """The manifest of a version, None where it has none."""
    path = path_of(output, f"hub/{version}/{MANIFEST}")
    return Manifest.from_json(read_bytes(path), path) if FileSystems.exists(path) else None


def list_versions(output: str) -> list[Manifest]:
    """All versions that have a manifest, the oldest first; the last attempt before a crash may be among them."""
    [found] = FileSystems.match([path_of(output, f"hub/*/{MANIFEST}")])
    manifests = [Manifest.from_json(read_bytes(m.path), m.path) for m in found.metadata_list]
    return sorted(manifests, key=lambda manifest: order_of(manifest.version))


def missing_files(hub: Hub) -> list[str]:
    """The files that a version names and that are not there."""
    [found] = FileSystems.match([path_of(hub.output, "hub/*/*")])
    there = {metadata.path for metadata in found.metadata_list}
    return [path for entry in hub.manifest.files if (path := path_of(hub.output, entry.path)) not in there]


def lineage(output: str, version: str = "") -> Iterator[Manifest]:
    """The current version, its parent, and so on to the first."""
    name = version or read_current(output)
    while name and (manifest := read_version(output, name)) is not None:
        yield manifest
        name = manifest.parent


def find_version(output: str, fingerprint: str) -> Manifest | None:
    """The published version whose content `fingerprint` decides: the current one or one that it descends from."""
    return next((manifest for manifest in lineage(output) if manifest.fingerprint == fingerprint), None)


class ToBuild(NamedTuple):
    """The version that a job makes."""

    version: str
    done: Manifest | None = None  # the version itself, if there is nothing left to do
    parent: str = ""  # the version that CURRENT names until then
    replaces: str = ""  # the partial version that it completes


def is_partial(manifest: Made) -> bool:
    """Whether questions were left unasked, as by a budget that ran out."""
    return bool(manifest.partial)


def version_to_build(output: str, fingerprint: str, unfinished: Callable[[Manifest], bool] = is_partial) -> ToBuild:
    """The version that a build of `fingerprint` makes, with its manifest if that is done already.

    A version that is `unfinished` is not changed: the same build makes its successor, which stands in its place.
    Raises HubError where OUTPUT holds a hub made from other input or with other parameters.
    """
    current = read_current(output)
    if not current:
        return ToBuild(version_name("", fingerprint))
    found = find_version(output, fingerprint)
    if found is None:
        raise HubError(
            f"--output {output}: holds version {current} of a hub made from other input or with other parameters; "
            "add to it with `persona-hub refresh --hub`, or build into another folder"
        )
    if not unfinished(found):
        return ToBuild(found.version, found, found.parent)
    if found.version != current:
        raise HubError(
            f"--output {output}: version {found.version} of this build was left unfinished and {current} was made from "
            f"it since; go back with `persona-hub rollback --hub {output}` first, or build into another folder"
        )
    return ToBuild(version_name(current, fingerprint), None, current, current)


def version_to_add(
    output: str, fingerprint: str, unfinished: Callable[[Manifest], bool] = is_partial
) -> tuple[ToBuild, Hub]:
    """(the version that a refresh of `fingerprint` makes, the version that it adds to).

    A refresh that was left unfinished is done again from where it set out, and its successor stands in its place.
    Raises HubError where there is no hub.
    """
    hub = open_hub(output)
    current, found = hub.manifest, find_version(output, fingerprint)
    if found and not unfinished(found):
        return ToBuild(found.version, found, found.parent), hub
    if found and found.version == current.version and current.base:
        return ToBuild(version_name(current.version, fingerprint), None, current.version, current.version), open_hub(
            output, current.base
        )
    return ToBuild(version_name(current.version, fingerprint), None, current.version), hub


def publish(output: str, draft: Made, entries: Iterable[FileEntry], counts: Mapping[str, Mapping[str, int]]) -> Made:
    """Makes what a job wrote exist: the manifests of its runs' folders, the version's own, and CURRENT at last.

    `draft` is all of the manifest but what the job found out; a version's draft names the files that it takes over
    from its parent. Done again it changes nothing, and neither does a successor that is as partial as what it replaces:
    that stays. Raises PublishConflict if another version was published meanwhile.
    """
    created = draft.created or datetime.now(UTC).isoformat(timespec="seconds")
    made = replace(draft, counts=counts, created=created)
    folders = by_folder(entries)
    if not isinstance(made, Manifest):
        _publish_runs(output, made, folders)
        return replace(made, files=tuple(entry for group in folders.values() for entry in group))
    with exclusive(output):
        current = read_current(output)
        if current == made.version and (done := read_version(output, current)):
            return done
        require_current(output, made.parent, current)
        made = replace(made, files=tuple(sorted({*made.files, *folders.pop(made.folder, ())})))
        if made.replaces and (before := read_version(output, made.replaces)) and is_as_partial(before, made):
            for folder in (made.folder, *folders):
                tidy(output, folder, ())
            return before
        _publish_runs(output, made, folders)
        write_bytes(path_of(output, f"{made.folder}/{MANIFEST}"), made.to_json())
        set_current(output, made.parent, made.version)
        tidy(output, made.folder, made.files)
    return made


def is_as_partial(before: Manifest, after: Manifest) -> bool:
    """Whether nothing came of another attempt; names of files hold a hash of their content."""
    names = [{entry.path.rpartition("/")[2] for entry in manifest.files} for manifest in (before, after)]
    return bool(after.partial) and before.counts == after.counts and names[0] == names[1]


def _publish_runs(output: str, made: Made, folders: Mapping[str, tuple[FileEntry, ...]]) -> None:
    """A manifest for each folder of samples or dead letters."""
    common = {name: getattr(made, name) for name in Made.__dataclass_fields__}
    if isinstance(made, Manifest):
        run = RunManifest(**common, run=made.version, hub_version=made.version)
    else:
        assert isinstance(made, RunManifest)
        run = made
    for folder, files in folders.items():
        write_bytes(path_of(output, f"{folder}/{MANIFEST}"), replace(run, files=files).to_json())
        tidy(output, folder, files)


def list_runs(output: str) -> list[tuple[str, RunManifest]]:
    """(use case, manifest) of every run of samples in OUTPUT that no other stands in for, by use case and run."""
    [found] = FileSystems.match([path_of(output, f"samples/*/*/{MANIFEST}")])
    runs = []
    for path in sorted(metadata.path for metadata in found.metadata_list):
        folder = FileSystems.split(FileSystems.split(path)[0])[0]
        runs.append((FileSystems.split(folder)[1], RunManifest.from_json(read_bytes(path), path)))
    replaced = {run.replaces for _, run in runs}
    return [(use_case, run) for use_case, run in runs if run.run not in replaced]


def list_attempts(output: str, run: str) -> list[RunManifest]:
    """The manifests of a run and of those that went on from it: `run`, `run`-2, `run`-3 ..., the latest last."""
    patterns = [path_of(output, f"{kind}/{run}*/{MANIFEST}") for kind in ("samples/*", "dead_letters")]
    found = {
        manifest.run: manifest
        for result in FileSystems.match(patterns)
        for metadata in result.metadata_list
        if (manifest := RunManifest.from_json(read_bytes(metadata.path), metadata.path))
    }
    return [found[name] for name in sorted(found, key=lambda name: (len(name), name))]


def tidy(output: str, folder: str, files: Iterable[FileEntry]) -> None:
    """Deletes what earlier attempts left in a folder that is published now.

    Only on a local disk, where publishing is exclusive: elsewhere a twin of this run might be about to publish those
    very files. A file that was being written within the hour stays, since a twin may still be writing it.
    """
    if not is_local(output):
        return
    [found] = FileSystems.match([path_of(output, f"{folder}/*")])
    named = {entry.path.rpartition("/")[2] for entry in files if entry.folder == folder} | {MANIFEST}
    for metadata in found.metadata_list:
        name = FileSystems.split(metadata.path)[1]
        idle = time.time() - metadata.last_updated_in_seconds
        if name not in named and (not name.startswith(PART) or idle > PART_SECONDS):
            delete_quietly([metadata.path])
