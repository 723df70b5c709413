"""Flags: one place, checked before anything heavy is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from persona_hub.pipelines.cli.commands import JOBS
from persona_hub.pipelines.cli.exit_status import WRONG_COMMAND
from persona_hub.pipelines.cli.option import options_of
from persona_hub.pipelines.cli.sections import sections_of
from persona_hub.pipelines.main import main


def wrong(arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a wrong command prints."""
    assert main(arguments.split()) == WRONG_COMMAND
    out, err = capsys.readouterr()
    assert not out
    assert len(err.splitlines()) == 1
    return err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "COMMAND"),
        ("bild", "no command 'bild'; did you mean build?; see"),
        ("build --output out", "--input"),
        ("build --input , --output out", "--input: names nothing"),
        ("build --input a --output out --expand_hops 9", "--expand_hops: 9 is out of range: from 0 to 6"),
        ("build --input a --output out --minhash_threshold high", "'high' is not a number"),
        ("build --input a --output out --pii maybe", "--pii"),
        ("export --hub h --format jsonl,csv", "--format csv: must be one of jsonl, parquet"),
        ("export --hub h --colour red", "unknown argument --colour"),
    ],
)
def test_a_wrong_flag_is_one_line_that_names_it(arguments: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in wrong(arguments, capsys)


def test_beam_knows_the_other_flags(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    (tmp_path / "a.txt").write_text("x")
    said = wrong(f"build --input {tmp_path} --output {tmp_path}/out --runer=FlinkRunner", capsys)
    assert "unknown argument --runer; did you mean --runner?; see persona-hub build --help" in said


def test_an_unquoted_glob_is_explained(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    assert "quote a glob" in wrong(f"build --input=a.txt b.txt --output {tmp_path}/out", capsys)


def test_multi_threading_is_refused_with_its_reason(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    said = wrong(f"build --input a.txt --output {tmp_path}/out --direct_running_mode=multi_threading", capsys)
    assert "loses records" in said


def test_every_option_stands_in_one_section_of_the_help() -> None:
    for job in JOBS:
        names = [name for _, own in sections_of(job.options) for name in own]
        assert sorted(names) == sorted(options_of(job.options)), job.name


@pytest.mark.parametrize("job", [job.name for job in JOBS])
def test_help_needs_no_beam(job: str) -> None:
    """What makes `--help` answer at once; Beam alone takes seconds to import."""
    code = (
        "import sys, persona_hub.pipelines.main\n"
        f"try: persona_hub.pipelines.main.main([{job!r}, '--help'])\n"
        "except SystemExit: print('apache_beam' in sys.modules, 'numpy' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "False False"
