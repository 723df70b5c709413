"""Files of the user's may lie where the launcher of a cloud job can read them: on any filesystem that Beam knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tests.servers.bucket  # noqa: F401 - Beam finds filesystems among the subclasses that are imported
from persona_hub.transforms.files.user_text import FileError, read_text, text_files_in
from persona_hub.transforms.synthesis.use_cases import load_use_case


@pytest.mark.parametrize("scheme", ["", "bucket://"])
def test_files_are_read_from_any_filesystem(tmp_path: Path, scheme: str) -> None:
    (tmp_path / "b.txt").write_bytes("\ufeffeins\r\nzwei".encode())
    (tmp_path / "a.txt").touch()
    (tmp_path / "a.md").touch()
    assert text_files_in(f"{scheme}{tmp_path}") == ["a.txt", "b.txt"]
    assert read_text(f"{scheme}{tmp_path}/b.txt") == "eins\nzwei"
    with pytest.raises(FileError, match=rf"^{scheme}{tmp_path}/c\.txt: No such file"):
        read_text(f"{scheme}{tmp_path}/c.txt")


@pytest.mark.parametrize("scheme", ["", "bucket://"])
def test_use_cases_prompts_and_examples_too(tmp_path: Path, scheme: str) -> None:
    here = f"{scheme}{tmp_path}"
    (tmp_path / "math.txt").write_text("Mine.\n---\n$examples For $persona")
    (tmp_path / "few.jsonl").write_text(json.dumps({"synthesized text": "One."}))
    assert "One." in load_use_case("math", here, f"{here}/few.jsonl").prompt.user
    entries = {"name": "riddle", "description": "riddle", "prompt_file": "math.txt", "output_prefix": "Riddle:"}
    (tmp_path / "riddle.yaml").write_text(json.dumps(entries))
    assert load_use_case(f"{here}/riddle.yaml").prompt.system == "Mine."


def test_a_filesystem_that_is_not_there_is_named() -> None:
    with pytest.raises(FileError, match="none://x: cannot be read"):
        read_text("none://x")
    with pytest.raises(FileError, match="none://x: cannot be read"):
        text_files_in("none://x")
