"""Runs a pipeline: on this machine with the FnApiRunner by name, elsewhere with the runner that Beam's flags name."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    DirectOptions,
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
    StandardOptions,
)
from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_provision_api_pb2, beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo, RunnerResult
from apache_beam.runners.portability.portable_runner import JobServiceHandle
from apache_beam.runners.runner import PipelineResult, PipelineRunner

from persona_hub.pipelines.cli.exit_status import Submitted, UnknownArgument, UsageError
from persona_hub.pipelines.cli.parser import Parser
from persona_hub.pipelines.runners.cached_options import Views
from persona_hub.pipelines.runners.dataflow import DATAFLOW, check_dataflow, runs_on, submitted, waits
from persona_hub.pipelines.runners.dofn_specs import remember_specs
from persona_hub.pipelines.runners.ending import ending
from persona_hub.pipelines.runners.flink import FLINK, FlinkJobRunner, add_flink_defaults, cancel, console
from persona_hub.pipelines.runners.memory import RETURNED_BYTES, return_freed_memory
from persona_hub.transforms.wire.spill import spilling

LOCAL_RUNNERS = ("", "DirectRunner", "FnApiRunner")
ONE_MACHINE = ("PrismRunner", "SwitchingDirectRunner")  # runners that are more than this process, on this machine


@dataclass(frozen=True)
class Where:
    """Where a job runs, as far as it concerns the answers that it pays for."""

    runner: str = "FnApiRunner"
    one_machine: bool = True  # all workers see this machine's disk
    retries: bool = False  # what fails is done again
    project: str = ""  # of Google Cloud


def where_of(options: PipelineOptions) -> Where:
    """Where a job with these options runs."""
    loopback = options.view_as(PortableOptions).environment_type == "LOOPBACK"  # workers are this machine's processes
    name = runner_name(options)
    return Where(
        runner=name,
        one_machine=runs_here(options) or name in ONE_MACHINE or loopback,
        retries=not runs_here(options),
        project=options.view_as(GoogleCloudOptions).project or "",
    )


def beam_options(flags: Sequence[str]) -> PipelineOptions:
    """Beam's options out of `flags`.

    Raises UsageError for an unknown flag, a value that Beam does not take, and a mode that loses data.
    """
    parser = Parser(prog="persona-hub COMMAND", add_help=False, allow_abbrev=False)
    for options in PipelineOptions.__subclasses__():
        options._add_argparse_args(parser)  # type: ignore[arg-type]
    if any(flag.partition("=")[0] == "--dry_run" for flag in flags):  # Beam takes it, with the word that follows
        raise UsageError("--dry_run: this command has none; `estimate` and `preview` show what a build will do")
    _, unknown = parser.parse_known_args(list(flags))
    if unknown:
        known = (name.removeprefix("--") for name in parser._option_string_actions)
        raise UnknownArgument(unknown[0], known)
    parsed = Views(list(flags))
    runner = parsed.view_as(StandardOptions).runner or ""
    names = StandardOptions.KNOWN_RUNNER_NAMES
    if runner and "." not in runner and f"{runner.lower().removesuffix('runner')}runner" not in map(str.lower, names):
        raise UsageError(f"--runner {runner}: no such runner; there are {', '.join(names)}")
    mode = parsed.view_as(DirectOptions).direct_running_mode
    if runs_here(parsed) and mode == "multi_threading":
        raise UsageError(
            "--direct_running_mode=multi_threading loses records in Beam 2.77's GroupByKey (991,365 of 1,000,000 came "
            "out of a test); use multi_processing, or in_memory"
        )
    if runner_name(parsed) == FLINK:
        add_flink_defaults(parsed, flags)
    return parsed


def runs_here(options: PipelineOptions) -> bool:
    """Whether the job runs on this machine, in this process or its children."""
    return (options.view_as(StandardOptions).runner or "") in LOCAL_RUNNERS


def runner_name(options: PipelineOptions) -> str:
    """The runner, as a manifest names it."""
    return "FnApiRunner" if runs_here(options) else options.view_as(StandardOptions).runner


def is_detached(options: PipelineOptions) -> bool:
    """Whether the command ends when the job begins."""
    return runner_name(options) == DATAFLOW and not waits(options)


def run_pipeline(
    build: Callable[[beam.Pipeline], None], options: PipelineOptions, returned_bytes: int = RETURNED_BYTES
) -> PipelineResult:
    """Builds the DAG and runs it to its end. Raises JobError, or UsageError, with the step and the cause.

    On Dataflow only --wait waits; else it raises Submitted as soon as the service has taken the job.

    On this machine, blocks of memory from `returned_bytes` on go back to the system when they are freed.
    """
    if runner_name(options) == DATAFLOW:
        check_dataflow(options)
    remember_specs()
    pipeline = beam.Pipeline(runner=own_runner(options), options=options)
    build(pipeline)
    if runs_here(options):
        return_freed_memory(returned_bytes)
    if not os.environ.get("PERSONA_HUB_TRACEBACK"):
        logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # it logs each failure with its data
    try:
        with spilling() if runs_here(options) else quiet_root():
            with own_interrupt():
                result = pipeline.run()
            if not is_detached(options):
                wait(result, options)
    except Exception as error:  # a step's own exception comes back as its type, whatever that is
        raise ending(error) from error
    if is_detached(options):
        raise Submitted(submitted(result, options))
    return result


def wait(result: PipelineResult, options: PipelineOptions) -> None:
    """Waits for the end of the job. Where that is interrupted, a job on Flink is cancelled; one on Dataflow runs on,
    and the interrupt says where.
    """
    try:
        result.wait_until_finish()
    except KeyboardInterrupt:
        if runner_name(options) == DATAFLOW:
            raise KeyboardInterrupt(runs_on(result, options)) from None
        if runner_name(options) != FLINK:
            raise
        if not cancel(result, options):
            name = options.view_as(GoogleCloudOptions).job_name
            raise KeyboardInterrupt(f"interrupted, but Flink did not cancel the job {name}; cancel it there") from None
        raise


def cluster_of(options: PipelineOptions) -> str:
    """The cluster that the job runs on, as a user is shown it; "" for this machine."""
    if where_of(options).one_machine:
        return ""
    name = runner_name(options)
    return f"{name}, {console(options)}" if name == FLINK and console(options) else name


@contextmanager
def own_interrupt() -> Iterator[None]:
    """Gives back Ctrl-C: the job server of a cluster's runner takes it, to end while the job goes on and pays."""
    before = signal.getsignal(signal.SIGINT)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, before)


