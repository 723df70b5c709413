"""Options of `launch` and `schedule`: what Dataflow and Cloud Scheduler are given."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.pipelines.cli.option import COUNT, Options, again, option, truth

TEMPLATES = ("build", "refresh", "synthesize", "evaluate", "ablate")  # the jobs that have a flex template


@dataclass(frozen=True, kw_only=True)
class ServiceOptions(Options):
    """Where in Google Cloud a command works."""

    project: str = option("project of Google Cloud", required=True, metavar="NAME")
    region: str = option("region of Dataflow, where launcher and workers run", required=True, metavar="NAME")


@dataclass(frozen=True, kw_only=True)
class TemplateOptions(ServiceOptions):
    """Which flex template is launched, and with which workers."""

    job: str = option(
        "job of the template; default for a schedule: refresh",
        choices=TEMPLATES,
        required=True,
    )
    template: str = option("the flex template that Cloud Build made", required=True, metavar="gs://...")
    job_name: str = option("name of the job; default: the command and the time, or the schedule's name", metavar="NAME")
    service_account: str = option(
        "account of launcher and workers; default: Compute Engine's; a schedule needs one", metavar="EMAIL"
    )
    subnetwork: str = option("subnetwork of the workers", metavar="regions/REGION/subnetworks/NAME")
    no_public_ips: bool = option("workers without public addresses", False, truth, metavar="BOOL", alone=True)
    machine_type: str = option("machine of the workers", metavar="NAME")
    num_workers: int = option("workers at the start, or throughout without --max_workers", 0, COUNT, metavar="N")
    max_workers: int = option("the most workers; 0: the service decides", 0, COUNT, metavar="N")
    temp_location: str = option("folder for temporary files; default: the template's bucket", metavar="gs://...")
    staging_location: str = option("folder for what is staged; default: the template's bucket", metavar="gs://...")
    dry_run: bool = option("only print what would be sent", False, truth, metavar="BOOL", alone=True)
    endpoint: str = option("another address of Dataflow's API, as a private one has", metavar="HOST")


@dataclass(frozen=True, kw_only=True)
class LaunchOptions(TemplateOptions):
    """A launch by hand."""

    wait: bool = option("wait for the end of the job", False, truth, metavar="BOOL", alone=True)


@dataclass(frozen=True, kw_only=True)
class SchedulerOptions(ServiceOptions):
    """How Cloud Scheduler is reached."""

    scheduler_endpoint: str = option("another address of Cloud Scheduler's API", metavar="HOST")


@dataclass(frozen=True, kw_only=True)
class ScheduleNameOptions(SchedulerOptions):
    """Which schedule."""

    name: str = option(
        "name of the schedule, and of the jobs that it starts, of which one runs at a time",
        required=True,
        metavar="NAME",
    )


@dataclass(frozen=True, kw_only=True)
class ScheduleOptions(ScheduleNameOptions, TemplateOptions):
    """A launch again and again."""

    job: str = again(TemplateOptions, "job", required=False)
    cron: str = option(
        "when: minute, hour, day of the month, month, day of the week, as '0 4 * * *'",
        required=True,
        metavar="'M H D M W'",
    )
    time_zone: str = option(
        "time zone of --cron, as Europe/Berlin; dates in --input stay in UTC", "UTC", metavar="NAME"
    )
    replace: bool = option("replace an existing schedule of that name", False, truth, metavar="BOOL", alone=True)
    scheduler_account: str = option(
        "account by whose token Cloud Scheduler launches the template; default: --service_account", metavar="EMAIL"
    )
