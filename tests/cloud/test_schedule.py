"""schedule: Cloud Scheduler's own client against a server that plays its API; the job is what `launch` sends."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from google.cloud.dataflow_v1beta3 import LaunchFlexTemplateRequest
from google.cloud.scheduler_v1 import HttpMethod, Job
from google.rpc.code_pb2 import Code

from persona_hub.pipelines.cli.exit_status import DONE, FAILED, WRONG_COMMAND
from persona_hub.pipelines.cloud.schedule_list import input_of
from persona_hub.pipelines.main import main
from tests.servers import dataflow as dataflow_api
from tests.servers import scheduler as scheduler_api
from tests.servers.scheduler import PAUSED, Refused

ACCOUNT = "hub@p.iam.gserviceaccount.com"
WHERE = ["--project=p", "--region=r"]
WORKERS = ["--num_workers=4", "--no_public_ips", "--machine_type=n2-standard-4", "--temp_location=gs://box/temp"]
REFRESH = [
    "--hub=gs://box/hub",
    "--input=gs://crawl/{date-1d:%Y-%m-%d}/*",
    "--expand_hops",
    "2",
    "--use_case=math,tool",
]
NIGHTLY = "projects/p/locations/r/jobs/nightly"


@pytest.fixture
def api() -> Iterator[scheduler_api.Server]:
    with scheduler_api.scheduler_api() as server:
        yield server


@pytest.fixture
def dataflow() -> Iterator[dataflow_api.Server]:
    with dataflow_api.dataflow_api() as server:
        yield server


def template(*flags: str) -> list[str]:
    return ["--template=gs://box/templates/refresh-7.json", *WHERE, f"--service_account={ACCOUNT}", *flags]


def create(api: scheduler_api.Server, *flags: str, name: str = "nightly", cron: str = "0 4 * * *") -> int:
    named = [f"--name={name}", "--cron", cron, f"--scheduler_endpoint={api.url}"]
    return main(["schedule", "create", *named, *template(), *flags])


def command(api: scheduler_api.Server, *words: str) -> int:
    return main(["schedule", *words, *WHERE, f"--scheduler_endpoint={api.url}"])


def test_what_is_scheduled_is_what_launch_sends(
    api: scheduler_api.Server, dataflow: dataflow_api.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even when it is posted as Cloud Scheduler posts it, to the very server that `launch` has asked."""
    common = [*WORKERS, *REFRESH, f"--endpoint={dataflow.url}"]
    assert create(api, *common, cron="0 4  * * mon-fri") == DONE
    assert main(["launch", "--job=refresh", "--job_name=nightly", *template(), *common]) == DONE
    job = api.jobs[NIGHTLY]
    target = job.http_target
    assert (job.schedule, job.time_zone, job.description) == (
        "0 4 * * mon-fri",
        "UTC",
        "persona-hub refresh gs://box/hub",
    )
    assert target.http_method == HttpMethod.POST
    assert target.oauth_token.service_account_email == ACCOUNT
    headers = {"Authorization": "Bearer token", **target.headers}
    urllib.request.urlopen(urllib.request.Request(target.uri, target.body, headers)).close()

    (launched, scheduled) = dataflow.bodies
    assert launched[0] == scheduled[0] == "/v1b3/projects/p/locations/r/flexTemplates:launch"
    assert json.dumps(json.loads(launched[1]), sort_keys=True, indent=2).encode() == scheduled[1]
    as_message = [
        LaunchFlexTemplateRequest.from_json(body, ignore_unknown_fields=False) for _, body in (launched, scheduled)
    ]
    assert as_message[0] == as_message[1]
    assert as_message[1].launch_parameter.parameters["input"] == "gs://crawl/{date-1d:%Y-%m-%d}/*"
    assert as_message[1].launch_parameter.environment.num_workers == 4
    said = capsys.readouterr().out
    assert "schedule nightly: 0 4 * * mon-fri (UTC), next run 2026-03-02 04:00 UTC\n" in said


def test_each_run_has_the_schedules_name_so_that_no_two_run_at_once(api: scheduler_api.Server) -> None:
    assert create(api, *REFRESH) == DONE
    assert create(api, *REFRESH, "--job_name=hub-refresh", name="hourly") == DONE
    names = [json.loads(job.http_target.body)["launchParameter"]["jobName"] for job in api.jobs.values()]
    assert names == ["nightly", "hub-refresh"]


