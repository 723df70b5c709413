"""schedule create: Cloud Scheduler launches a flex template again and again, as `launch` does once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError

from persona_hub.pipelines.cli.exit_status import DONE, UsageError
from persona_hub.pipelines.cli.launch_options import ScheduleOptions
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cloud.launch import launch_request, shown
from persona_hub.pipelines.cloud.scheduler import (
    LAUNCHES,
    OURS,
    moment,
    own_schedule,
    parent_of,
    schedule_path,
    scheduler,
)
from persona_hub.transforms.records import excerpt
from persona_hub.transforms.secrets import without_logins

if TYPE_CHECKING:
    from google.cloud.dataflow_v1beta3 import LaunchFlexTemplateRequest
    from google.cloud.scheduler_v1 import CloudSchedulerClient, Job

FIELDS = "minute, hour, day of the month, month, day of the week"
CONSOLE = "https://console.cloud.google.com/cloudscheduler?project={project}"
# A launch that the service did not take is tried again. Once it is taken, the job's name keeps a second one away.
TOLD = ("description", "schedule", "time_zone", "http_target", "retry_config")  # what --replace changes; not: paused
RETRY = {"retry_count": 3, "min_backoff_duration": timedelta(minutes=1)}


def create_schedule(options: ScheduleOptions, rest: Sequence[str]) -> int:
    """Makes the schedule, with the job's flags `rest`; returns the exit code."""
    job = schedule_of(options, rest)
    if options.dry_run:
        say(shown(job))
        say(without_logins(job.http_target.body.decode()))
        return DONE
    with scheduler(options) as client:
        made = put(client, job, options)
    state = "" if made.state.name == "ENABLED" else f", {made.state.name.lower()}"
    coming = f"{made.schedule} ({made.time_zone}){state}, next run {moment(made.schedule_time)} UTC"
    say(f"schedule {options.name}: {coming}")
    say(CONSOLE.format(project=options.project))
    return DONE


def put(client: CloudSchedulerClient, job: Job, options: ScheduleOptions) -> Job:
    """The job as the service has made it, or changed it. Raises UsageError where the name is taken."""
    from google.api_core.exceptions import Conflict
    from google.protobuf.field_mask_pb2 import FieldMask

    try:
        return client.create_job(parent=parent_of(options), job=job)
    except Conflict as error:
        if not options.replace:
            raise UsageError(
                f"--name {options.name}: is taken; --replace puts this schedule in its place, or give another name"
            ) from error
    own_schedule(client, options)
    return client.update_job(job=job, update_mask=FieldMask(paths=TOLD))


def schedule_of(options: ScheduleOptions, rest: Sequence[str]) -> Job:
    """What is asked of the service. Raises UsageError for a wrong flag, of the schedule, of launch or of the job."""
    from google.cloud import dataflow_v1beta3 as dataflow
    from google.cloud import scheduler_v1

    if not options.service_account:
        raise UsageError(
            "--service_account: must name the account that Cloud Scheduler launches by; docs/schedules.md has its roles"
        )
    check_cron(options.cron)
    check_time_zone(options.time_zone)
    job = options.job or "refresh"
    name = options.job_name or options.name
    request = launch_request(replace(options, job=job, job_name=name), rest)
    service = options.endpoint or dataflow.FlexTemplatesServiceClient.DEFAULT_ENDPOINT
    service = service if service.startswith("http://") else f"https://{service}"
    parameters = request.launch_parameter.parameters
    return scheduler_v1.Job(
        name=schedule_path(options),
        description=excerpt(f"{OURS}{job} {parameters.get('hub') or parameters.get('output')}", 500),
        schedule=" ".join(options.cron.split()),
        time_zone=options.time_zone,
        http_target={
            "uri": f"{service}/v1b3/{parent_of(options)}{LAUNCHES}",
            "http_method": scheduler_v1.HttpMethod.POST,
            "headers": {"Content-Type": "application/json"},
            "body": body_of(request),
            "oauth_token": {"service_account_email": options.scheduler_account or options.service_account},
        },
        retry_config=RETRY,
    )


def body_of(request: LaunchFlexTemplateRequest) -> bytes:
    """What Dataflow's own client posts for this request; project and location are in the address."""
    from google.protobuf.json_format import MessageToJson

    body = type(request).pb(type(request)(launch_parameter=request.launch_parameter))
    return MessageToJson(body, use_integers_for_enums=True, sort_keys=True).encode()


def check_cron(text: str) -> None:
    """Raises UsageError for what is no cron expression of five fields."""
    fields = text.split()
    if len(fields) != 5:
        raise UsageError(f"--cron '{text}': has {len(fields)} fields, and must have five: {FIELDS}")
    try:
        CronSim(text.upper(), datetime.now(UTC))
    except CronSimError as error:
        raise UsageError(f"--cron '{text}': {error}; the fields are {FIELDS}") from error


def check_time_zone(name: str) -> None:
    """Raises UsageError for a time zone that nobody knows, where this machine knows any."""
    known = available_timezones()
    if known and name not in known:
        raise UsageError(f"--time_zone {name}: no such time zone; name one as UTC, Europe/Berlin or America/New_York")
