"""Slips of the pen, and the questions that everybody asks first: which version, which flags."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.commands import JOBS
from persona_hub.pipelines.cli.exit_status import WRONG_COMMAND
from persona_hub.pipelines.cli.option import options_of
from persona_hub.pipelines.main import main


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("biuld --input x", "no command 'biuld'; did you mean build?; see persona-hub --help"),
        ("verison", "no command 'verison'; did you mean versions?"),
        ("schedul list", "did you mean schedule?"),
        ("colour", "no command 'colour'; see persona-hub --help"),
        ("export --hub h --fromat jsonl", "unknown argument --fromat; did you mean --format?; see persona-hub export"),
        ("build --input a --output OUT --expand-hops 1", "unknown argument --expand-hops; did you mean --expand_hops?"),
        ("build --input a --output OUT --runer=FlinkRunner", "unknown argument --runer; did you mean --runner?"),
        ("build --input a --output OUT --colour red", "unknown argument --colour; see persona-hub build --help"),
        ("build --input a --outptu OUT", "required: --output; --outptu: did you mean --output?; see persona-hub build"),
        ("rollback --hubb h", "required: --hub; --hubb: did you mean --hub?"),
        ("build --input a --output OUT --hops 1", "unknown argument --hops; did you mean --expand_hops?; see"),
        ("build --input a --output OUT --samples 1", "did you mean --samples_per_persona or --max_samples?"),
        ("search --hub h a nurse", "an argument that belongs to no flag (put the text that is searched for in quotes)"),
        ("rollback --hub h 1", "an argument that belongs to no flag (name a version with --version)"),
        ("takedown --hub h --source a --dry_run", "--dry_run: this command has none"),
    ],
)
def test_what_may_have_been_meant_is_asked(
    command: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.replace("OUT", str(tmp_path)).split()) == WRONG_COMMAND
    assert said in capsys.readouterr().err


def test_the_version_is_told_with_beam_s_and_python_s(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"persona-hub {version('persona-hub')} (Apache Beam {version('apache-beam')}, Python 3.")
    assert len(said.splitlines()) == 1


def test_all_flags_of_all_commands_are_shown_to_who_asks(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help_all"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for job in JOBS:
        assert f"usage: persona-hub {job.name} " in said
        assert all(f"--{name}" in said for name, one in options_of(job.options).items() if not one.positional)
