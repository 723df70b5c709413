"""A hub's vectors are compared with those of the same model only: known by its files, before anything is asked."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from persona_hub.pipelines.main import main
from persona_hub.transforms.embedding import savedmodel
from persona_hub.transforms.embedding.hashing import HashEmbedder
from persona_hub.transforms.hub.versions import open_hub
from tests.helpers.embedding import saved_files

BUILD = ("--expand_hops=0", "--min_characters=20")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a SavedModel's files; the embedded embedder answers in its place, so TensorFlow is not needed."""
    monkeypatch.setattr(savedmodel, "SavedModelEmbedder", HashEmbedder)
    return saved_files(tmp_path / "model")


def corpus(folder: Path, n: int) -> Path:
    texts = [f"Report {i} on beekeeping in town {i * n}: the committee met twice." for i in range(3 * n, 3 * n + 3)]
    file = folder / f"corpus-{n}.jsonl"
    file.write_bytes(b"".join(orjson.dumps({"text": text}) + b"\n" for text in texts))
    return file


def build(tmp_path: Path, model: Path, *flags: str) -> int:
    given = ["build", f"--input={corpus(tmp_path, 1)}", f"--output={tmp_path / 'hub'}", *BUILD, *flags]
    return main([*given, f"--embedder=savedmodel:{model}"])


def refresh(tmp_path: Path, *flags: str) -> int:
    return main(["refresh", f"--input={corpus(tmp_path, 2)}", f"--hub={tmp_path / 'hub'}", *flags])


def test_a_model_that_moved_is_the_same_and_another_one_at_its_path_is_refused(
    tmp_path: Path, model: Path, capsys: Any
) -> None:
    hub = tmp_path / "hub"
    assert build(tmp_path, model) == 0
    first = open_hub(str(hub)).manifest
    assert (first.models["embedder"], len(first.models["embedder_files"])) == (f"savedmodel:{model}", 32)

    moved = Path(shutil.move(model, tmp_path / "moved"))
    capsys.readouterr()
    assert refresh(tmp_path) == 2, "the path that the hub knows leads nowhere"
    assert f"--embedder savedmodel:{model}: no SavedModel there" in (said := capsys.readouterr().err)
    assert said.count("\n") == 1
    assert build(tmp_path, moved) == 0
    assert "nothing is to be done" in capsys.readouterr().out, "the same build, by the same model"
    assert refresh(tmp_path, f"--embedder=savedmodel:{moved}") == 0
    assert open_hub(str(hub)).manifest.models == dict(first.models) | {"embedder": f"savedmodel:{moved}"}

    saved_files(moved, graph=b"another graph")
    capsys.readouterr()
    before = open_hub(str(hub)).manifest.version
    assert refresh(tmp_path) == 2
    assert "another model lies there than the one of this hub's vectors" in (said := capsys.readouterr().err)
    assert said.count("\n") == 1
    rows = corpus(tmp_path, 3)
    against = ["dedup", f"--input={rows}", f"--against={hub}", f"--output={tmp_path / 'out'}"]
    assert main([*against, f"--embedder=savedmodel:{moved}"]) == 0, "it embeds the hub's personas anew"
    assert open_hub(str(hub)).manifest.version == before


@pytest.mark.parametrize("command", ["build", "dedup"])
def test_a_path_that_leads_nowhere_is_a_wrong_command_before_anything_is_made(
    tmp_path: Path, capsys: Any, command: str
) -> None:
    out = tmp_path / "out"
    given = [command, f"--input={corpus(tmp_path, 1)}", f"--output={out}", f"--embedder=savedmodel:{tmp_path}/nowhere"]
    assert main(given) == 2
    assert "nowhere: no SavedModel there (a folder with saved_model.pb); name the folder" in capsys.readouterr().err
    assert not out.exists()
    assert main([*given, "--embedding_threshold=1.0"]) == 0, "where nothing is embedded, nothing is missed"


def test_prompts_that_moved_are_the_same_and_changed_ones_are_not(tmp_path: Path, capsys: Any) -> None:
    prompts = Path(shutil.copytree(Path(savedmodel.__file__).parents[1] / "prompts", tmp_path / "prompts"))
    command = ["build", f"--input={corpus(tmp_path, 1)}", f"--output={tmp_path / 'hub'}", *BUILD]
    assert main([*command, f"--prompt_dir={prompts}"]) == 0
    moved = Path(shutil.move(prompts, tmp_path / "moved"))
    capsys.readouterr()
    assert main([*command, f"--prompt_dir={moved}"]) == 0
    assert "nothing is to be done" in capsys.readouterr().out
    file = moved / "extract_persona.txt"
    file.write_text(file.read_text() + "\nBe kind.")
    assert main([*command, f"--prompt_dir={moved}"]) == 2
