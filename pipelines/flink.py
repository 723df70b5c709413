"""What a job on Flink is told where its user did not say: Flink's own defaults fit short bundles of computing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions

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

    default(job, "number_of_execution_retries", RETRIES)
    default(job, "execution_retry_delay", RETRY_DELAY_MILLIS)
    default(job, "max_bundle_time_mills", BUNDLE_MILLIS)
    default(job, "max_bundle_size", BUNDLE_ELEMENTS)
    default(portable, "environment_cache_millis", WORKERS_KEPT_MILLIS)
    default(portable, "sdk_worker_parallelism", ONE_FEWER_THAN_CORES)
