"""MeaningDuplicates: the same decisions for any blocks, order and workers; few rows exactly, many nearly all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from tests.planted_vectors import brute_force, packed_block, planted
from transforms import embed_dedup_join
from transforms.embed_dedup_join import MeaningDuplicates, Packed, TooManyRows
from transforms.similarity import cells
from transforms.similarity.kept_set import keep_first
from transforms.similarity.vectors import unpack

MANY = cells.EXACT_ROWS + 800


def decisions(
    folder: Path, rows: int, threshold: float, blocks: int = 5, seed: int = 0, size: int = 700, workers: int = 1
) -> list[tuple[int, int, float]]:
    """(dropped, kept, cosine), by rank."""
    flags = ["--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"] if workers > 1 else []
    out = folder / f"{threshold}-{blocks}-{seed}-{size}-{workers}"
    out.mkdir()
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(flags)) as pipeline:
        _ = (
            pipeline
            | beam.Create(range(blocks))
            | "Read" >> beam.FlatMap(packed_block, rows, blocks, seed, size).with_output_types(Packed)
            | MeaningDuplicates(threshold=threshold, blocks=blocks)
            | "Save" >> beam.Map(lambda element: (out / str(element[0])).write_bytes(element[1]))
        )
    found: list[Any] = []
    for file in out.iterdir():
        found += zip(*(column.tolist() for column in unpack(file.read_bytes())), strict=True)
    return sorted(found)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, int, float]]:
    return decisions(tmp_path_factory.mktemp("many"), MANY, 0.9)


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_few_rows_are_decided_as_by_brute_force(tmp_path: Path, threshold: float) -> None:
    ranks, vectors = planted(1500)
    truth = brute_force(vectors, threshold)
    found = decisions(tmp_path, 1500, threshold)
    assert {dropped: kept for dropped, kept, _ in found} == {
        int(ranks[d]): int(ranks[k]) for d, (k, _) in truth.items()
    }
    assert [cosine for *_, cosine in found] == pytest.approx([truth[d][1] for d in sorted(truth)])


def test_of_many_rows_nearly_all_are_dropped_that_all_pairs_would_drop(many: list[tuple[int, int, float]]) -> None:
    truth = set(keep_first(*planted(MANY), 0.9)[0].tolist())
    found = {dropped for dropped, _, _ in many}
    assert len(found & truth) >= 0.99 * len(truth) > 1000


def test_every_dropped_row_has_a_kept_one_within_the_threshold(many: list[tuple[int, int, float]]) -> None:
    dropped = {row for row, _, _ in many}
    assert all(kept not in dropped and kept < row and cosine >= 0.9 for row, kept, cosine in many)


def test_decisions_are_the_same_for_other_blocks_and_orders(tmp_path: Path, many: Any) -> None:
    assert decisions(tmp_path, MANY, 0.9, blocks=13, seed=7, size=331) == many


def test_decisions_are_the_same_for_two_workers(tmp_path: Path, many: Any) -> None:
    assert decisions(tmp_path, MANY, 0.9, blocks=6, seed=3, size=999, workers=2) == many


def test_too_many_rows_for_one_worker_fail_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_dedup_join, "KEPT_SET_ROWS", 100)
    with pytest.raises((TooManyRows, RuntimeError), match=r"100 rows at most; there are 500. Ask for 0.6 or more"):
        decisions(tmp_path, 500, 0.55)


@pytest.mark.parametrize("threshold", [0.49, 1.0])
def test_a_wrong_threshold_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"0\.5 to 0\.99"):
        MeaningDuplicates(threshold=threshold, blocks=1)
