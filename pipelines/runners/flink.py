"""What a job on Flink is told where its user did not say: Flink's own defaults fit short bundles of computing."""

from __future__ import annotations

import argparse
import json
import time
import urllib.request
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
)
from apache_beam.runners.portability.flink_runner import FlinkJarJobServer, FlinkRunner
from apache_beam.runners.runner import PipelineResult, PipelineState

FLINK = "FlinkRunner"
# A bundle that ends drains its window of calls: with the runner's 10 s a model of 2 s a call idles a fifth of the time.
# What a retry repeats is cheap, since answers are in the response store. Its size counts batches.
BUNDLE_MILLIS, BUNDLE_ELEMENTS = 600_000, 100_000
# Flink restarts nothing without this; a lost task manager or worker would end the job.
RETRIES, RETRY_DELAY_MILLIS = 10, 10_000
# Between the stages of a batch job the runner ends its SDK workers, and the next stage waits 3 to 10 s for others.
# (It keeps them only where Beam's jar is in Flink's own lib/ and classes are resolved parent-first.) A worker that died
# is kept as well, until the job has not asked for one so long: kept for 30 s and asked for again every 5 s, all ten
# retries met the same dead one. So a retry comes later than that.
WORKERS_KEPT_MILLIS = 5_000
ONE_FEWER_THAN_CORES = 0
CANCEL_SECONDS = 30.0
ENDED = ("CANCELED", "FAILED", "FINISHED")


class FlinkJobOptions(PipelineOptions):
    """Options of the job server that Beam's Python side leaves unnamed; it asks the server, after ours are checked."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--number_of_execution_retries", type=int, help="Flink: how often what fails is done again")
        parser.add_argument("--execution_retry_delay", type=int, help="Flink: milliseconds before that")
        parser.add_argument("--max_bundle_time_mills", type=int, help="Flink: milliseconds until a bundle ends")
        parser.add_argument("--max_bundle_size", type=int, help="Flink: elements until a bundle ends")
        parser.add_argument("--execution_mode_for_batch", help="Flink 1: PIPELINED or BATCH_FORCED")
        parser.add_argument("--checkpointing_interval", type=int, help="Flink: milliseconds between checkpoints")
        parser.add_argument("--state_backend", help="Flink: rocksdb or hashmap")
        parser.add_argument("--flink_conf_dir", help="Flink: folder of its configuration")


def add_flink_defaults(options: PipelineOptions, flags: Sequence[str]) -> None:
    """Sets in `options` what the user did not in `flags`."""
    job, portable = options.view_as(FlinkJobOptions), options.view_as(PortableOptions)
    given = {flag.removeprefix("--").partition("=")[0] for flag in flags}

    def default(view: PipelineOptions, name: str, value: object) -> None:
        if name not in given:
            setattr(view, name, value)

    name = f"persona-hub-{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:4]}"
    default(options.view_as(GoogleCloudOptions), "job_name", name)  # where Beam looks for it, on any runner
    default(job, "number_of_execution_retries", RETRIES)
    default(job, "execution_retry_delay", RETRY_DELAY_MILLIS)
    default(job, "max_bundle_time_mills", BUNDLE_MILLIS)
    default(job, "max_bundle_size", BUNDLE_ELEMENTS)
    default(portable, "environment_cache_millis", WORKERS_KEPT_MILLIS)
    default(portable, "sdk_worker_parallelism", ONE_FEWER_THAN_CORES)


class JobServer(FlinkJarJobServer):
    """Beam's, which leaves Ctrl-C to this process: in a terminal it reaches all of a group."""

    def subprocess_cmd_and_endpoint(self) -> tuple[list[str], str]:
        """Started by a shell that ignores the signal; a Java machine lets it be where it is ignored."""
        command, endpoint = super().subprocess_cmd_and_endpoint()
        return ["/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh", *command], endpoint


class FlinkJobRunner(FlinkRunner):
    """The runner for Flink, with that job server where it starts one."""

    def default_job_server(self, options: PipelineOptions) -> Any:
        """A job server of this process's own."""
        server = super().default_job_server(options)
        if isinstance(getattr(server, "_job_server", None), FlinkJarJobServer):
            server._job_server = JobServer(options)
        return server


def console(options: PipelineOptions) -> str:
    """The address of Flink's own pages, and of what it can be told; "" where only the job server knows it."""
    master: str = options.view_as(FlinkRunnerOptions).flink_master
    return "" if master.startswith("[") else master if master.startswith("http") else f"http://{master}"


def cancel(result: PipelineResult, options: PipelineOptions) -> bool:
    """Cancels the job that this process has started; false where Flink does not say that it has ended.

    Flink is asked itself: Beam's job server leaves off waiting for a job that is cancelled, and lets it run on.
    """
    name = options.view_as(GoogleCloudOptions).job_name
    until = time.monotonic() + CANCEL_SECONDS
    try:
        jobs = [job for job in asked(f"{console(options)}/jobs/overview")["jobs"] if job["name"] == name]
        address = f"{console(options)}/jobs/{max(jobs, key=lambda job: int(job['start-time']))['jid']}"
        asked(f"{address}?mode=cancel", "PATCH")
        while asked(address)["state"] not in ENDED:
            if time.monotonic() > until:
                return False
            time.sleep(0.2)
    except (OSError, ValueError, LookupError):  # no address, no such job, no connection, another version's answer
        return False
    with suppress(Exception):  # the job server may be gone; if not, its messages end when it has heard
        while not PipelineState.is_terminal(result.state) and time.monotonic() < until:
            time.sleep(0.2)
    return True


def asked(url: str, method: str = "GET") -> dict[str, Any]:
    """What Flink's REST interface answers."""
    request = urllib.request.Request(url, method=method)  # noqa: S310 - the user's own cluster, by http or https
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        found: dict[str, Any] = json.loads(answer.read() or b"{}")
        return found
