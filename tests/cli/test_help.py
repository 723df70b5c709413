"""--help shows the flags of a first day, --help_all the rest."""

from __future__ import annotations

import re
from typing import Any

import pytest

from persona_hub.pipelines.cli.commands import JOB_BY_NAME, JOBS, Job
from persona_hub.pipelines.cli.option import options_of
from persona_hub.pipelines.cli.parser import SHORT_HELP
from persona_hub.pipelines.main import main
from persona_hub.transforms.corpus.corpus_records import TEXT_FIELDS

FIRST_DAY = """input output text_field language max_documents personas model llm llm_base_url max_cost_usd max_calls
    price_file personas_per_document expand_hops pii use_case max_samples examples"""


def shown(job: Job, flag: str, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], str]:
    """(names of the flags that the help explains, the help)."""
    with pytest.raises(SystemExit) as end:
        main([*job.name.split(), flag])
    assert end.value.code == 0
    text = capsys.readouterr().out
    names = [
        flag or place.lower() for flag, place in re.findall(r"^  (?:--(\w+)|([A-Z]+)\b)", text, flags=re.MULTILINE)
    ]
    return [name for name in names if name != "help_all"], text


def test_build_shows_the_flags_of_a_first_day(capsys: pytest.CaptureFixture[str]) -> None:
    names, text = shown(JOB_BY_NAME["build"], "--help", capsys)
    assert names == FIRST_DAY.split()
    everything, _ = shown(JOB_BY_NAME["build"], "--help_all", capsys)
    assert text.splitlines()[-1] == f"{len(everything) - len(names)} more flags: persona-hub build --help_all"
    usage = text.partition("\n\n")[0]
    assert "--input" in usage
    assert "--budget_shares" not in usage


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_help_all_shows_every_flag(job: Any, capsys: pytest.CaptureFixture[str]) -> None:
    options = options_of(job.options)
    first, short = shown(job, "--help", capsys)
    if len(options) <= SHORT_HELP:
        assert sorted(first) == sorted(options)
        assert "--help_all" not in short
        return
    assert 4 <= len(first) <= 19
    assert {name for name, one in options.items() if one.required} <= set(first)
    assert f"\n{len(options) - len(first)} more flags: persona-hub {job.name} --help_all\n" in short
    names, text = shown(job, "--help_all", capsys)
    assert sorted(names) == sorted(options)
    assert "more flags" not in text


def test_the_help_of_text_field_names_the_fields_that_are_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    _, text = shown(JOB_BY_NAME["build"], "--help", capsys)
    names = f"{', '.join(TEXT_FIELDS[:-1])} or {TEXT_FIELDS[-1]}"
    assert f"default: {names}" in " ".join(text.split())
