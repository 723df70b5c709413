"""A hub whose default embedder was `offline`: its command is known, and a refresh goes on with its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Vector
from tests.helpers.paid import corpus_of

EARLIER = {"embedder": "offline", "embedding_threshold": 0.9}
SHAPE = ["--expand_hops", "0", "--partitions", "2"]


def sizes(output: str) -> set[int]:
    return {len(np.frombuffer(row.vector, "<f2")) for row in read_table(open_hub(output), "vectors", Vector)}


def test_a_hub_of_an_earlier_default_goes_on_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, output = corpus_of(tmp_path, 4), str(tmp_path / "hub")
    command = ["build", "--input", str(corpus), "--output", output, *SHAPE]
    assert main([*command, "--embedder", "offline", "--embedding_threshold", "0.9"]) == DONE
    made = open_hub(output).manifest
    assert made.models["embedder"] == made.parameters["embedder"] == "hash"
    models = {name: value for name, value in made.models.items() if name != "threshold_for"} | {"embedder": "offline"}
    earlier = replace(made, parameters={**made.parameters, **EARLIER}, models=models)
    (tmp_path / "hub" / made.folder / "manifest.json").write_bytes(earlier.to_json())

    capsys.readouterr()
    assert main(command) == DONE
    said = capsys.readouterr()
    assert "already" in said.out
    assert open_hub(output).manifest == earlier, "the same command does nothing"

    (tmp_path / "more.txt").write_text("A diary of a lighthouse keeper who counts herring gulls from the gallery.\n")
    assert main(["refresh", "--hub", output, "--input", str(tmp_path / "more.txt")]) == DONE
    said = capsys.readouterr()
    assert "warning" not in said.out + said.err
    now = open_hub(output).manifest
    assert now.version != made.version
    assert (now.models["embedder"], now.models["threshold_for"]) == ("hash", "hash")
    assert (now.parameters["embedder"], now.parameters["embedding_threshold"]) == ("hash", 0.9)
    assert sizes(output) == {384}, "nothing is embedded anew"
