"""The launcher of a flex template, acted out: the image's steps in a clean virtual environment, then its command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.places import ROOT
from tests.servers.dataflow import dataflow_api

IMAGE = ROOT / "templates" / "dataflow"
UV = Path(sys.executable).with_name("uv")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A virtual environment with what the Dockerfile installs: the lock, and the package without more."""

    # `make` has uv compile all that it installs: here 60 s of CPU, of which one command needs 4.
    environment = {**os.environ, "VIRTUAL_ENV": str(tmp_path / "venv"), "UV_COMPILE_BYTECODE": "0"}

    def uv(*command: str | Path) -> None:
        subprocess.run([UV, *command], check=True, capture_output=True, env=environment)

    made = tmp_path / "venv"
    uv("venv", "--python", sys.executable, made)
    uv("pip", "install", "--require-hashes", "-r", ROOT / "requirements.txt")
    uv("build", "--wheel", "-o", tmp_path, ROOT)
    uv("pip", "install", "--no-deps", *tmp_path.glob("*.whl"))
    uv("pip", "check")
    return made


def test_it_posts_the_job_and_leaves_it(image: Path, gcs_bucket: Any, tmp_path: Path) -> None:
    """It starts FLEX_TEMPLATE_PYTHON_PY_FILE with the parameters as flags, in the image's environment."""
    today = datetime.now(UTC)
    for day in (today, today + timedelta(days=1)):  # midnight may pass before the launcher looks
        text = "A nurse writes to the ward about the night shift. " * 3
        gcs_bucket.blob(f"corpus/{day:%Y-%m-%d}/a.txt").upload_from_string(text)
    told = dict(re.findall(r"([A-Z_]+)=(\S+)", (IMAGE / "Dockerfile").read_text().partition("ENV ")[2]))
    assert told["FLEX_TEMPLATE_PYTHON_PY_FILE"] == "/template/main.py"
    built = {"JOB": "build", "IMAGE": "registry/build:7", "PATH": f"{image}/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    environment = {name: value.replace("${JOB}", built["JOB"]).replace("${IMAGE}", built["IMAGE"])
                   for name, value in told.items()}  # fmt: skip
    services = {name: os.environ[name] for name in ("STORAGE_EMULATOR_HOST", "NO_GCE_CHECK")}
    bucket = f"gs://{gcs_bucket.name}"
    with dataflow_api() as api:
        parameters = {
            "input": f"{bucket}/corpus/{{date:%Y-%m-%d}}/*", "output": f"{bucket}/out", "expand_hops": "1",
            "runner": "DataflowRunner", "project": "p", "region": "r",
            "temp_location": f"{bucket}/t", "staging_location": f"{bucket}/s",
            "job_name": "hub-2", "dataflow_endpoint": api.url,
        }  # fmt: skip
        flags = [f"--{name}={value}" for name, value in parameters.items()]
        done = subprocess.run(
            [image / "bin" / "python", IMAGE / "main.py", *flags, "--no_auth"],
            env={**environment, **services, "PATH": built["PATH"], "HOME": built["HOME"]},
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        ((_, body),) = api.bodies
    job = json.loads(body)
    (pool,) = job["environment"]["workerPools"]
    assert (job["name"], [found["containerImage"] for found in pool["sdkHarnessContainerImages"]]) == (
        "hub-2",
        ["registry/build:7"],
    )
    assert "jobs/r/" in done.stdout
    assert re.search(rf"^--input {bucket}/corpus/\d{{4}}-\d\d-\d\d/\*$", done.stdout, re.MULTILINE)
