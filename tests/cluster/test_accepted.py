"""`--accepted N` on Flink and on Prism: the same samples as of one process, and no question asked twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from tests.cluster.engines import prism
from tests.cluster.flink import Cluster
from tests.helpers.hubs import rows, write_personas
from tests.helpers.paid import paying
from tests.material.personas import persona
from tests.servers.models.launch import FakeServer
from tests.servers.redis import RedisServer

WANTED, PEOPLE = 40, 120


@pytest.fixture(params=["Flink", "Prism"])
def runner(request: pytest.FixtureRequest) -> list[str]:
    """The flags of a runner."""
    if request.param == "Prism":
        return ["--runner=PrismRunner", f"--prism_location={prism()}"]
    cluster: Cluster = request.getfixturevalue("cluster")
    return [*cluster.quick_flags(), "--parallelism=2"]  # 200 steps are as many tasks for each slot


def made(folder: Path, server: FakeServer, flags: list[str]) -> tuple[list[Any], dict[str, int]]:
    """The rows of all samples, kept or rejected, and what the server has counted."""
    server.tell(right=0.6)
    people = (persona(f"A keeper of lighthouse {i} who mends its clock") for i in range(PEOPLE))
    folder.mkdir()
    hub = write_personas(folder / "hub", people)
    command = ["synthesize", "--hub", str(hub), "--output", str(folder / "out"), *paying(server, folder)]
    assert main([*command, "--use_case", "math", "--accepted", str(WANTED), *flags]) == DONE
    return sorted(rows(folder / "out" / "samples"), key=str), server.counts()


def test_the_samples_are_those_of_one_process(
    runner: list[str], server: FakeServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    here, asked = made(tmp_path / "here", server, [])
    there, asked_there = made(tmp_path / "there", server, ["--response_store", redis_server.address, *runner])
    assert there == here
    assert sum("reason" not in row for row in here) == WANTED < asked["calls"]
    assert (asked_there["calls"], asked_there["repeated"]) == (asked["calls"], 0)
