"""`ablate` on Prism: the outcome of one process, from as many calls.

On Flink it is the same, but there this test took 158 s on a busy machine: not in CI.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from tests.cluster.engines import prism
from tests.helpers.hubs import write_personas
from tests.helpers.paid import paying
from tests.material.personas import persona
from tests.servers.models.launch import FakeServer
from tests.servers.redis import RedisServer

SAMPLES, PEOPLE = 30, 60


def made(folder: Path, server: FakeServer, flags: list[str]) -> tuple[dict[str, Any], int]:
    """What ablation.json says, and how many calls were made."""
    server.tell(right=0.6)
    people = (persona(f"A keeper of lighthouse {i} who mends its clock") for i in range(PEOPLE))
    folder.mkdir()
    hub, output = write_personas(folder / "hub", people, embedder="hash"), folder / "out"
    command = ["ablate", "--hub", str(hub), "--output", str(output), *paying(server, folder), "--use_case", "math"]
    arms = ["--samples_per_arm", str(SAMPLES), "--arms", "few,hub:50", "--progress", "none"]
    assert main([*command, *arms, *flags]) == DONE
    outcome: dict[str, Any] = json.loads((output / "ablation.json").read_bytes())
    return outcome, server.counts()["calls"]


def test_the_outcome_is_that_of_one_process(server: FakeServer, redis_server: RedisServer, tmp_path: Path) -> None:
    runner = ["--runner=PrismRunner", f"--prism_location={prism()}"]
    here, asked = made(tmp_path / "here", server, [])
    there, asked_there = made(tmp_path / "there", server, ["--response_store", redis_server.address, *runner])
    assert [one["samples"] for one in here["arms"].values()] == [SAMPLES, SAMPLES]
    assert there == here
    assert asked_there == asked
