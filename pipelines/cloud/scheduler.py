"""What the commands of schedules have in common: Cloud Scheduler's client, its names, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from persona_hub.pipelines.cli.exit_status import JobError, UsageError
from persona_hub.pipelines.cli.launch_options import ScheduleNameOptions, SchedulerOptions, ServiceOptions
from persona_hub.pipelines.cloud.launch import connection

if TYPE_CHECKING:
    from google.cloud.scheduler_v1 import CloudSchedulerClient, Job

OURS = "persona-hub "  # begins the description of every schedule that is made here
LAUNCHES = "/flexTemplates:launch"  # ends the address that it posts to


def parent_of(options: ServiceOptions) -> str:
    """Where schedules are."""
    return f"projects/{options.project}/locations/{options.region}"


def schedule_path(options: ScheduleNameOptions) -> str:
    """The schedule that --name names."""
    return f"{parent_of(options)}/jobs/{options.name}"


@contextmanager
def scheduler(options: SchedulerOptions) -> Iterator[CloudSchedulerClient]:
    """The client. What the service refuses inside comes out as UsageError or JobError, in one line."""
    from google.api_core.exceptions import BadRequest, GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.scheduler_v1 import CloudSchedulerClient

    try:
        with CloudSchedulerClient(**connection(options.scheduler_endpoint)) as client:
            yield client
    except BadRequest as error:
        raise UsageError(f"Cloud Scheduler cannot take this: {error.message}") from error
    except (GoogleAPICallError, GoogleAuthError) as error:
        raise JobError(f"Cloud Scheduler refused: {error}; docs/schedules.md says which roles it takes") from error


def is_ours(job: Job) -> bool:
    """Whether it is a schedule of this product: others are neither shown, replaced nor deleted."""
    return job.description.startswith(OURS) and job.http_target.uri.endswith(LAUNCHES)


def own_schedule(client: CloudSchedulerClient, options: ScheduleNameOptions) -> Job:
    """The schedule that --name names. Raises UsageError where there is none, or one that is not ours."""
    from google.api_core.exceptions import NotFound

    where = f"{options.region} of {options.project}"
    try:
        job = client.get_job(name=schedule_path(options))
    except NotFound as error:
        raise UsageError(
            f"--name {options.name}: there is no such schedule in {where}; see persona-hub schedule list"
        ) from error
    if not is_ours(job):
        raise UsageError(
            f"--name {options.name}: this job of Cloud Scheduler in {where} was not made by persona-hub schedule; "
            "give another name"
        )
    return job


def moment(time: datetime | None) -> str:
    """A time to the minute, in UTC; "-" for none."""
    return f"{time:%Y-%m-%d %H:%M}" if time else "-"
