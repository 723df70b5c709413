"""schedule list: schedules, when they ran and will run, and what they read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from persona_hub.pipelines.cli.date_macros import DATED
from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.cli.launch_options import SchedulerOptions
from persona_hub.pipelines.cli.log_lines import say, say_lines
from persona_hub.pipelines.cloud.launch import check_forms
from persona_hub.pipelines.cloud.scheduler import is_ours, moment, parent_of, scheduler
from persona_hub.transforms.records import excerpt

if TYPE_CHECKING:
    from google.cloud.scheduler_v1 import Job

SCHEDULE_COLUMNS = ("name", "cron", "time zone", "state", "last run", "next run", "input")


def list_schedules(options: SchedulerOptions, _: Sequence[str]) -> int:
    """Lists the schedules of a project and region; returns the exit code."""
    check_forms(options)
    with scheduler(options) as client:
        jobs = [job for job in client.list_jobs(parent=parent_of(options)) if is_ours(job)]
    if jobs:
        say_lines(aligned([SCHEDULE_COLUMNS, *map(schedule_row, jobs)]))
        say("last and next run are in UTC; `launched` is Dataflow's answer, how the job ended is in its console")
    else:
        say(f"no schedule in {options.region} of {options.project}")
    return DONE


def schedule_row(job: Job) -> tuple[str, ...]:
    """A schedule: name, cron, time zone, state, last run, next run, input."""
    from google.rpc.code_pb2 import Code

    last = moment(job.last_attempt_time)
    code = job.status.code
    if last != "-":
        last += " launched" if code == 0 else f" {Code.Name(code) if code in Code.values() else code}"
    coming = moment(job.schedule_time) if job.state.name == "ENABLED" else "-"
    return (
        job.name.rpartition("/")[2],
        job.schedule,
        job.time_zone,
        job.state.name.lower(),
        last,
        coming,
        input_of(job.http_target.body),
    )


def input_of(body: bytes) -> str:
    """What the job is launched to read; "-" where the body, which anybody may have edited, does not say."""
    try:
        given = json.loads(body)["launchParameter"]["parameters"]
        return ",".join(str(given[name]) for name in DATED if name in given) or "-"
    except (ValueError, KeyError, TypeError):
        return "-"


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows in columns."""
    shown = [[excerpt(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
