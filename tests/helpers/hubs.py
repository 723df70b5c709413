"""Hubs for tests: built by the command, read by what readers use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.manifest import Manifest, RunManifest
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.reading import read_personas
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Persona, Rejected, Sample
from persona_hub.transforms.wire.batches import Batch

RUNNER: list[str] = []  # flags of the runner, set by the fixture `dag_runner`; none: this machine's FnApiRunner


def build(corpus: Path, output: Path, *flags: str) -> Path:
    """A hub of two hops with samples of two use cases."""
    command = ["build", "--input", str(corpus), "--output", str(output), "--expand_hops", "2", "--embedder", "hash"]
    assert main([*command, "--use_case", "math,tool", *flags, *RUNNER]) == DONE
    return output


def write_personas(
    output: Path, given: Iterable[Persona], embedder: str = "", files: int = 1, **tables: Iterable[Any]
) -> Path:
    """A hub of these personas, and rows of other `tables`, as no job has made it, in a hundredth of a build's time.

    Each table is in so many `files`, to which its rows are dealt in turn.
    """
    shards = [
        write_shard(str(output), "hub/0001-aa", f"{kind}-{n}", TABLES[kind], "avro", [Batch(rows[n::files])])
        for kind, dealt in {"personas": given, **tables}.items()
        for rows in [list(dealt)]
        for n in range(files)
    ]
    models = {"embedder": embedder} if embedder else {}
    publish(str(output), Manifest(version="0001-aa", fingerprint="aa", models=models), shards, {})
    return output


def write_samples(output: Path, use_case: str, kept: Iterable[Sample], rejected: Iterable[Rejected] = ()) -> Path:
    """A run of samples beside a hub of `write_personas`."""
    folder, refused = f"samples/{use_case}/0001-aa", list(rejected)
    shards = [
        write_shard(str(output), folder, "samples-0", Sample, "jsonl", [Batch(kept)]),
        write_shard(str(output), folder, "rejected-0", Rejected, "jsonl", [Batch(refused)]),
    ]
    accepted = shards[0].records
    counts = {"accepted": accepted, "samples": accepted + len(refused)}
    counts |= Counter(f"rejected-{one.reason}" for one in refused)
    run = RunManifest(run="0001-aa", hub_version="0001-aa")
    asked = {"answered": accepted + len(refused)}
    publish(str(output), run, shards, {f"synthesize_{use_case}": asked, f"check_{use_case}": counts})
    return output


def personas(hub: Path) -> list[Persona]:
    """The hub's personas."""
    return list(read_personas(open_hub(str(hub))))


def samples(output: Path, use_case: str) -> list[dict[str, Any]]:
    """The rows of all samples of a use case that were kept."""
    return rows(output / "samples" / use_case, "samples-*.jsonl")


def dead_letters(output: Path) -> list[dict[str, Any]]:
    """The rows of all dead letters."""
    return rows(output / "dead_letters")


def rows(folder: Path, pattern: str = "*.jsonl") -> list[dict[str, Any]]:
    """The rows of all JSON Lines under a folder."""
    return [orjson.loads(line) for file in sorted(folder.rglob(pattern)) for line in file.read_bytes().splitlines()]
