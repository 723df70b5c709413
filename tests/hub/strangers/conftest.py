"""A hub of two versions and a run, and beside it what nobody may touch."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.records import Sample
from persona_hub.transforms.wire.batches import Batch
from tests.material.versions import made, persona


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with OUTPUT, a hub of two versions and a run of samples, and beside it what nobody may touch."""
    folder = tmp_path_factory.mktemp("strangers")
    output = folder / "out"
    first = made(output, "", "a diver")
    second = made(output, first.version, "a nurse")
    sample = Sample(persona("a nurse").persona_id, "a nurse", "math", "How deep?", "math", "m", "abc", 0, 1, 1)
    run = f"{second.version}-aaaaaaaa"
    entry = write_shard(str(output), f"samples/math/{run}", "samples-0", Sample, "jsonl", [Batch([sample])])
    publish(str(output), RunManifest(run=run, hub_version=second.version), [entry], {})
    victim = folder / "victim"
    shutil.copytree(output / "hub" / first.version, victim)
    (victim / "CURRENT").write_text("kept\n")
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "copy"))
