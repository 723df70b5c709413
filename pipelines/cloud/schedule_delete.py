"""schedule delete: takes a schedule away; jobs that it has started keep running."""

from __future__ import annotations

from collections.abc import Sequence

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.cli.launch_options import ScheduleNameOptions
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cloud.launch import check_forms
from persona_hub.pipelines.cloud.scheduler import own_schedule, scheduler


def delete_schedule(options: ScheduleNameOptions, _: Sequence[str]) -> int:
    """Deletes the schedule; returns the exit code."""
    check_forms(options)
    with scheduler(options) as client:
        client.delete_job(name=own_schedule(client, options).name)
    say(f"schedule {options.name} is deleted; jobs that it has started keep running")
    return DONE
