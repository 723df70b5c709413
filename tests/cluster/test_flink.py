"""The whole DAG on a real Flink cluster: the same hub as on one machine, whatever dies half-way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED
from persona_hub.pipelines.main import main
from persona_hub.pipelines.runners.signals import STOPPING
from persona_hub.transforms.calls.engine import STOPPED
from tests.cluster.flink import Cluster
from tests.cluster.processes import WITH_ITS_PARENT, wait_until
from tests.cluster.same_hub import hub_of
from tests.helpers.paid import corpus_of, paying
from tests.helpers.places import ROOT
from tests.servers.models.launch import FakeServer
from tests.servers.redis import RedisServer

HOPS_AND_SAMPLES = ["--expand_hops", "1", "--use_case", "math", "--max_samples", "40", "--embedder", "use"]
SLOW = {"median_ms": 300, "p99_ms": 1000}  # so that half-way lasts


@dataclass
class Undisturbed:
    """A hub of the FnApiRunner, and the calls that it cost."""

    corpus: list[str]
    hub: dict[str, Any]
    calls: int


@pytest.fixture(scope="session")
def undisturbed(running_server: FakeServer, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    running_server.tell()
    crawls = f"{data}/web/warc/*.w*"  # without the gold beside them, which holds no texts
    corpus = ["--input", f"{data}/web/jsonl,{data}/web/parquet,{crawls},{data}/web/text"]
    flags = [*corpus, "--output", str(folder / "out"), *paying(running_server, folder), *HOPS_AND_SAMPLES]
    assert main(["build", *flags]) == DONE
    return Undisturbed(corpus, hub_of(folder / "out"), running_server.counts()["paid"])


def flags_of(undisturbed: Undisturbed, server: FakeServer, redis_server: RedisServer, folder: Path) -> list[str]:
    paid = [*paying(server, folder), "--response_store", redis_server.address]
    return ["build", *undisturbed.corpus, "--output", str(folder / "out"), *HOPS_AND_SAMPLES, *paid]


def test_the_hub_is_that_of_one_machine(
    undisturbed: Undisturbed, cluster: Cluster, server: FakeServer, redis_server: RedisServer, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert main([*flags_of(undisturbed, server, redis_server, tmp_path), *cluster.flags()]) == DONE
    assert hub_of(tmp_path / "out") == undisturbed.hub
    assert server.counts()["paid"] == undisturbed.calls
    assert f"hub           {tmp_path}/out/hub/" in capsys.readouterr().out


def start(command: list[str], runner: list[str]) -> subprocess.Popen[str]:
    """The command as a process group of its own, as in a terminal; it ends with this process."""
    python = [
        *WITH_ITS_PARENT,
        "env",
        "--default-signal=INT",
        sys.executable,
        "-m",
        "persona_hub",
        *command,
        *runner,
    ]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(python, cwd=ROOT, text=True, start_new_session=True, **pipes)  # type: ignore[call-overload]


def ctrl_c(job: subprocess.Popen[str]) -> None:
    """What a terminal does: all of the group hear it, the job server as well."""
    os.killpg(job.pid, signal.SIGINT)


def wait_for_calls(server: FakeServer, least: int, job: subprocess.Popen[str]) -> None:
    """Until so many are paid."""
    wait_until(lambda: server.counts()["paid"] >= least or job.poll() is not None, "calls", 600)
    assert job.poll() is None, job.communicate()


def kill_a_task_manager(cluster: Cluster, redis_server: RedisServer) -> None:
    cluster.kill_task_manager()
    cluster.start_task_managers()


def kill_a_pool(cluster: Cluster, redis_server: RedisServer) -> None:
    cluster.pools.kill_one()
    cluster.pools.start()


def restart_redis(cluster: Cluster, redis_server: RedisServer) -> None:
    redis_server.kill()
    time.sleep(2)
    redis_server.start()


@pytest.mark.parametrize("disturb", [kill_a_task_manager, kill_a_pool, restart_redis])
def test_what_dies_half_way_costs_what_was_in_flight(
    disturb: Any, undisturbed: Undisturbed, cluster: Cluster, server: FakeServer, redis_server: RedisServer,
    tmp_path: Path,
) -> None:  # fmt: skip
    server.tell(**SLOW)
    job = start(flags_of(undisturbed, server, redis_server, tmp_path), cluster.quick_flags())
    wait_for_calls(server, undisturbed.calls // 2, job)
    # Calls end and begin between a look at the server and the kill, and what the server has answered but the store not
    # yet kept is under way, too: so the bound is the most that was in flight at once until then.
    in_flight = server.counts()["most"]
    disturb(cluster, redis_server)
    _, errors = job.communicate()
    assert job.returncode == DONE, errors[-2000:]
    assert hub_of(tmp_path / "out") == undisturbed.hub
    assert undisturbed.calls <= server.counts()["paid"] <= undisturbed.calls + in_flight


def test_a_stopped_job_pays_no_more_and_goes_on_from_there(
    undisturbed: Undisturbed, cluster: Cluster, server: FakeServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    server.tell(**SLOW)
    job = start(flags_of(undisturbed, server, redis_server, tmp_path), cluster.flags())
    wait_for_calls(server, undisturbed.calls // 4, job)
    ctrl_c(job)
    _, errors = job.communicate()
    assert job.returncode == FAILED
    assert errors.splitlines() == [STOPPING, f"persona-hub build: error: {STOPPED}"]
    stopped = server.counts()
    assert stopped["in_flight"] == 0
    assert stopped["paid"] < undisturbed.calls
    server.tell()
    assert main([*flags_of(undisturbed, server, redis_server, tmp_path), *cluster.quick_flags()]) == DONE
    assert stopped["paid"] + server.counts()["paid"] == undisturbed.calls
    assert hub_of(tmp_path / "out") == undisturbed.hub


def test_without_answers_to_wait_for_the_job_is_cancelled_at_once(
    cluster: Cluster, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    shape = ["--expand_hops=1", f"--job_name={tmp_path.name}"]  # each hop is seconds of a job's start
    command = ["build", *undisturbed.corpus, "--output", str(tmp_path / "out"), *shape]
    job = start(command, cluster.flags())
    wait_until(lambda: cluster.state_of(tmp_path.name) == "RUNNING" or job.poll() is not None, "the job", 300)
    ctrl_c(job)
    _, errors = job.communicate()
    assert job.returncode == FAILED
    assert errors.splitlines() == ["persona-hub build: error: interrupted; run the same command again to go on"]
    assert cluster.state_of(tmp_path.name) == "CANCELED"


def test_a_job_that_fails_says_so_in_one_line(
    cluster: Cluster, server: FakeServer, redis_server: RedisServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.tell(key="another")
    flags = [*paying(server, tmp_path), "--response_store", redis_server.address, "--number_of_execution_retries=0"]
    flags += ["--expand_hops=0", "--embedding_threshold=1.0"]  # it fails in the first step, whatever would follow
    command = ["build", "--input", str(corpus_of(tmp_path, 5)), "--output", str(tmp_path / "out"), *flags]
    assert main([*command, *cluster.quick_flags()]) == FAILED
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("persona-hub")]
    assert len(told) == 1
    assert "ExtractPersona" in told[0]
    assert "401" in told[0]
    assert not list((tmp_path / "out").glob("hub/*/manifest.json"))
