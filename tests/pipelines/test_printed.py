"""Whatever strangers put into hubs, corpora and answers: what is printed of it steers no terminal."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from persona_hub.pipelines.cli.log_lines import Lines, say, say_lines
from persona_hub.pipelines.main import main
from persona_hub.pipelines.progress.facts import Facts
from persona_hub.pipelines.progress.lines import plain_line
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.records import printable
from tests.material.versions import made

# Clears a screen, sets a title, hides what follows, turns the direction of writing, begins a line of its own.
EVIL = "a\x1b[2Jb\x1b]0;t\x07c\x9b8md\x7fe\u202ef\u2066g\u2028h\x85i\rj\bk[red]l[/red]\ud800m"


def all_printable(text: str) -> bool:
    return all(map(str.isprintable, text.split("\n")))


def test_every_sign_that_steers_becomes_a_space() -> None:
    assert printable("a\x1b[0m\u2067b\nc\td") == "a [0m b c d"
    for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029, 0xD800):
        assert printable(chr(code)) == " "
    for text in ("Ein Bäcker", "面包师", "خباز", "👩 and 🌾"):
        assert printable(text) == text


def test_lines_stay_lines_only_where_they_are_ours(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\ntwo", EVIL)
    say_lines(["three\nthree", EVIL])
    out = capsys.readouterr().out
    assert all_printable(out)
    assert len(out.splitlines()) == 5
    assert "[red]l[/red]" in out


def test_what_is_logged_and_the_line_of_progress_are_printable(capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord("persona_hub", logging.WARNING, "", 0, "%s", (EVIL,), None)
    assert all_printable(Lines().format(record))
    say(plain_line(Facts(seconds=1.0, step=EVIL, cluster=EVIL)))
    assert all_printable(capsys.readouterr().out)


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A hub of two versions, whose texts, models, counts and name hold EVIL."""
    output = tmp_path / "o\x1b[2Jut"
    first = made(output, "", f"a diver {EVIL[:40]}")
    made(output, first.version, "a nurse")
    for version in (first.version, read_current(str(output))):
        file = output / "hub" / version / "manifest.json"
        told: dict[str, Any] = orjson.loads(file.read_bytes())
        evil = EVIL[:-2]
        told |= {"models": {"llm": evil}, "parameters": {"llm": evil, evil: evil}, "created": evil, "runner": evil}
        told["counts"] |= {evil: {evil: 3}, "read_corpus": {"records": 3, f"skipped-{evil}": 3}}
        file.write_bytes(json.dumps(told).encode())
    (output / "estimate.json").write_text(json.dumps({"stages": [{"stage": EVIL[:-2], "calls": 7}]}))
    return output


@pytest.mark.parametrize(
    "command",
    [
        ["versions"],
        ["diff", "--old", "1", "--new", "2"],
        ["export", "--format", "jsonl"],
        ["gc"],
        ["rollback", "--version", "1"],
        ["rollback", "--version", EVIL],
        ["takedown", "--source", EVIL],
        ["export", "--format", "jsonl", "--use_case", EVIL],
        ["synthesize", "--use_case", EVIL],
    ],
    ids=lambda command: " ".join(command)[:24],
)
def test_of_a_stranger_s_hub(command: Sequence[str], hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--output", str(hub)] if command[0] == "synthesize" else []
    main([command[0], "--hub", str(hub), *folder, *command[1:]])
    said = capsys.readouterr()
    assert said.out or said.err
    assert all_printable(said.out), said.out
    assert all_printable(said.err), said.err


def test_of_a_stranger_s_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"A gardener keeps bees on the roof and writes about the honey of the town. {EVIL[:-2]} And so on."
    corpus = tmp_path / "c\x1b[2J.jsonl"
    corpus.write_text(json.dumps({"text": text, "url": f"https://a/{EVIL[:-2]}"}) + "\n")
    assert main(["preview", "--input", str(corpus), "--response_store", "none", "--use_case", "math"]) == 0
    said = capsys.readouterr()
    assert "persona" in said.out
    assert all_printable(said.out), said.out
    assert all_printable(said.err), said.err


def test_of_an_error_that_is_shown_with_its_place(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "persona_hub", "versions", "--hub", f"{tmp_path}/x\x1b[2J\x9b8m"]
    ended = subprocess.run(command, env={"PERSONA_HUB_TRACEBACK": "1"}, capture_output=True, text=True, check=False)
    assert "Traceback" in ended.stderr
    assert ended.returncode
    assert all_printable(ended.stderr), ended.stderr
