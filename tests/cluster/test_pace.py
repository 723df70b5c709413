"""--requests_per_minute is for the whole job, however many worker processes share it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from tests.cluster.flink import Cluster
from tests.cluster.processes import wait_until
from tests.helpers.paid import corpus_of, paying
from tests.servers.models.launch import FakeServer
from tests.servers.redis import RedisServer

A_MINUTE, DOCUMENTS = 900, 700
MEASURED_SECONDS = 30.0


def test_the_pace_of_two_pools_is_that_of_the_job(
    cluster: Cluster, server: FakeServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    """The calls that reached the server while the job was under way; the model's time is short beside the pace."""
    server.tell(median_ms=50, p99_ms=100)
    flags = [*paying(server, tmp_path), "--response_store", redis_server.address, f"--requests_per_minute={A_MINUTE}"]
    command = ["build", "--input", str(corpus_of(tmp_path, DOCUMENTS)), "--output", str(tmp_path / "out"), *flags]
    ended: list[int] = []
    run = threading.Thread(
        target=lambda: ended.append(
            main([*command, "--expand_hops=0", "--embedder=hash", "--partitions=16", *cluster.quick_flags()])
        )
    )
    run.start()
    wait_until(lambda: server.counts()["calls"] >= 50 or bool(ended), "calls", 300)  # past the start
    before, since = server.counts()["calls"], time.monotonic()
    time.sleep(MEASURED_SECONDS)
    made, seconds = server.counts()["calls"] - before, time.monotonic() - since
    assert not ended, "the job was over before the pace could be measured"
    run.join()
    assert ended == [DONE]
    assert 60 * made / seconds == pytest.approx(A_MINUTE, rel=0.1)
    assert cluster.pools.with_workers() == len(cluster.pools.running) == 2
