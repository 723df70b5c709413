"""Lines of the log look like the other lines of a command."""

from __future__ import annotations

import logging

import pytest

from persona_hub.pipelines.cli.exit_status import WRONG_COMMAND
from persona_hub.pipelines.main import main


def test_a_warning_of_ours_is_told_as_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    assert main(["rollback"]) == WRONG_COMMAND
    capsys.readouterr()
    logging.getLogger("persona_hub").warning("this server is sent no %s", "temperature")
    logging.getLogger("another").warning("of a library")
    assert capsys.readouterr().err.splitlines() == [
        "persona-hub: warning: this server is sent no temperature",
        "WARNING:another:of a library",
    ]


def test_a_program_s_own_handlers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    own = [logging.NullHandler()]
    monkeypatch.setattr(logging.getLogger(), "handlers", own)
    assert main(["rollback"]) == WRONG_COMMAND
    assert logging.getLogger().handlers == own
