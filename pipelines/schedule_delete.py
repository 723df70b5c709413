"""schedule delete: takes a schedule away; a job that it has started runs on."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.errors import DONE
from pipelines.launch import check_forms
from pipelines.scheduler import Flags, own_schedule, scheduler


def run(flags: Flags, _: Sequence[str]) -> int:
    """Deletes the schedule; returns the exit code."""
    check_forms(flags)
    with scheduler(flags) as client:
        client.delete_job(name=own_schedule(client, flags).name)
    print(f"schedule {flags['name']} is deleted; a job that it has started runs on")
    return DONE
