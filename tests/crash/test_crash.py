"""Builds that are killed: what was paid stays paid, and the hub is the same in the end."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED
from persona_hub.transforms.store.registry import open_store
from tests.helpers.drills import long_drill
from tests.helpers.jobs import Forker, Job
from tests.helpers.paid import IN_FLIGHT, SMALL, build_command, paying, quiet, whole
from tests.servers.models.launch import FakeServer

TWO_PROCESSES = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


def wait_for_calls(server: FakeServer, n: int, job: Job) -> None:
    while server.counts()["calls"] < n:
        assert job.poll() is None, job.errors
        time.sleep(0.03)


def three_kills(
    seed: int, server: FakeServer, forker: Forker, undisturbed: tuple[Path, int], folder: Path, flags: Sequence[str]
) -> None:
    """kill -9 of the whole process group at about 25, 50 and 75% of the calls, then on to the end."""
    hub, calls = undisturbed
    drawn = random.Random(seed)
    paid_flags = [*paying(server, folder), *SMALL, *flags]
    command = build_command(hub.parent / "corpus.jsonl", folder / "out", paid_flags)
    server.tell(median_ms=40, p99_ms=200)
    for share in (0.25, 0.5, 0.75):
        job = forker.start(command)
        wait_for_calls(server, int((share + drawn.uniform(-0.1, 0.1)) * calls), job)
        job.kill()
        assert job.wait() == -signal.SIGKILL
    job = forker.start(command)
    assert job.wait() == DONE, job.errors
    processes = 2 if TWO_PROCESSES[0] in flags else 1
    assert quiet(server)["paid"] <= calls + 3 * processes * IN_FLIGHT
    assert whole(folder / "out") == whole(hub)


def test_three_kills_cost_at_most_what_was_in_flight(
    server: FakeServer, forker: Forker, undisturbed: tuple[Path, int], tmp_path: Path
) -> None:
    three_kills(1, server, forker, undisturbed, tmp_path, [])


@long_drill
@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("processes", [[], TWO_PROCESSES], ids=["one process", "two processes"])
@pytest.mark.parametrize("store", ["sqlite", "redis", "bigtable"])
def test_three_kills_with_every_store(
    server: FakeServer, forker: Forker, undisturbed: tuple[Path, int], tmp_path: Path, store_address: str,
    processes: list[str], seed: int,
) -> None:  # fmt: skip
    flags = ["--response_store", store_address, *processes]
    three_kills(seed, server, forker, undisturbed, tmp_path, flags)


@long_drill
@pytest.mark.parametrize("processes", [[], TWO_PROCESSES], ids=["one process", "two processes"])
@pytest.mark.parametrize("store", ["redis", "bigtable"])
def test_a_stop_flag_from_elsewhere_loses_nothing_at_all(
    server: FakeServer, forker: Forker, undisturbed: tuple[Path, int], tmp_path: Path, store_address: str,
    processes: list[str],
) -> None:  # fmt: skip
    hub, calls = undisturbed
    paid_flags = [*paying(server, tmp_path), *SMALL, "--response_store", store_address, *processes]
    command = build_command(hub.parent / "corpus.jsonl", tmp_path / "out", paid_flags)
    server.tell(median_ms=40, p99_ms=200)
    job = forker.start(command)
    wait_for_calls(server, calls // 3, job)
    store = open_store(store_address)
    store.set_stop_flag()
    assert job.wait() == FAILED
    assert "the same command goes on from there" in job.errors
    counts = server.counts()
    assert counts["in_flight"] == 0
    assert sum(spend.calls for spend in store.spend().values()) == counts["paid"] < calls
    job = forker.start(command)  # which takes the word back
    assert job.wait() == DONE, job.errors
    assert server.counts()["paid"] == calls
    assert whole(tmp_path / "out") == whole(hub)