def test_dataflow_is_asked_at_its_own_address_by_the_account_that_is_named(api: scheduler_api.Server) -> None:
    assert create(api, *REFRESH, "--scheduler_account=cron@p.iam.gserviceaccount.com") == DONE
    target = api.jobs[NIGHTLY].http_target
    assert target.uri == "https://dataflow.googleapis.com/v1b3/projects/p/locations/r/flexTemplates:launch"
    assert target.oauth_token.service_account_email == "cron@p.iam.gserviceaccount.com"
    assert json.loads(target.body)["launchParameter"]["environment"]["serviceAccountEmail"] == ACCOUNT


def test_other_jobs_can_be_scheduled_too(api: scheduler_api.Server) -> None:
    flags = ["--job=synthesize", "--hub=gs://box/hub", "--output=gs://box/more", "--use_case=math"]
    assert create(api, *flags) == DONE
    assert api.jobs[NIGHTLY].description == "persona-hub synthesize gs://box/hub"


def test_a_dry_run_prints_the_schedule_and_sends_nothing(
    api: scheduler_api.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create(api, *REFRESH, "--dry_run") == DONE
    assert not api.requests
    said = capsys.readouterr().out
    assert NIGHTLY in said
    assert '"hub": "gs://box/hub"' in said


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--hub=gs://box/hub"], "--input"),
        ([*REFRESH, "--expand_hops=9"], "--expand_hops: 9 is out of range"),
        ([*REFRESH, "--response_store=sqlite:/a"], "--response_store sqlite:/a: not in a template"),
        ([*REFRESH, "--output=gs://box/out"], "unknown argument --output;"),
        ([*REFRESH, "--wait"], "unknown argument --wait"),
        ([*REFRESH, "--input=gs://crawl/{date:%Y-%q}/*"], "{date:%Y-%q} is no date"),
        ([*REFRESH, "--input=gs://crawl/{date+1d:%Y}/*"], "{date+1d:%Y} is no date"),
        ([*REFRESH, "--cron", "0 4 * *"], "--cron '0 4 * *': has 4 fields, and must have five: minute, hour"),
        ([*REFRESH, "--cron", "0 24 * * *"], "--cron '0 24 * * *': Bad hour"),
        ([*REFRESH, "--cron", "every 24 hours"], "has 3 fields"),
        ([*REFRESH, "--time_zone=Mars/Olympus"], "--time_zone Mars/Olympus: no such time zone"),
        ([*REFRESH, "--name=Nightly"], "--name Nightly: must be small letters"),
        ([*REFRESH, "--name=a/b"], "--name a/b: must be"),
        ([*REFRESH, "--job_name=a b"], "--job_name a b: must be"),
        ([*REFRESH, "--service_account="], "--service_account: must name"),
        ([*REFRESH, "--service_account=hub"], "--service_account hub: must be the address"),
        ([*REFRESH, "--scheduler_account=hub"], "--scheduler_account hub: must be the address"),
        ([*REFRESH, "--template=refresh.json"], "--template refresh.json: must be a file of Cloud Storage"),
    ],
)
def test_a_wrong_flag_sends_nothing(
    flags: list[str], said: str, api: scheduler_api.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create(api, *flags) == WRONG_COMMAND
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
    assert not api.requests


def test_a_name_that_is_taken_is_replaced_only_by_who_says_so(
    api: scheduler_api.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create(api, *REFRESH) == DONE
    api.jobs[NIGHTLY].state = PAUSED
    assert create(api, *REFRESH, cron="30 5 * * *") == WRONG_COMMAND
    assert "--name nightly: is taken; --replace puts" in capsys.readouterr().err
    assert api.jobs[NIGHTLY].schedule == "0 4 * * *"
    assert create(api, *REFRESH, "--replace", "--expand_hops=3", "--time_zone=Asia/Tokyo", cron="30 5 * * *") == DONE
    job = api.jobs[NIGHTLY]
    assert (job.schedule, job.time_zone) == ("30 5 * * *", "Asia/Tokyo")
    assert json.loads(job.http_target.body)["launchParameter"]["parameters"]["expand_hops"] == "3"
    assert "30 5 * * * (Asia/Tokyo), paused" in capsys.readouterr().out
    assert create(api, *REFRESH, "--replace", name="other") == DONE


def test_jobs_of_others_are_left_alone(api: scheduler_api.Server, capsys: pytest.CaptureFixture[str]) -> None:
    api.jobs[NIGHTLY] = Job(name=NIGHTLY, schedule="* * * * *", time_zone="UTC", description="backup of the shop")
    assert command(api, "list") == DONE
    assert capsys.readouterr().out == "no schedule in r of p\n"
    assert create(api, *REFRESH, "--replace") == WRONG_COMMAND
    assert command(api, "delete", "--name=nightly") == WRONG_COMMAND
    for line in capsys.readouterr().err.splitlines():
        assert "was not made by persona-hub schedule" in line
    assert api.jobs[NIGHTLY].description == "backup of the shop"


def test_the_list_says_when_each_ran_and_runs_and_what_it_reads(
    api: scheduler_api.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("nightly", "weekly", "hourly"):  # more than a page of the server's
        assert create(api, *REFRESH, name=name) == DONE
    ran, failed, edited = api.jobs.values()
    ran.last_attempt_time = failed.last_attempt_time = datetime(2026, 3, 1, 4, tzinfo=UTC)
    failed.status = {"code": Code.PERMISSION_DENIED}
    failed.state = PAUSED
    edited.http_target.body = b'{"launchParameter": {"parameters": {"input": "a\x1b[2J"}}}'.replace(b"\x1b", b"\\u001b")
    capsys.readouterr()
    assert command(api, "list") == DONE
    head, *rows, last = capsys.readouterr().out.splitlines()
    assert " ".join(head.split()) == "name cron time zone state last run next run input"
    pattern = "gs://crawl/{date-1d:%Y-%m-%d}/*"
    assert [" ".join(row.split()) for row in rows] == [
        f"nightly 0 4 * * * UTC enabled 2026-03-01 04:00 launched 2026-03-02 04:00 {pattern}",
        f"weekly 0 4 * * * UTC paused 2026-03-01 04:00 PERMISSION_DENIED - {pattern}",
        "hourly 0 4 * * * UTC enabled - 2026-03-02 04:00 a [2J",
    ]
    assert "UTC" in last


def test_a_schedule_is_deleted_and_then_is_not_there(
    api: scheduler_api.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create(api, *REFRESH) == DONE
    assert command(api, "delete", "--name=nightly") == DONE
    assert "schedule nightly is deleted" in capsys.readouterr().out
    assert not api.jobs
    assert command(api, "delete", "--name=nightly") == WRONG_COMMAND
    [said] = capsys.readouterr().err.splitlines()
    assert "--name nightly: there is no such schedule in r of p" in said


def test_what_the_service_refuses_is_one_line(api: scheduler_api.Server, capsys: pytest.CaptureFixture[str]) -> None:
    api.refusal = Refused(400, "INVALID_ARGUMENT", "Schedule or time zone is invalid.")
    assert create(api, *REFRESH) == WRONG_COMMAND
    assert "Cloud Scheduler cannot take this: " in (said := capsys.readouterr().err)
    assert "Schedule or time zone is invalid." in said
    api.refusal = Refused(403, "PERMISSION_DENIED", "The principal lacks IAM permission cloudscheduler.jobs.create.")
    assert create(api, *REFRESH) == FAILED
    [said] = capsys.readouterr().err.splitlines()
    assert "cloudscheduler.jobs.create" in said
    assert "docs/schedules.md" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "COMMAND"),
        (["pause"], "invalid choice: 'pause' (choose from create, list, delete)"),
        (["list"], "--project"),
    ],
)
def test_what_schedule_does_is_said_to_who_asks_wrongly(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schedule", *words]) == WRONG_COMMAND
    [line] = capsys.readouterr().err.splitlines()
    assert said in line.replace("'create', 'list', 'delete'", "create, list, delete")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"input": "gs://a/*"}, "gs://a/*"),
        ({"personas": "gs://b/*"}, "gs://b/*"),
        ({"input": "gs://a/*", "personas": "gs://b/*"}, "gs://a/*,gs://b/*"),
        ({}, "-"),
        (None, "-"),
    ],
)
def test_the_list_says_what_is_read(parameters: dict[str, str] | None, said: str) -> None:
    assert input_of(json.dumps({"launchParameter": {"parameters": parameters}}).encode()) == said
