"""The whole DAG through a job server of Beam's own, with an external pool of workers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.pools import Pools
from tests.cluster.processes import free_ports, kill, listens, start, wait_until
from tests.cluster.same_hub import hub_of
from tests.helpers import hubs


@pytest.fixture
def portable(tmp_path: Path) -> Iterator[list[str]]:
    """Flags of a job server and a worker pool, each a process of its own."""
    (port,) = free_ports(1)
    module = "apache_beam.runners.portability.local_job_service_main"
    server = start([sys.executable, "-m", module, f"--port={port}"], tmp_path / "job-server.log")
    pools = Pools(tmp_path)
    try:
        pools.start()
        wait_until(lambda: listens(port), "job server")
        environment = ["--environment_type=EXTERNAL", f"--environment_config={pools.address}"]
        yield ["--runner=PortableRunner", f"--job_endpoint=localhost:{port}", *environment]
    finally:
        pools.close()
        kill(server)


def test_the_hub_is_that_of_one_process(portable: list[str], examples: Path, tmp_path: Path) -> None:
    notes = examples / "corpus" / "notes.jsonl"
    runners = {"there": portable, "here": []}
    chosen = ["--choose=diverse", "--max_samples=9", "--where", "hop<2 and country!=XX"]
    same = ["--embedder=use", *chosen]
    there, here = (hubs.build(notes, tmp_path / name, *same, *flags) for name, flags in runners.items())
    assert hub_of(there) == hub_of(here)
