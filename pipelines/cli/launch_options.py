"""Flags of `launch` and `schedule`: what Dataflow and Cloud Scheduler are told."""

from __future__ import annotations

from persona_hub.pipelines.cli.flag import COUNT, Flag, truth

LAUNCH = [
    Flag(
        "job",
        "job of the template; of a schedule: refresh, unless told",
        required=True,
        choices=("build", "refresh", "synthesize"),
    ),
    Flag("template", "the flex template, as Cloud Build has put it", required=True, metavar="gs://..."),
    Flag("project", "project of Google Cloud", required=True, metavar="NAME"),
    Flag("region", "region of Dataflow, where launcher and workers run", required=True, metavar="NAME"),
    Flag("job_name", "name of the job; default: the command and the time, or the schedule's name", metavar="NAME"),
    Flag(
        "service_account",
        "account of launcher and workers; default: Compute Engine's; a schedule needs one",
        metavar="EMAIL",
    ),
    Flag("subnetwork", "subnetwork of the workers", metavar="regions/REGION/subnetworks/NAME"),
    Flag("no_public_ips", "workers without public addresses", False, truth, metavar="BOOL", alone=True),
    Flag("machine_type", "machine of the workers", metavar="NAME"),
    Flag(
        "num_workers",
        "workers: to begin with, or throughout where there is no --max_workers",
        0,
        COUNT,
        metavar="N",
    ),
    Flag("max_workers", "the most workers; 0: as the service sees fit", 0, COUNT, metavar="N"),
    Flag("temp_location", "folder for temporary files; default: the template's bucket", metavar="gs://..."),
    Flag("staging_location", "folder for what is staged; default: the template's bucket", metavar="gs://..."),
    Flag("wait", "wait for the end of the job", False, truth, metavar="BOOL", alone=True),
    Flag("endpoint", "another address of Dataflow's API, as a private one has", metavar="HOST"),
]
SCHEDULE = [
    Flag(
        "name",
        "name of the schedule, and of the jobs that it starts, of which one runs at a time",
        required=True,
        metavar="NAME",
    ),
    Flag(
        "cron",
        "when: minute, hour, day of the month, month, day of the week, as '0 4 * * *'",
        required=True,
        metavar="'M H D M W'",
    ),
    Flag("time_zone", "time zone of --cron, as Europe/Berlin; dates in --input stay in UTC", "UTC", metavar="NAME"),
    Flag("replace", "put this schedule in the place of one of that name", False, truth, metavar="BOOL", alone=True),
    Flag(
        "scheduler_account",
        "account by whose token Cloud Scheduler launches the template; default: --service_account",
        metavar="EMAIL",
    ),
    Flag("scheduler_endpoint", "another address of Cloud Scheduler's API", metavar="HOST"),
]
