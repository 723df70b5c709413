"""Purges, and what is checked after each: that all that is named is there, and as it is counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.manifest import BaseManifest, RunManifest
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.table_files import read_file, write_shard
from persona_hub.transforms.hub.versions import Hub, list_versions, missing_files, open_hub
from persona_hub.transforms.purge.runs import all_runs
from persona_hub.transforms.records import DeadLetter, Persona, Rejected, Sample
from persona_hub.transforms.wire.batches import Batch

FLAGS = ["--expand_hops", "2", "--use_case", "math,tool", "--embedder", "hash"]
IDLE = ["--older_than_hours", "0"]


def purge(hub: Path, *named: str, flags: list[str] = IDLE) -> int:
    given = [flag for source in named for flag in ("--source", source)]
    return main(["takedown", "--hub", str(hub), *given, "--purge", *flags])


def letters(hub: Path, run: str, *rows: DeadLetter) -> None:
    """A run beside the hub that left these dead letters."""
    stem = f"dead_letters/{run}"
    entry = write_shard(str(hub), stem, "dead_letters-00000-of-00001", DeadLetter, "jsonl", [Batch(rows)])
    publish(str(hub), RunManifest(run=run), [entry], {"write_hub": {"dead_letters": len(rows)}})


def versions_of(hub: Path) -> list[Hub]:
    return [open_hub(str(hub), manifest.version) for manifest in list_versions(str(hub))]


def check_whole(hub: Path) -> None:
    """Every version and run names files that are there, and counts what is in them."""
    for version in versions_of(hub):
        assert missing_files(version) == []
        shown = list(read_table(version, "personas", Persona))
        assert len(shown) == version.manifest.records_of("personas")
        for kind in ("provenance", "duplicates", "documents", "vectors", "attributes", "members", "removed"):
            list(read_table(version, kind, TABLES[kind]))
        check_files(hub, version.manifest, version.manifest.folder, TABLES)
    for run in all_runs(str(hub)):
        for folder in {entry.folder for entry in run.files}:
            check_files(hub, run, folder, {"samples": Sample, "rejected": Rejected, "dead_letters": DeadLetter})


def check_files(hub: Path, made: BaseManifest, folder: str, records: dict[str, type]) -> None:
    """What was written less what was purged is what there is."""
    held: Counter[str] = Counter()
    for entry in made.files:
        assert len(list(read_file(str(hub / entry.path), records[entry.kind]))) == entry.records
        assert (hub / entry.path).stat().st_size == entry.bytes
        held[entry.kind] += entry.records if entry.folder == folder else 0
    if folder.startswith("hub/"):
        written, purged = made.counts.get("write_hub", {}), made.counts.get("purge", {})
        for kind in records:
            assert held[kind] == written.get(kind, 0) - purged.get(kind, 0), (folder, kind)
