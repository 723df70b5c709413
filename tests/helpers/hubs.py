"""Hubs for tests: built by the command, read by what readers use."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from typing import Any

import orjson

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.reading import read_personas
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Persona
from persona_hub.transforms.wire.batches import Batch

RUNNER: list[str] = []  # flags of the runner, set by the fixture `dag_runner`; none: this machine's FnApiRunner


def build(corpus: Path, output: Path, *flags: str) -> Path:
    """A hub of two hops with samples of two use cases."""
    command = ["build", "--input", str(corpus), "--output", str(output), "--expand_hops", "2", "--embedder", "hash"]
    assert main([*command, "--use_case", "math,tool", *flags, *RUNNER]) == DONE
    return output


def write_personas(output: Path, given: Iterable[Persona]) -> Path:
    """A hub of these personas and nothing else, as no job has made it: it takes a hundredth of a build's time."""
    rows = Batch(sorted(given, key=attrgetter("persona_id")))
    shard = write_shard(str(output), "hub/0001-aa", "personas-0", Persona, "avro", [rows])
    publish(str(output), Manifest(version="0001-aa", fingerprint="aa"), [shard], {})
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
