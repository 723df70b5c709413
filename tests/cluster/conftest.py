"""Engines for the tests of this folder. They are fetched where they lack, and nothing here may skip."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.cluster.flink import Cluster

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # xdist then reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two groups, for two processes: what runs on the one Flink cluster, much of it waiting, and all else."""
    for item in items:
        on_flink = "cluster" in getattr(item, "fixturenames", ()) or "[Flink" in item.nodeid
        item.add_marker(pytest.mark.xdist_group("flink" if on_flink else "others"))
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.timeout(900))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What is missing is a failure here: an engine that was not there has shown nothing."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Flink with two task managers of two slots and two worker pools."""
    with Cluster(tmp_path_factory.mktemp("flink")) as cluster:
        yield cluster
