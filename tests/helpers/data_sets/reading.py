"""Has a process of its own read data sets, with packages that stand in a folder beside the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.places import ROOT

READERS = Path(sys.prefix) / "readers"


def read_by_others(folders: dict[str, str], home: Path) -> dict[str, Any]:
    """{name: what `datasets`, `transformers` and `mlcroissant` read of the folder}; see read.py."""
    if not READERS.is_dir():
        told = f"no {READERS}: `make .venv/installed-readers` brings datasets, transformers, mlcroissant"
        assert "CI" not in os.environ, told
        pytest.skip(told)
    env = {**os.environ, "PYTHONPATH": str(READERS), "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.data_sets.read"],
        input=json.dumps(folders),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=env,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found
