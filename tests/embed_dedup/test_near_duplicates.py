"""NearDuplicates: the same decisions for any blocks, order and workers; few rows exactly, many nearly all."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from persona_hub.transforms.embed_dedup import by_cell, near_duplicates
from persona_hub.transforms.embed_dedup.cell_tables import fitting_table, largest_table, stored_table
from persona_hub.transforms.embed_dedup.near_duplicates import NearDuplicates, TooManyRows
from persona_hub.transforms.records import Centroids
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.vectors import cells
from persona_hub.transforms.vectors.cells import CELL_DIMENSION
from persona_hub.transforms.vectors.kept_set import keep_first
from persona_hub.transforms.vectors.quantised import QUANTISED_NORM, rescaled
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import KeyedArrays, unpack_arrays
from tests.material.planted_vectors import brute_force, packed_block, planted

MANY = cells.EXACT_ROWS + 800


def decisions(
    folder: Path,
    rows: int,
    threshold: float,
    blocks: int = 5,
    seed: int = 0,
    size: int = 700,
    workers: int = 1,
    held: int = 0,
    tables: Sequence[Centroids] = (),
    without: frozenset[int] = frozenset(),
) -> list[tuple[int, int, float]]:
    """(dropped, kept, cosine), by rank; the first `held` rows are a hub's. A table that is trained goes to a file."""
    flags = ["--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"] if workers > 1 else []
    out = folder / f"{threshold}-{blocks}-{seed}-{size}-{workers}-{held}"
    out.mkdir()
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(flags)) as pipeline:
        vectors = (
            pipeline
            | beam.Create(range(blocks))
            | "Read"
            >> beam.FlatMap(packed_block, rows, blocks, seed, size, held, without).with_output_types(KeyedArrays)
        )
        stored = pipeline | "Stored" >> beam.Create([Batch(tables)] if tables else [])
        decided = (vectors, stored) | NearDuplicates(threshold=threshold, blocks=blocks)
        _ = decided.decisions | "Save" >> beam.Map(
            lambda element: (out / f"{element[0]}-{zlib.crc32(element[1])}").write_bytes(element[1])
        )
        _ = decided.centroids | "SaveTable" >> beam.Map(
            lambda batch: (folder / "table").write_bytes(pickle.dumps(batch))
        )
    found: list[Any] = []
    for file in out.iterdir():
        found += zip(*(column.tolist() for column in unpack_arrays(file.read_bytes())), strict=True)
    return sorted(found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("many")


@pytest.fixture(scope="module")
def many(folder: Path) -> list[tuple[int, int, float]]:
    return decisions(folder, MANY, 0.9)


@pytest.fixture(scope="module")
def table(many: list[tuple[int, int, float]], folder: Path) -> Centroids:
    """The table that was trained for `many`."""
    [table] = pickle.loads((folder / "table").read_bytes())
    assert isinstance(table, Centroids)
    return table


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


def test_a_table_for_a_lower_threshold_serves_a_higher_one(tmp_path: Path) -> None:
    threshold = 0.965
    ranks, vectors = planted(MANY)
    truth = set(keep_first(ranks, vectors, threshold)[0].tolist())
    plan = cells.SearchPlan.for_threshold(0.7)
    wide = cells.train_table(ranks, vectors, plan.cells_for(MANY))
    found = decisions(tmp_path, MANY, threshold, tables=[stored_table(wide, MANY)])
    assert len({dropped for dropped, _, _ in found} & truth) >= 0.98 * len(truth) > 300


def test_every_dropped_row_has_a_kept_one_within_the_threshold(many: list[tuple[int, int, float]]) -> None:
    dropped = {row for row, _, _ in many}
    assert all(kept not in dropped and kept < row and cosine >= 0.9 for row, kept, cosine in many)


def test_decisions_are_the_same_for_other_blocks_and_orders(tmp_path: Path, many: Any) -> None:
    assert decisions(tmp_path, MANY, 0.9, blocks=13, seed=7, size=331) == many


def test_rounds_drop_whom_one_place_drops(tmp_path: Path, many: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_cell, "rounds_for", lambda blocks: 2)
    found = decisions(tmp_path, MANY, 0.9)
    assert [dropped for dropped, _, _ in found] == [dropped for dropped, _, _ in many]
    assert not {kept for _, kept, _ in found} & {dropped for dropped, _, _ in found}


def test_decisions_are_the_same_for_two_workers(tmp_path: Path, many: Any) -> None:
    assert decisions(tmp_path, MANY, 0.9, blocks=6, seed=3, size=999, workers=2) == many


def test_what_is_held_wins_as_if_it_stood_first(
    tmp_path: Path, many: Any, table: Centroids, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "EXACT_ROWS", 2000)
    held = MANY // 2
    first_new = int(planted(MANY)[0][held])
    gone = frozenset(row for row, _, _ in many if row < first_new)
    union = decisions(tmp_path, MANY, 0.9, tables=[table], without=gone)
    found = decisions(tmp_path, MANY, 0.9, tables=[table], without=gone, held=held)
    assert not (tmp_path / "table").exists()
    assert [(row, kept | NEW, cosine) for row, kept, cosine in found] == union
    assert any(kept < NEW for _, kept, _ in found)


def test_what_is_held_stays_though_it_has_a_neighbour(tmp_path: Path) -> None:
    for threshold in (0.55, 0.9):
        found = decisions(tmp_path, 1500, threshold, held=1500)
        assert found == []


@pytest.mark.parametrize(
    ("count", "threshold", "fits"),
    [(450, 0.7, True), (235, 0.7, True), (230, 0.7, False), (150, 0.965, True), (140, 0.965, False)],
)
def test_a_table_of_less_than_half_the_cells_is_trained_anew(count: int, threshold: float, fits: bool) -> None:
    centroids = bytes(2 * CELL_DIMENSION * count)
    stored = Batch([Centroids(MANY, CELL_DIMENSION, centroids, bytes(4 * CELL_DIMENSION))])
    plan = cells.SearchPlan.for_threshold(threshold)
    assert list(fitting_table(stored, plan, MANY)) == ([stored] if fits else [])


def test_a_table_of_an_earlier_release_is_trained_anew() -> None:
    without_mean = Centroids(MANY, 384, bytes(768))
    ranks, vectors = planted(3000)
    table = cells.train_table(ranks, vectors, 200)
    plan = cells.SearchPlan.for_threshold(0.9)
    of_one_length = table._replace(centroids=rescaled(table.centroids, QUANTISED_NORM))
    for old in (without_mean, stored_table(of_one_length, MANY)):
        assert list(fitting_table(Batch([old]), plan, MANY)) == []
    new = Batch([stored_table(table, MANY)])
    assert list(fitting_table(new, plan, MANY)) == [new]


def test_of_several_tables_that_for_the_most_rows_counts() -> None:
    small, large = Centroids(9_000, 2, b""), Centroids(50_000, 2, b"")
    assert largest_table([Batch([large]), Batch(), Batch([small])]) == [large]
    assert largest_table([]) == []


def test_few_rows_are_compared_once_though_a_stored_table_fits(tmp_path: Path, table: Centroids) -> None:
    assert decisions(tmp_path, 1500, 0.9, tables=[table]) == decisions(tmp_path, 1500, 0.9, seed=1)


def test_too_many_rows_for_one_worker_fail_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "KEPT_SET_ROWS", 100)
    with pytest.raises((TooManyRows, RuntimeError), match=r"100 rows at most; there are 500. Ask for 0.6 or more"):
        decisions(tmp_path, 500, 0.55)


@pytest.mark.parametrize("threshold", [0.49, 1.0])
def test_a_wrong_threshold_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"0\.5 to 0\.99"):
        NearDuplicates(threshold=threshold, blocks=1)
