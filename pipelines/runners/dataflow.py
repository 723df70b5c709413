"""What is particular to Dataflow: what a job must be told, and that nobody has to wait for it."""

from __future__ import annotations

import argparse

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, SetupOptions, WorkerOptions
from apache_beam.runners.runner import PipelineResult

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.option import Options
from persona_hub.transforms.files.storage import is_local

DATAFLOW = "DataflowRunner"
PLACES = (
    "input",
    "personas",
    "hub",
    "output",
    "against",
)  # of what workers read or write; `hub` first: it lends some `output`
CONSOLE = "https://console.cloud.google.com/dataflow/jobs/{region}/{job}?project={project}"


class DataflowJobOptions(PipelineOptions):
    """Options of a job on Dataflow that Beam has none for."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--wait", action="store_true", help="Dataflow: wait for the job, then print its summary")


def waits(options: PipelineOptions) -> bool:
    """Whether the command waits for the job. The launcher of a template must not: its time is short."""
    return bool(options.view_as(DataflowJobOptions).wait)


def check_dataflow(options: PipelineOptions) -> None:
    """Raises UsageError for what the service would refuse, or what its workers would find out later."""
    cloud = options.view_as(GoogleCloudOptions)
    for flag in ("project", "region", "temp_location"):
        if not getattr(cloud, flag):
            raise UsageError(f"--{flag}: {DATAFLOW} needs it; see docs/dataflow.md")
    if not (options.view_as(WorkerOptions).sdk_container_image or options.view_as(SetupOptions).setup_file):
        raise UsageError(
            f"--sdk_container_image: the workers of {DATAFLOW} need an image with this package, made by "
            "templates/dataflow/Dockerfile; or --setup_file=./setup.py, and each worker installs it when it starts"
        )


def check_places(options: Options, runner: str) -> None:
    """Raises UsageError for a path on this machine, which no worker of Dataflow sees."""
    for flag in PLACES:
        given = getattr(options, flag, "")
        for path in [given] if isinstance(given, str) and given else given:
            if runner == DATAFLOW and is_local(path):
                raise UsageError(f"--{flag} {path}: the workers of {runner} cannot see this machine; copy it to gs://")


def job_link(project: str, region: str, job: str) -> str:
    """The job in the console of Google Cloud."""
    return CONSOLE.format(project=project, region=region, job=job)


def submitted(result: PipelineResult, options: PipelineOptions) -> str:
    """What is said of a job that runs on without this process."""
    cloud = options.view_as(GoogleCloudOptions)
    job: str = result.job_id()  # type: ignore[attr-defined]
    return f"job {job} is submitted; --wait waits for its end\n{job_link(cloud.project, cloud.region, job)}"


def runs_on(result: PipelineResult, options: PipelineOptions) -> str:
    """What is said where the waiting for a job is interrupted."""
    cloud = options.view_as(GoogleCloudOptions)
    job: str = result.job_id()  # type: ignore[attr-defined]
    return f"interrupted; job {job} runs on without this command: {job_link(cloud.project, cloud.region, job)}"
