"""The whole DAG, to the letter."""

from __future__ import annotations

import json
from pathlib import Path

from tests.golden import GOLDEN, run


def test_the_run_that_is_written_down(dag_runner: str, tmp_path: Path) -> None:
    """After a change that is meant to change it: `python -m tests.golden`."""
    assert run(tmp_path) == json.loads(GOLDEN.read_text("utf-8"))
