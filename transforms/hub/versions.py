"""Versions of a hub: which there are, what each holds, and which one a job is to make."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from persona_hub.transforms.files.storage import (
    READ_THREADS,
    file_exists,
    join_path,
    read_bytes,
    read_files,
    split_path,
)
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.manifest import (
    MANIFEST,
    BaseManifest,
    HubError,
    Manifest,
    RunManifest,
    version_name,
    version_order,
)
from persona_hub.transforms.hub.manifest_form import MANIFEST_BYTES
from persona_hub.transforms.hub.places import is_version, list_inside
from persona_hub.transforms.hub.places import path_of as path_of
from persona_hub.transforms.hub.tombstones import Tombstones, tombstones_of

AnyManifest = TypeVar("AnyManifest", bound=BaseManifest)


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


def open_hub(output: str, version: str = "") -> Hub:
    """The hub in OUTPUT at `version`, the current one by default. Raises HubError if there is none."""
    name = version or read_current(output)
    if not name:
        inside = file_exists(join_path(output, "CURRENT"))
        remedy = "name the folder above it" if inside else "make one with `persona-hub build --output`"
        raise HubError(f"{output}: there is no hub here (no hub/CURRENT); {remedy}")
    return Hub(output, read_version(output, name) or version_meant(output, name))


def version_meant(output: str, name: str) -> Manifest:
    """The one version that `name` begins, or is the number of: "0003" and "3" of 0003-1f2e3d4c. Raises HubError."""
    versions = list_versions(output)
    found = [one for one in versions if one.version.startswith(name)]
    if not found and re.fullmatch(r"\d+", name, re.ASCII):
        found = [one for one in versions if version_order(one.version)[0] == int(name)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(one.version for one in found or versions) or "none"
    if found:
        raise HubError(f"{output}: {name} may mean any of {known}; name one of them")
    raise HubError(f"{output}: no version {name} (no hub/{name}/{MANIFEST}); there are: {known}")


def read_version(output: str, version: str) -> Manifest | None:
    """The manifest of a version, None where it has none, as what is no name of a version."""
    if not is_version(version):
        return None
    path = path_of(output, f"hub/{version}/{MANIFEST}")
    return read_manifest(Manifest, path) if file_exists(path) else None


def read_manifest(kind: type[AnyManifest], path: str) -> AnyManifest:
    """The manifest at `path`. Raises ManifestError, and TooLargeError beyond what a manifest may have."""
    return kind.from_json(read_bytes(path, MANIFEST_BYTES), path)


def read_manifests(
    kind: type[AnyManifest], output: str, pattern: str, at_once: int = READ_THREADS
) -> list[tuple[str, AnyManifest]]:
    """(path, manifest) of those that a glob pattern names in OUTPUT, by path; `at_once` files are held as bytes."""
    paths = [found.path for found in list_inside(output, pattern)]
    found: list[tuple[str, AnyManifest]] = []
    for i in range(0, len(paths), at_once):
        part = paths[i : i + at_once]
        read = zip(part, read_files(part, MANIFEST_BYTES), strict=True)
        found += [(path, kind.from_json(data, path)) for path, data in read]
    return found


def list_versions(output: str) -> list[Manifest]:
    """All versions that have a manifest, the oldest first; the last attempt before a crash may be among them."""
    manifests = [manifest for _, manifest in read_manifests(Manifest, output, f"hub/*/{MANIFEST}")]
    return sorted(manifests, key=lambda manifest: version_order(manifest.version))


def missing_files(hub: Hub) -> list[str]:
    """The files that a version names and that are not there."""
    there = {found.path for found in list_inside(hub.output, "hub/*/*")}
    return [path for entry in hub.manifest.files if (path := path_of(hub.output, entry.path)) not in there]


def lineage(output: str, version: str = "") -> Iterator[Manifest]:
    """The current version, its parent, and so on to the first."""
    name = version or read_current(output)
    while name and (manifest := read_version(output, name)) is not None:
        yield manifest
        name = manifest.parent


def lineage_names(output: str, manifest: Manifest) -> frozenset[str]:
    """Names of a version and of those that it came from."""
    return frozenset(one.version for one in lineage(output, manifest.version))


def find_version(output: str, fingerprint: str) -> Manifest | None:
    """The published version whose content `fingerprint` decides: the current one or one that it descends from."""
    return next((manifest for manifest in lineage(output) if manifest.fingerprint == fingerprint), None)


class TargetVersion(NamedTuple):
    """The version that a job makes."""

    version: str
    done: Manifest | None = None  # the version itself, if there is nothing left to do
    parent: str = ""  # the version that CURRENT names until then
    replaces: str = ""  # the partial version that it completes


def is_partial(manifest: BaseManifest) -> bool:
    """Whether questions were left unasked, as by a budget that ran out."""
    return bool(manifest.partial)


def holds_nothing(manifest: Manifest) -> bool:
    """Whether a version is partial and without a persona, as of a budget of nothing: another build may follow it.

    Not so where questions are on their way to a batch API, or where tombstones must stay.
    """
    waits = "exported" in manifest.partial
    return is_partial(manifest) and not (waits or manifest.records_of("personas") or manifest.files_of("removed"))


def version_to_build(
    output: str,
    fingerprint: str,
    unfinished: Callable[[Manifest], bool] = is_partial,
    differences: Callable[[Manifest], str] = lambda _: "",
) -> TargetVersion:
    """The version that a build of `fingerprint` makes, with its manifest if that is done already.

    A version that is `unfinished` is not changed: the same build makes its successor, which stands in its place.
    Raises HubError where OUTPUT holds a hub made from other input or with other parameters, unless that has come to
    nothing yet, and tells what `differences` says of the build that the hub came of.
    """
    current = read_current(output)
    if not current:
        return TargetVersion(version_name("", fingerprint))
    found = find_version(output, fingerprint)
    if found is None:
        if holds_nothing(open_hub(output).manifest):
            return TargetVersion(version_name(current, fingerprint), None, current)
        built = [one for one in lineage(output) if not one.base][:1]  # the build that went furthest
        which = "".join(f" ({told})" for one in built if (told := differences(one)))
        raise HubError(
            f"--output {output}: holds version {current} of a hub made from other input or with other parameters{which}"
            "; add to it with `persona-hub refresh --hub`, or build into another folder"
        )
    if not unfinished(found):
        return TargetVersion(found.version, found, found.parent)
    if found.version != current:
        raise HubError(
            f"--output {output}: version {found.version} of this build was left unfinished and {current} was made from "
            f"it since; go back with `persona-hub rollback --hub {output}` first, or build into another folder"
        )
    return TargetVersion(version_name(current, fingerprint), None, current, current)


def version_to_add(
    output: str, fingerprint: str, unfinished: Callable[[Manifest], bool] = is_partial
) -> tuple[TargetVersion, Hub]:
    """(the version that a refresh of `fingerprint` makes, the version that it adds to).

    A refresh that was left unfinished is done again from where it set out, and its successor stands in its place.
    Raises HubError where there is no hub.
    """
    hub = open_hub(output)
    current, found = hub.manifest, find_version(output, fingerprint)
    if found and not unfinished(found):
        return TargetVersion(found.version, found, found.parent), hub
    if found and found.version == current.version and current.base:
        return TargetVersion(
            version_name(current.version, fingerprint), None, current.version, current.version
        ), open_hub(output, current.base)
    return TargetVersion(version_name(current.version, fingerprint), None, current.version), hub


def runs_in(output: str) -> list[tuple[str, RunManifest]]:
    """(use case, manifest) of every run of samples in OUTPUT, by use case and run."""
    runs = []
    for path, manifest in read_manifests(RunManifest, output, f"samples/*/*/{MANIFEST}"):
        folder = split_path(split_path(path)[0])[0]
        runs.append((split_path(folder)[1], manifest))
    return runs


def unreplaced(runs: Sequence[tuple[str, RunManifest]]) -> list[tuple[str, RunManifest]]:
    """The runs that none of them stands in for."""
    replaced = {run.replaces for _, run in runs}
    return [(use_case, run) for use_case, run in runs if run.run not in replaced]


def list_runs(output: str) -> list[tuple[str, RunManifest]]:
    """(use case, manifest) of every run of samples in OUTPUT that no other stands in for, by use case and run."""
    return unreplaced(runs_in(output))


def list_attempts(output: str, run: str) -> list[RunManifest]:
    """The manifests of a run and of those that went on from it: `run`, `run`-2, `run`-3 ..., the latest last."""
    patterns = (f"{kind}/{run}*/{MANIFEST}" for kind in ("samples/*", "dead_letters"))
    manifests = [one for pattern in patterns for _, one in read_manifests(RunManifest, output, pattern)]
    found = {manifest.run: manifest for manifest in manifests}
    return [found[name] for name in sorted(found, key=lambda name: (len(name), name))]
