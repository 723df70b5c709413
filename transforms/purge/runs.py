"""What lies beside the versions without what is erased: samples and dead letters of every run, and exports."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from persona_hub.transforms.counting.stages import PURGE
from persona_hub.transforms.files.storage import (
    StoredFile,
    delete_file,
    is_local,
    open_to_read,
    read_bytes,
    split_path,
)
from persona_hub.transforms.hub.current import exclusive, swap_bytes
from persona_hub.transforms.hub.manifest import MANIFEST, FileEntry, HubError, RunManifest
from persona_hub.transforms.hub.manifest_form import MANIFEST_BYTES
from persona_hub.transforms.hub.orphans import remove_empty
from persona_hub.transforms.hub.places import list_inside
from persona_hub.transforms.hub.versions import path_of, read_manifest
from persona_hub.transforms.purge.erasure import Erasure
from persona_hub.transforms.purge.rows import Rewritten, rewrite
from persona_hub.transforms.purge.versions import successors
from persona_hub.transforms.records import DeadLetter, Rejected, Sample, persona_id

FOLDERS = {"samples/*/*": Sample, "dead_letters/*": DeadLetter}  # of runs, and what they hold


@dataclass
class ErasedRuns:
    """What a purge did beside the versions."""

    rows: Counter[str] = field(default_factory=Counter)  # by kind
    texts: set[str] = field(default_factory=set)  # of samples
    files: int = 0  # that no manifest names, and that were deleted
    left: list[str] = field(default_factory=list)  # paths of such that a job may be writing
    exports: list[str] = field(default_factory=list)  # paths of folders that were deleted


def purge_runs(output: str, gone: Erasure, idle_seconds: float) -> ErasedRuns:
    """Erases samples, dead letters and exports; each run's manifest names what is left, or what was, at any moment."""
    erased = ErasedRuns()
    with exclusive(output):
        for pattern, record in FOLDERS.items():
            for path in files_matching(output, f"{pattern}/{MANIFEST}"):
                purge_run(output, path.path, record, gone, erased)
            remove_unnamed_of_runs(output, pattern, time.time() - idle_seconds, erased)
    erased.exports = remove_exports(output, gone.personas)
    return erased


def purge_run(output: str, path: str, record: type, gone: Erasure, erased: ErasedRuns) -> None:
    """One folder: successors of its files, then its manifest, then the files go."""
    data = read_bytes(path, MANIFEST_BYTES)
    manifest = RunManifest.from_json(data, path)
    found = {entry.path: rewrite(output, entry, record_in(entry, record), gone) for entry in manifest.files}
    changed = {path: one for path, one in found.items() if one}
    if not changed:
        return
    swapped = swap_bytes(path, data, updated_run(manifest, changed).to_json())
    if not swapped:
        raise HubError(f"{path}: was changed by another job at this moment; run the same command again")
    for old, one in changed.items():
        delete_file(path_of(output, old))
        erased.rows[record_kind(record)] += len(one.dropped)
        erased.texts |= {row.text for row in one.dropped if isinstance(row, Sample)}


def record_in(entry: FileEntry, record: type) -> type:
    """What a file of a run holds: beside samples lie those that were rejected."""
    return Rejected if entry.kind == "rejected" else record


def record_kind(record: type) -> str:
    """What files of such records are called."""
    return "samples" if record is Sample else "dead_letters"


def updated_run(manifest: RunManifest, changed: dict[str, Rewritten]) -> RunManifest:
    """A run with the successors of its files; its counts tell what was erased."""
    counts = Counter(manifest.counts.get(PURGE, {}))
    for path, one in changed.items():
        counts[path.rpartition("/")[2].split("-", 1)[0]] += len(one.dropped)
    return replace(manifest, files=successors(manifest, changed), counts={**manifest.counts, PURGE: dict(counts)})


def all_runs(output: str) -> list[RunManifest]:
    """The manifests of all folders of runs."""
    paths = [found.path for pattern in FOLDERS for found in files_matching(output, f"{pattern}/{MANIFEST}")]
    return [read_manifest(RunManifest, path) for path in paths]


def remove_unnamed_of_runs(output: str, pattern: str, before: float, erased: ErasedRuns) -> None:
    """Deletes what no manifest names in the folders of runs: a killed attempt left it, of the run or of a purge.

    What has changed since `before`, and since its folder was published, may belong to a job that runs.
    """
    manifests = {found.path: found.modified for found in files_matching(output, f"{pattern}/{MANIFEST}")}
    published = {split_path(path)[0]: seconds for path, seconds in manifests.items()}
    named = {path_of(output, e.path) for path in manifests for e in read_manifest(RunManifest, path).files}
    for found in files_matching(output, f"{pattern}/*"):
        if found.path in named or found.path in manifests:
            continue
        if found.modified <= max(before, published.get(split_path(found.path)[0], 0.0)):
            delete_file(found.path)
            erased.files += 1
        else:
            erased.left.append(found.path)


def remove_exports(output: str, personas: AbstractSet[str]) -> list[str]:
    """Deletes the folders of OUTPUT/export with somebody of `personas` in a file; their paths.

    The files with somebody in them go last: killed before that, the same again finds the folder.
    """
    folders: dict[str, list[str]] = {}
    for found in files_matching(output, "export/*/*"):
        folders.setdefault(split_path(found.path)[0], []).append(found.path)
    removed = []
    for folder, paths in sorted(folders.items()):
        holding = [path for path in paths if not personas.isdisjoint(ids_in(path))]
        if holding:
            for path in [*(path for path in paths if path not in holding), *holding]:
                delete_file(path)
            removed.append(folder)
    if removed and is_local(output):
        remove_empty(path_of(output, "export"))
    return removed


def ids_in(path: str) -> Iterable[str]:
    """Ids of the personas in an exported file; JSON Lines without lineage have their texts alone.

    A file of another kind has none.
    """
    with open_to_read(path) as file:
        if path.endswith(".parquet"):
            with pq.ParquetFile(pa.PythonFile(file, mode="r")) as table:
                there = {column.path for column in table.schema}
                names = [name for name in ("persona_id", "parent_id", "lineage.persona_id") if name in there]
                for batch in table.iter_batches(columns=names):
                    for column in batch.columns:
                        yield from (column.field(0) if pa.types.is_struct(column.type) else column).to_pylist()
        elif path.endswith(".jsonl"):
            for line in file:
                row = orjson.loads(line)
                if lineage := row.get("lineage"):
                    yield lineage["persona_id"]
                if text := row.get("persona") or row.get("input persona"):
                    yield persona_id(text)


def files_matching(output: str, pattern: str) -> list[StoredFile]:
    """The files of a pattern in OUTPUT, in order."""
    return list_inside(output, pattern)
