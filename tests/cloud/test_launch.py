"""launch: the official client against a server that plays Dataflow's API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud.dataflow_v1beta3.types import AutoscalingAlgorithm

from persona_hub.pipelines.cli.exit_status import DONE, FAILED, WRONG_COMMAND
from persona_hub.pipelines.main import main
from tests.servers.dataflow import Server, dataflow_api

TEMPLATE = "gs://box/templates/build-7.json"
JOB = ["--input=gs://box/a.jsonl", "--output=gs://box/out", "--expand_hops", "2", "--use_case", "math", "tool"]


@pytest.fixture
def api() -> Iterator[Server]:
    with dataflow_api() as server:
        yield server


def launch(api: Server, *flags: str, job: str = "build") -> int:
    where = [f"--job={job}", f"--template={TEMPLATE}", "--project=p", "--region=r", f"--endpoint={api.url}"]
    return main(["launch", *where, *flags])


def test_a_job_is_launched_with_what_was_given(api: Server, capsys: pytest.CaptureFixture[str]) -> None:
    workers = ["--num_workers=4", "--max_workers=9", "--machine_type=n2-standard-4", "--no_public_ips"]
    place = [
        "--service_account=hub@p.iam.gserviceaccount.com",
        "--subnetwork=regions/r/subnetworks/s",
        "--job_name=hub",
    ]
    assert launch(api, *workers, *place, *JOB) == DONE
    ((path, body),) = api.bodies
    assert path == "/v1b3/projects/p/locations/r/flexTemplates:launch"
    sent = json.loads(body)["launchParameter"]
    assert (sent["jobName"], sent["containerSpecGcsPath"]) == ("hub", TEMPLATE)
    expected = {"input": "gs://box/a.jsonl", "output": "gs://box/out", "expand_hops": "2", "use_case": "math,tool"}
    assert sent["parameters"] == expected
    assert sent["environment"] == {
        "numWorkers": 4,
        "maxWorkers": 9,
        "machineType": "n2-standard-4",
        "serviceAccountEmail": "hub@p.iam.gserviceaccount.com",
        "subnetwork": "regions/r/subnetworks/s",
        "ipConfiguration": 2,
    }
    assert f"https://console.cloud.google.com/dataflow/jobs/r/{Server.ID}?project=p" in capsys.readouterr().out


def test_evaluations_and_experiments_are_launched_too(api: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """An experiment pays, so its answers lie where all workers see them; an evaluation asks nobody."""
    place = ["--hub=gs://box/hub", "--output=gs://box/out"]
    assert launch(api, *place, "--samples=gs://box/more", job="evaluate") == DONE
    arms = ["--use_case=math", "--samples_per_arm=350", "--arms", "none", "hub:100"]
    paid = [*place, *arms, "--llm=vertex:m"]
    assert launch(api, *paid, job="ablate") == WRONG_COMMAND
    assert "--response_store: vertex:m is paid" in capsys.readouterr().err
    assert launch(api, *paid, "--response_store=bigtable://p/i/t", job="ablate") == DONE
    sent = [json.loads(body)["launchParameter"]["parameters"] for _, body in api.bodies]
    named = {"hub": "gs://box/hub", "output": "gs://box/out"}
    assert sent[0] == {**named, "samples": "gs://box/more"}
    assert {**named, "samples_per_arm": "350", "arms": "none,hub:100"}.items() <= sent[1].items()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--output=gs://box/out"], "--input"),
        ([*JOB, "--input=gs://box/{date:%Q}/*"], "{date:%Q} is no date"),
        ([*JOB, "--persona_language=fi1"], "--persona_language: a persona's language must be 'same' or"),
        ([*JOB, "--persona_language=xyz"], "can be detected, not 'xyz'"),
        ([*JOB, "--expand_hops=9"], "--expand_hops: 9 is out of range"),
        ([*JOB, "--output=/tmp/out"], "--output /tmp/out: not in a template"),
        ([*JOB, "--response_store=sqlite:/a"], "--response_store sqlite:/a: not in a template"),
        ([*JOB, "--num_workers=4", "--max_workers=3"], "--max_workers 3: is less than --num_workers 4"),
        ([*JOB, "--job_name=My_job"], "--job_name My_job: must be small letters"),
        ([*JOB, "--project=a/b"], "--project a/b: must be the id of a project"),
        ([*JOB, "--region="], "--region : must be a region"),
        ([*JOB, "--temp_location=/tmp"], "--temp_location /tmp: must be a folder of Cloud Storage"),
        ([*JOB, "--progress=json"], "--progress: goes with a job that is started from here, not with a template"),
        (
            [*JOB, "--llm=vertex:m"],
            "--response_store: vertex:m is paid, and the workers of DataflowRunner share no disk",
        ),
        ([*JOB, "--llm=openai:m", "--response_store=none"], "--response_store none: DataflowRunner repeats what fails"),
        ([*JOB, "--embedder=vertex:m"], "--response_store: vertex:m is paid"),
        ([*JOB, "--max_calls=9"], "name one that all can see: redis://HOST or bigtable://"),
        ([*JOB, "--hub=gs://box/hub"], "unknown argument --hub;"),
    ],
)
def test_a_wrong_flag_of_the_job_launches_nothing(
    flags: list[str], said: str, api: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launch(api, *flags) == WRONG_COMMAND
    assert said in capsys.readouterr().err
    assert not api.bodies


@pytest.mark.parametrize(("last", "code"), [("DONE", DONE), ("FAILED", FAILED), ("CANCELLED", FAILED)])
def test_who_waits_hears_how_it_ended(last: str, code: int, api: Server) -> None:
    api.states = ["JOB_STATE_QUEUED", "503", "JOB_STATE_STOPPED", "JOB_STATE_RUNNING", f"JOB_STATE_{last}"]
    assert launch(api, "--wait", *JOB) == code
    assert api.states == [f"JOB_STATE_{last}"]


def test_who_waits_no_longer_is_told_that_the_job_runs_on(
    api: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("persona_hub.pipelines.cloud.launch.time.sleep", interrupted)
    assert launch(api, "--wait", *JOB) == FAILED
    assert f"interrupted; job {Server.ID} runs on" in capsys.readouterr().err


def test_a_date_in_the_input_is_left_to_the_job(api: Server) -> None:
    assert launch(api, *JOB[1:], "--input=gs://box/{date-1d:%Y-%m-%d}/*") == DONE
    ((_, body),) = api.bodies
    assert json.loads(body)["launchParameter"]["parameters"]["input"] == "gs://box/{date-1d:%Y-%m-%d}/*"


def test_a_number_of_workers_alone_is_kept(api: Server) -> None:
    assert launch(api, "--num_workers=4", *JOB) == DONE
    ((_, body),) = api.bodies
    environment = json.loads(body)["launchParameter"]["environment"]
    assert environment == {
        "numWorkers": 4,
        "autoscalingAlgorithm": int(AutoscalingAlgorithm.AUTOSCALING_ALGORITHM_NONE),
    }


def test_a_model_file_is_read_here_and_sent_as_parameters(
    api: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("llm: offline\nseed: 1\ntemperature: 0.5\n")
    assert launch(api, *JOB, "--model", str(file), "--seed=2") == DONE
    ((_, body),) = api.bodies
    sent = json.loads(body)["launchParameter"]["parameters"]
    assert {"llm": "offline", "seed": "2", "temperature": "0.5"}.items() <= sent.items()
    assert "model" not in sent
    file.write_text("models: [{model: 'vertex:m', input: 1, output: 1}]\n")
    assert launch(api, *JOB, "--model", str(file)) == WRONG_COMMAND
    assert f"--price_file {file}: not in a template" in capsys.readouterr().err


def test_a_dry_run_prints_what_would_be_sent_and_sends_nothing(api: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert launch(api, *JOB, "--dry_run", "--job_name=hub", "--num_workers=4") == DONE
    assert not api.bodies
    said = json.loads(capsys.readouterr().out)
    assert said["launchParameter"]["jobName"] == "hub"
    assert said["launchParameter"]["parameters"]["use_case"] == "math,tool"
    assert launch(api, *JOB, "--job_name=hub", "--num_workers=4") == DONE
    assert json.loads(api.bodies[0][1])["launchParameter"]["parameters"] == said["launchParameter"]["parameters"]
