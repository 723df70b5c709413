"""The pipelines of docs/api.md run as they stand there, in a folder outside the project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import persona_hub
from tests.helpers.paid import build_command, corpus_of
from tests.helpers.places import ROOT
from tests.servers.models.launch import FakeServer

PAGE = (ROOT / "docs" / "api.md").read_text()
WORDS, MEANING, RECORDS, HUB = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
NURSE = "A nurse who writes to the ward about the long night shift and the tea that keeps it going"
TEXTS = [NURSE, f"{NURSE} on", "A carpenter who restores boats in a harbour town", NURSE.upper()]


def run(code: str, folder: Path, server: FakeServer | None = None) -> str:
    """What a pipeline of the page prints; `server` stands in for the model's own."""
    if server:
        code = code.replace("http://localhost:8000/v1", server.url)
    environment = {**os.environ, "OPENAI_API_KEY": "secret"}
    (folder / "pipeline.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-P", "pipeline.py"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines(folder: Path, name: str) -> list[str]:
    """The lines of a sharded text file, sorted."""
    return sorted(line for file in folder.glob(f"{name}-*-of-*") for line in file.read_text().splitlines())


def test_dedup_by_words(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS))
    printed = run(WORDS, tmp_path)
    kept = lines(tmp_path, "kept")
    assert len(kept) == 2
    assert TEXTS[2] in kept
    assert printed.count("DuplicateText(") == 2
    assert "similarity=0.9" in printed


def test_dedup_by_meaning(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS))
    assert run(MEANING, tmp_path, server) == ""
    assert {text.lower() for text in lines(tmp_path, "kept")} <= {text.lower() for text in TEXTS}
    assert (tmp_path / "vectors.sqlite").exists()
    assert server.counts()["paid"] > 0


def test_ask_about_records_and_pay_once(server: FakeServer, tmp_path: Path) -> None:
    assert run(RECORDS, tmp_path, server) == ""
    first, paid = lines(tmp_path, "answers"), server.counts()["paid"]
    assert len(first) == 2
    assert paid == 2
    assert run(RECORDS, tmp_path, server) == ""
    assert (lines(tmp_path, "answers"), server.counts()["paid"]) == (first, paid)


def test_a_budget_that_is_spent_leaves_dead_letters(server: FakeServer, tmp_path: Path) -> None:
    printed = run(RECORDS.replace("cost_usd=5.0", "calls=1"), tmp_path, server)
    assert server.counts()["paid"] == 1
    assert len(lines(tmp_path, "answers")) == 1
    assert "budget-exhausted" in printed


def test_an_answer_that_the_parser_refuses_is_a_dead_letter(server: FakeServer, tmp_path: Path) -> None:
    printed = run(RECORDS.replace("answer.strip()", "__import__('json').loads(answer)"), tmp_path, server)
    assert lines(tmp_path, "answers") == []
    assert printed.count("reason='malformed'") == 2
    assert server.counts()["paid"] == 4  # each question twice


def test_read_a_hub(tmp_path: Path) -> None:
    command = build_command(corpus_of(tmp_path, 3), tmp_path / "hub", ["--expand_hops", "0"])
    done = subprocess.run([sys.executable, "-P", "-m", "persona_hub", *command], capture_output=True, cwd=tmp_path)
    assert done.returncode == 0
    run(HUB, tmp_path)
    assert lines(tmp_path, "languages") == ["('en', 3)"]
    assert len(lines(tmp_path, "math")) >= 3


def test_every_public_name_is_there_and_on_the_page() -> None:
    for name in persona_hub.__all__:
        assert getattr(persona_hub, name).__name__ == name
        assert re.search(rf"\b{name}\b", PAGE), name
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = persona_hub.Nothing


IMPORTS = """
import sys
import persona_hub
from persona_hub.pipelines.main import main

try:
    main(["--help"])
finally:
    assert not {"apache_beam", "numpy"} & sys.modules.keys()
"""


def test_the_package_and_the_help_load_no_beam() -> None:
    done = subprocess.run([sys.executable, "-P", "-c", IMPORTS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
