"""templates/flink: what a job needs that waits on calls is in them, and their parts fit each other."""

from __future__ import annotations

import re
from typing import Any

import apache_beam
import pytest
import yaml
from apache_beam.options.pipeline_options import FlinkRunnerOptions

from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.parser import read_options
from persona_hub.pipelines.runners.flink import RETRY_DELAY_MILLIS, FlinkJobOptions
from persona_hub.pipelines.runners.run import beam_options, cluster_of
from tests.helpers.places import TEMPLATES

FOLDER = TEMPLATES / "flink"


@pytest.fixture
def cluster() -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((FOLDER / "cluster.yaml").read_text())
    return made


@pytest.fixture
def pod() -> dict[str, Any]:
    """Of the job that starts a build."""
    made: dict[str, Any] = yaml.safe_load((FOLDER / "build.yaml").read_text())["spec"]["template"]["spec"]
    return made


def test_the_build_takes_its_flags(pod: dict[str, Any]) -> None:
    options, rest = read_options(JOB_BY_NAME["build"], pod["containers"][0]["args"])
    assert options.response_store.startswith("redis://")
    assert beam_options(rest).get_all_options()["environment_type"] == "EXTERNAL"


def test_build_and_cluster_find_each_other(cluster: dict[str, Any], pod: dict[str, Any]) -> None:
    flags = dict(argument.removeprefix("--").split("=", 1) for argument in pod["containers"][0]["args"])
    server = dict(argument.removeprefix("--").split("=", 1) for argument in pod["initContainers"][0]["args"])
    managers, slots = cluster["spec"]["taskManager"], cluster["spec"]["flinkConfiguration"]
    sidecar = managers["podTemplate"]["spec"]["containers"][1]
    assert sidecar["args"] == ["--worker_pool"]
    assert flags["environment_config"] == f"localhost:{sidecar['ports'][0]['containerPort']}"
    assert flags["flink_master"] == server["flink-master"] == f"{cluster['metadata']['name']}-rest:8081"
    assert flags["job_endpoint"] == f"localhost:{server['job-port']}"
    assert int(flags["parallelism"]) == managers["replicas"] * int(slots["taskmanager.numberOfTaskSlots"])
    assert sidecar["image"] == pod["containers"][0]["image"]
    assert cluster["spec"]["image"] == pod["initContainers"][0]["image"]


def test_what_is_lost_is_done_again_and_workers_live_on(cluster: dict[str, Any]) -> None:
    settings = cluster["spec"]["flinkConfiguration"]
    assert settings["restart-strategy.type"] == "fixed-delay"
    assert settings["restart-strategy.fixed-delay.delay"] == f"{RETRY_DELAY_MILLIS // 1000} s"
    assert settings["classloader.resolve-order"] == "parent-first"
    assert all(isinstance(value, str) for value in settings.values())


def test_the_versions_are_those_of_beam(cluster: dict[str, Any]) -> None:
    text = (FOLDER / "Dockerfile").read_text()
    versions = dict(re.findall(r"ARG (\w+)=(\S+)", text))
    assert versions["BEAM"] == apache_beam.__version__
    assert versions["FLINK"] == FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS[-1]
    assert f"FROM flink:{versions['FLINK']}-" in text
    assert cluster["spec"]["flinkVersion"] == f"v{versions['FLINK'].replace('.', '_')}"


def test_flink_is_told_what_the_user_did_not_say() -> None:
    own = beam_options(["--runner=FlinkRunner", "--max_bundle_size=7", "--sdk_worker_parallelism", "3"])
    told = own.get_all_options()
    assert (told["max_bundle_size"], told["sdk_worker_parallelism"]) == (7, "3")
    assert told["number_of_execution_retries"] == 10
    assert told["max_bundle_time_mills"] == 600_000
    assert told["environment_cache_millis"] < told["execution_retry_delay"]
    assert beam_options(["--runner=PrismRunner"]).view_as(FlinkJobOptions).max_bundle_size is None


def test_a_job_on_flink_has_a_name_of_its_own_and_a_place() -> None:
    flags = ["--runner=FlinkRunner", "--environment_type=EXTERNAL"]
    one, other = (beam_options([*flags, "--flink_master=flink:8081"]) for _ in range(2))
    assert one.get_all_options()["job_name"].startswith("persona-hub-")
    assert one.get_all_options()["job_name"] != other.get_all_options()["job_name"]
    assert beam_options([*flags, "--job_name=mine"]).get_all_options()["job_name"] == "mine"
    assert cluster_of(one) == "FlinkRunner, http://flink:8081"
    assert cluster_of(beam_options(flags)) == "FlinkRunner"
    assert cluster_of(beam_options([])) == ""
