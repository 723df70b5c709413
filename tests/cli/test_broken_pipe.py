"""A reader of the output that goes, as `| head` does, is no fault to report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import FAILED
from persona_hub.pipelines.cli.run_command import run_command


def much(options: Any, rest: Sequence[str]) -> int:
    print("x" * 100_000)
    return 0


def little(options: Any, rest: Sequence[str]) -> int:
    print("x")
    return 0


@pytest.mark.parametrize("command", [much, little])
def test_output_that_nobody_reads(
    command: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        assert run_command("versions", command, ["--hub", "x"]) == FAILED
        monkeypatch.undo()
    assert capfd.readouterr().err == ""


def test_a_connection_that_breaks_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    def breaks(options: Any, rest: Sequence[str]) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    assert run_command("versions", breaks, ["--hub", "x"]) == FAILED
    assert "Broken pipe; mend that" in capfd.readouterr().err
