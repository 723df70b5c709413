"""Examples go to the use case that they are examples of, and to no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.planning.samples.use_cases import use_cases_of
from tests.helpers.flags import build_options
from tests.helpers.places import EXAMPLES


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Files of examples by their name; the text of each names it."""
    paths = {}
    for name in ("sums", "tools", "odd=name,x"):
        file = tmp_path / f"{name}.jsonl"
        file.write_text(json.dumps({"synthesized text": f"one of {name}"}) + "\n")
        paths[name] = str(file)
    return paths


def shown(*flags: str) -> dict[str, str]:
    """What of examples each use case's prompt shows."""
    return {use_case.name: use_case.examples for use_case in use_cases_of(build_options(*flags))}


def test_each_use_case_gets_its_own_and_the_others_none(files: dict[str, str]) -> None:
    flags = ["--use_case=math,tool,game_npc", f"--examples=math={files['sums']}"]
    for more in (
        [*flags, f"--examples=tool={files['tools']}"],
        [*flags[:1], f"--examples=math={files['sums']},tool={files['tools']}"],
    ):
        found = shown(*more)
        assert "one of sums" in found["math"]
        assert "one of tools" not in found["math"]
        assert "one of tools" in found["tool"]
        assert found["game_npc"] == ""


def test_a_file_alone_goes_to_the_one_use_case_that_takes_examples(files: dict[str, str], tmp_path: Path) -> None:
    assert "one of sums" in shown("--use_case=math", f"--examples={files['sums']}")["math"]
    assert "one of odd=name,x" in shown("--use_case=math", f"--examples={files['odd=name,x']}")["math"]
    own = tmp_path / "own.yaml"
    (tmp_path / "use_case_check.py").write_text((EXAMPLES / "use_case_check.py").read_text())
    own.write_text((EXAMPLES / "use_case.yaml").read_text().replace("$examples", ""))
    found = shown(f"--use_case=math,{own}", f"--examples={files['sums']}")
    assert "one of sums" in found.pop("math")
    assert list(found.values()) == [""]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--examples=SUMS"], "--examples: go to samples of a use case; name it too"),
        (["--examples=math=SUMS"], "--examples: go to samples of a use case; name it too"),
        (
            ["--use_case=math,tool", "--examples=SUMS"],
            "of which use case are they.* NAME is one of math, tool",
        ),
        (["--use_case=all", "--examples=SUMS"], "NAME is one of math, logical_reasoning"),
        (["--use_case=math", "--examples=tool=SUMS"], "--use_case does not name tool; it names math"),
        (["--use_case=math", "--examples=math=SUMS", "--examples=math=SUMS"], "math has examples already"),
        (["--use_case=math", "--examples=SUMS", "--examples=SUMS"], "math has examples already"),
    ],
)
def test_what_is_not_clear_is_refused(flags: list[str], said: str, files: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=said):
        shown(*(flag.replace("SUMS", files["sums"]) for flag in flags))
