"""A command that is run in a folder with packages of our names: its worker processes import ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from persona_hub.pipelines.runners.run import worker_command
from tests.helpers.paid import corpus_of
from tests.helpers.shadows import shadowing_folder


@pytest.mark.parametrize("workers", [1, 2])
def test_a_build_in_such_a_folder_uses_our_packages(workers: int, tmp_path: Path) -> None:
    corpus, place = corpus_of(tmp_path, 5), shadowing_folder(tmp_path / "project")
    command = [str(Path(sys.executable).with_name("persona-hub")), "build", "--input", str(corpus), "--output", "hub"]
    if workers > 1:
        command += ["--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert (place / "hub" / "CURRENT").exists() or list((place / "hub").rglob("manifest.json"))


def test_the_command_of_a_worker() -> None:
    command = b"/venv/bin/python -m apache_beam.runners.worker.sdk_worker_main"
    assert worker_command(command) == (
        b"trap '' INT TERM; exec /venv/bin/python -P -m apache_beam.runners.worker.sdk_worker_main"
    )
