"""status of a hub: it finds the response store of the user's own jobs, opens no other, and says what is recorded."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.exit_status import DONE, WRONG_COMMAND
from persona_hub.pipelines.cli.parser import read_options
from persona_hub.pipelines.commands.used_store import used_store
from persona_hub.pipelines.main import main
from persona_hub.pipelines.planning.trust import note_settings
from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.store.registry import open_store
from tests.material.versions import made

USAGE = {"extract_persona": {"calls": 7, "input_tokens": 900, "output_tokens": 80, "cost_usd": 1.25}}


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def hub(folder: Path, **parameters: Any) -> str:
    """A hub whose manifest has these parameters, and usage."""
    manifest = made(folder, "", "a diver")
    (folder / manifest.folder / "manifest.json").write_bytes(
        replace(manifest, parameters=parameters, usage=USAGE).to_json()
    )
    return str(folder)


def note(output: str, store: str) -> None:
    flags = ["--input", "x", "--output", output, "--response_store", store]
    note_settings(output, read_options(JOB_BY_NAME["build"], flags)[0])


def test_the_store_of_a_hub_of_ones_own_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = f"sqlite:{tmp_path}/elsewhere.sqlite"
    output = hub(tmp_path / "out", response_store=store)
    note(output, store)
    with closing(open_store(store)):
        pass
    assert main(["status", "--hub", output]) == DONE
    said = capsys.readouterr().out
    assert said.splitlines()[1].split() == ["all", "0", "0", "0", "0.0000"], "what the store has, not the manifest"
    assert "complete: 0001-" in said


def test_the_store_of_a_first_build_is_known_before_there_is_a_hub(tmp_path: Path) -> None:
    output = str(tmp_path / "out")
    assert used_store(output).address == f"sqlite:{output}/responses.sqlite"
    note(output, "redis://h")
    note(output, f"sqlite:{tmp_path}/a.sqlite")
    note(output, "redis://h")
    assert used_store(output).address == "redis://h", "that of the last command"


@pytest.mark.parametrize("store", ["redis://evil.example", "sqlite:/evil.sqlite"])
def test_a_store_that_only_a_manifest_names_is_not_opened_and_what_is_recorded_is_told(
    tmp_path: Path, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = hub(tmp_path / "out", response_store=store)
    assert used_store(output).address == ""
    assert main(["status", "--hub", output]) == DONE
    said = capsys.readouterr().out.splitlines()
    assert said[1].split() == ["extract_persona", "7", "900", "80", "1.2500"]
    assert said[3].startswith("complete: 0001-")
    assert "these are the calls that version 0001-" in said[4]
    assert f"add --response_store={store}" in said[4]


def test_a_hub_whose_store_is_gone_says_what_is_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = hub(tmp_path / "out")
    assert main(["status", "--output", output]) == DONE
    said = capsys.readouterr().out
    assert "extract_persona" in said
    assert "responses.sqlite: does not exist" in said
    assert main(["status", "--output", output, "--response_store", f"sqlite:{tmp_path}/x"]) == WRONG_COMMAND
    assert main(["status", "--hub", str(tmp_path / "none")]) == WRONG_COMMAND
    assert main(["status", "--hub", output, "--output", f"{output}/"]) == DONE
    assert main(["status", "--hub", output, "--output", "other"]) == WRONG_COMMAND
    assert "--hub and --output: name one of them" in capsys.readouterr().err


def test_samples_and_a_hub_without_paid_calls_are_complete_and_need_no_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "more" / "samples" / "math" / "0001-aa"
    run.mkdir(parents=True)
    (run / "manifest.json").write_bytes(RunManifest(run="0001-aa").to_json())
    assert main(["status", "--output", str(tmp_path / "more")]) == DONE
    assert capsys.readouterr().out.splitlines() == ["complete: 1 run of samples", "no calls were paid"]
    version = made(tmp_path / "out", "", "a diver").version
    assert main(["status", "--hub", str(tmp_path / "out")]) == DONE
    assert capsys.readouterr().out.splitlines() == [f"complete: {version}", "no calls were paid"]


def test_a_folder_without_a_hub_is_named_by_the_flag_that_was_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "none")
    for flag in ("--hub", "--output"):
        assert main(["status", flag, nowhere]) == WRONG_COMMAND
        said = capsys.readouterr().err
        assert f"error: {flag} {nowhere}: holds no hub and no samples yet; check the path." in said
        assert "--response_store" not in said
