"""A command with a slip in it publishes nothing and says what mends it; the command that is right then runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, FAILED, WRONG_COMMAND
from persona_hub.pipelines.commands.status import state_lines
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.current import read_current
from tests.helpers.hubs import personas

TEXT = "Gardener number {} keeps bees on the roof and writes about the honey and the neighbours of the town."


def lines(path: Path, *texts: str) -> Path:
    path.write_text("".join(json.dumps({"id": n, "body": text}) + "\n" for n, text in enumerate(texts)))
    return path


def test_a_slip_publishes_nothing_and_the_right_command_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, output = lines(tmp_path / "c.jsonl", *map(TEXT.format, range(5))), tmp_path / "out"
    table = tmp_path / "t.csv"
    table.write_text(f"id,words\n1,{TEXT.format(7)}\n")
    build = ["build", "--input", str(corpus), str(table), "--output", str(output), "--expand_hops", "0"]

    assert main([*build, "--text_field", "bdoy"]) == FAILED
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("persona-hub build: error: nothing was published: read_corpus kept none of 6 records")
    assert "no field 'bdoy', but id, body" in said
    assert [path.name for path in output.iterdir()] == ["dead_letters"], "no folder of a version that is none"

    capsys.readouterr()
    assert main([*build, "--text_field", "body"]) == BUDGET_SPENT, "a whole file is lost"
    version = read_current(str(output))
    assert personas(output)
    lost = (
        f"want of a field with the text: {table} (no column body, but id, words). Read them with `persona-hub refresh"
    )
    assert lost in capsys.readouterr().out
    assert main([*build, "--text_field", "body"]) == BUDGET_SPENT, "the same command finds no more"
    said = capsys.readouterr().out
    assert lost in said
    assert "nothing is to be done" not in said
    assert main(["versions", "--hub", str(output)]) == DONE
    assert "  partial: 1 file lost\n" in capsys.readouterr().out
    assert [*state_lines(str(output))] == [f"partial: 1 file lost for want of a field with the text, as {table}"]
    assert main([*build, "--text_field", "body", "--max_lost", "1"]) == DONE

    more = lines(tmp_path / "more.jsonl", "Short.", "Shorter.")
    refresh = ["refresh", "--hub", str(output), "--input", str(more)]
    capsys.readouterr()
    assert main([*refresh, "--text_field", "bdoy"]) == FAILED
    assert "read_corpus kept none of 2 records (2 field-missing)" in capsys.readouterr().err
    assert main(refresh) == DONE
    counts, _, told = capsys.readouterr().out.rpartition("\nnothing new: ")
    assert re.search(r"^read corpus +2 records +0 document +2 skipped-too-short$", counts, re.MULTILINE)
    assert told == f"{output} stays at version {version}\n"
    assert read_current(str(output)) == version
    assert [path.name for path in (output / "hub").iterdir() if path.is_dir()] == [version]


@pytest.mark.parametrize("typed", ["eng", "English", "en,eng", "EN-us"])
def test_a_language_by_another_name_is_refused_with_what_is_meant(
    typed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = lines(tmp_path / "c.jsonl", TEXT)
    for command in (["build", "--output", str(tmp_path / "out")], ["preview"]):
        assert main([*command, "--input", str(corpus), "--language", typed]) == WRONG_COMMAND
        assert capsys.readouterr().err.strip().endswith("did you mean en?")
