"""`evaluate` on Flink and on Prism: byte for byte the report of one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from tests.cluster.engines import prism
from tests.cluster.flink import Cluster
from tests.material.hubs.report_hub import report_hub

WRITTEN = ("report.json", "index.html")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub with samples, each of its tables in three files."""
    return report_hub(tmp_path_factory.mktemp("evaluate") / "hub", files=3)


def report_of(hub: Path, output: Path, flags: list[str]) -> dict[str, bytes]:
    command = ["evaluate", "--hub", str(hub), "--output", str(output), "--progress", "none"]
    assert main([*command, *flags]) == DONE
    return {name: (output / name).read_bytes() for name in WRITTEN}


@pytest.fixture(scope="module")
def here(hub: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The report of the FnApiRunner, of eight blocks."""
    return report_of(hub, tmp_path_factory.mktemp("here") / "out", [])


def test_the_report_is_that_of_prism(hub: Path, here: dict[str, bytes], tmp_path: Path) -> None:
    flags = ["--runner=PrismRunner", f"--prism_location={prism()}", "--partitions=3"]
    assert report_of(hub, tmp_path / "out", flags) == here


def test_the_report_is_that_of_flink(hub: Path, here: dict[str, bytes], cluster: Cluster, tmp_path: Path) -> None:
    assert report_of(hub, tmp_path / "out", [*cluster.quick_flags(), "--parallelism=2", "--partitions=16"]) == here