@contextmanager
def quiet_root() -> Iterator[None]:
    """Beam logs what a job server tells on the root: there, too, each failure with its data."""
    root = logging.getLogger()
    before = root.level
    if not os.environ.get("PERSONA_HUB_TRACEBACK"):
        root.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        root.setLevel(before)


class LocalRunner(FnApiRunner):
    """The FnApiRunner with two changes to the command that starts a worker process.

    Workers leave signals to this process: Ctrl-C in a terminal reaches all of a group, and workers that died of it
    would lose the calls under way. They end when this process has ended. And `-P` keeps the working folder off the
    workers' import path, where a folder `transforms/` or `persona_hub/` of the user's would hide ours.
    """

    def run_via_runner_api(
        self, pipeline_proto: beam_runner_api_pb2.Pipeline, options: PipelineOptions
    ) -> RunnerResult:
        """Runs the pipeline."""
        for environment in pipeline_proto.components.environments.values():
            if environment.urn == python_urns.SUBPROCESS_SDK:
                environment.payload = worker_command(environment.payload)
        return super().run_via_runner_api(pipeline_proto, options)


def worker_command(command: bytes) -> bytes:
    """Beam's shell command for a worker, so that the worker ignores signals and the working folder.

    "python -m MODULE" becomes "trap '' INT TERM; exec python -P -m MODULE": what the shell ignores, its child ignores.
    """
    return b"trap '' INT TERM; exec " + command.replace(b" -m ", b" -P -m ", 1)


def own_runner(options: PipelineOptions) -> PipelineRunner | None:
    """The runner where it is not Beam's own of that name, None where it is."""
    if runs_here(options):
        return local_runner(options)
    return FlinkJobRunner() if runner_name(options) == FLINK else None


def local_runner(options: PipelineOptions) -> FnApiRunner:
    """The runner of this machine. (`DirectRunner` is a switch that tries to download another runner, Prism, first.)"""
    encoded = JobServiceHandle.encode_pipeline_options(options.get_all_options())
    return LocalRunner(
        provision_info=ExtendedProvisionInfo(beam_provision_api_pb2.ProvisionInfo(pipeline_options=encoded))
    )
