"""templates/: the schedules for Kubernetes are what its API server takes, and the one for cron runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cronsim import CronSim

from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.date_macros import dated
from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, FAILED, NOTHING_TO_READ, WRONG_COMMAND
from persona_hub.pipelines.cli.parser import read_options
from persona_hub.pipelines.main import main
from persona_hub.pipelines.runners.run import beam_options
from persona_hub.transforms.hub.versions import list_versions, open_hub
from tests.conftest import missing
from tests.helpers.places import TEMPLATES

KUBERNETES = "1.37"  # of the schemas, and newer than any field that the templates use
CRON_JOBS = ["kubernetes/refresh.yaml", "flink/refresh.yaml"]
REFUSED = 75  # of flock, as the crontab says


def manifests(file: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((TEMPLATES / file).read_text()))


def cron_job(file: str) -> dict[str, Any]:
    [made] = [manifest for manifest in manifests(file) if manifest["kind"] == "CronJob"]
    return made


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = job["spec"]["template"]["spec"]
    return pod


# ---- Kubernetes


@pytest.mark.parametrize("file", [*CRON_JOBS, "flink/build.yaml"])
def test_kubernetes_takes_each_manifest_and_knows_each_field(file: str) -> None:
    for manifest in manifests(file):
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(
                {**manifest, "spec": {**manifest["spec"], "scedule": 1}}, KUBERNETES, strict=True
            )


@pytest.mark.parametrize("file", CRON_JOBS)
def test_one_refresh_runs_at_a_time_and_reads_the_day_before(file: str) -> None:
    told = cron_job(file)["spec"]
    assert told["concurrencyPolicy"] == "Forbid"
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    start = next(CronSim(told["schedule"], now))
    [container] = pod_of(told["jobTemplate"])["containers"]
    assert container["command"] == ["persona-hub", "refresh"]
    options, rest = read_options(JOB_BY_NAME["refresh"], container["args"])
    beam_options(rest)
    assert told["timeZone"] == "Etc/UTC"
    assert dated(options.input, start) == ["gs://BUCKET/crawl/2026-03-01/*"]


@pytest.mark.parametrize("file", CRON_JOBS)
def test_what_a_retry_can_mend_is_retried_and_nothing_else(file: str) -> None:
    job = cron_job(file)["spec"]["jobTemplate"]
    [evicted, rule] = job["spec"]["podFailurePolicy"]["rules"]
    assert (evicted["action"], evicted["onPodConditions"][0]["type"]) == ("Ignore", "DisruptionTarget")
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"]["operator"] == "In"
    assert rule["onExitCodes"]["values"] == [WRONG_COMMAND, BUDGET_SPENT, NOTHING_TO_READ]
    assert FAILED not in rule["onExitCodes"]["values"]
    assert rule["onExitCodes"]["containerName"] == pod_of(job)["containers"][0]["name"]
    assert pod_of(job)["restartPolicy"] == "Never"  # else the API server refuses a podFailurePolicy


def test_the_hub_is_on_the_volume_that_is_claimed() -> None:
    [claim] = [
        manifest for manifest in manifests("kubernetes/refresh.yaml") if manifest["kind"] == "PersistentVolumeClaim"
    ]
    pod = pod_of(cron_job("kubernetes/refresh.yaml")["spec"]["jobTemplate"])
    [volume], [container] = pod["volumes"], pod["containers"]
    [mount] = container["volumeMounts"]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert mount["name"] == volume["name"]
    assert f"--hub={mount['mountPath']}" in container["args"]


def test_a_refresh_on_flink_is_started_as_a_build_is() -> None:
    def common(pod: dict[str, Any]) -> Any:
        own = ("--input=", "--output=", "--hub=")
        [container] = pod["containers"]
        args = [argument for argument in container["args"] if not argument.startswith(own)]
        return pod["initContainers"], {**container, "name": "", "command": [], "args": args}

    [build] = manifests("flink/build.yaml")
    assert common(pod_of(build)) == common(pod_of(cron_job("flink/refresh.yaml")["spec"]["jobTemplate"]))


# ---- cron


class Machine:
    """The paths of templates/cron moved below a folder, with a small hub; `line` is what cron gives to the shell."""

    def __init__(self, folder: Path) -> None:
        if not shutil.which("flock"):
            missing("flock, of util-linux, is not installed on this machine")
        self.home, self.crawl, self.hub = folder / "home", folder / "crawl", str(folder / "home" / "hub")
        self.home.mkdir()
        (self.home / ".venv").symlink_to(sys.prefix)
        shutil.copy(TEMPLATES / "cron" / "refresh.sh", self.home)  # with its mode
        script = self.home / "refresh.sh"
        script.write_text(self.moved(script.read_text()))
        lines = [line for line in (TEMPLATES / "cron" / "crontab").read_text().splitlines() if line.strip(" ")]
        self.settings = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]+=", line))
        [job] = [line for line in lines if line[0] not in "#" and not re.match(r"[A-Z]+=", line)]
        *self.schedule, command = job.split(None, 5)
        assert not re.search(r"(?<!\\)%", command)  # cron would end the command there
        self.line = self.moved(command.replace(r"\%", "%"))
        self.publish("old")
        assert main(["build", "--input", f"{self.crawl}/*/*", "--output", self.hub, "--expand_hops", "0"]) == DONE

    def moved(self, text: str) -> str:
        assert "/srv/persona-hub" in text
        return text.replace("/srv/persona-hub", str(self.home)).replace("/srv/crawl", str(self.crawl))

    def publish(self, what: str) -> None:
        """A document for yesterday; and for today, if midnight should pass before the refresh."""
        for day in (datetime.now(UTC) - timedelta(days=1), datetime.now(UTC)):
            folder = self.crawl / f"{day:%Y-%m-%d}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{what}.txt").write_text(f"The {what} notes of the harbour: who works there, and on what days.")

    def start(self) -> subprocess.Popen[str]:
        """The command of the crontab, as cron starts it."""
        environment = {**self.settings, "HOME": str(self.home), "LOGNAME": "nobody"}
        if where := os.environ.get("PYTHONPATH"):
            environment["PYTHONPATH"] = where
        shell = [self.settings["SHELL"], "-c", self.line]
        return subprocess.Popen(shell, env=environment, cwd=self.home, stdout=subprocess.PIPE, text=True)

    def logs(self) -> list[Path]:
        return sorted(self.home.glob("log/refresh-*.log"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_cron_line_runs_a_refresh_one_at_a_time(machine: Machine) -> None:
    assert next(CronSim(" ".join(machine.schedule), datetime(2026, 3, 1, 12, tzinfo=UTC))).hour == 4
    machine.publish("new")
    (machine.home / "log").mkdir()
    old = machine.home / "log" / "refresh-2020-01-01.log"
    old.touch()
    os.utime(old, (0, 0))
    first = machine.start()
    until = time.monotonic() + 60
    while machine.logs() in ([], [old]) and time.monotonic() < until:  # it has the lock from before its log
        time.sleep(0.01)
    second = machine.start()
    said, _ = second.communicate()
    assert second.returncode == REFUSED
    assert said == f"persona-hub refresh ended with exit code {REFUSED}; see {machine.home}/log\n"
    assert first.poll() is None
    assert first.communicate()[0] == ""
    assert first.returncode == DONE
    assert len(list_versions(machine.hub)) == 2
    assert open_hub(machine.hub).manifest.counts["read_corpus"]["document"] == 1
    [log] = machine.logs()  # the old one is gone
    assert re.search(r"^\S+Z refresh begins\n(.*\n)+\S+Z refresh ends with exit code 0\n$", log.read_text())


def test_what_cron_is_told_of_a_refresh_that_failed_is_its_exit_code(machine: Machine) -> None:
    (machine.home / "keys").write_text("PERSONA_HUB_KEY=secret\n")
    shutil.rmtree(machine.crawl)
    missed = machine.start()
    said, _ = missed.communicate()
    assert missed.returncode == NOTHING_TO_READ
    assert said == f"persona-hub refresh ended with exit code {NOTHING_TO_READ}; see {machine.home}/log\n"
    text = machine.logs()[-1].read_text()
    assert re.search(rf"nothing to read yet, .*{machine.crawl}/\d+-\d+-\d+/\*' matches no file", text)
    assert "secret" not in text
    assert len(list_versions(machine.hub)) == 1
