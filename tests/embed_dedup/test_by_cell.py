"""The way through cells, function by function: chains, and the same decisions however the rows are cut up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from unittest import mock

import numpy as np
import pytest
from apache_beam.pvalue import TaggedOutput
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.dedup.edge_payloads import unpack_verified
from persona_hub.transforms.dedup.persona_rows import PersonaLayout
from persona_hub.transforms.dedup.representatives import choose
from persona_hub.transforms.embed_dedup.by_cell import (
    AssignCells,
    FindCandidates,
    NearInCell,
    RequestVectors,
    check_pairs,
    fetch_vectors,
    positions_in,
)
from persona_hub.transforms.embed_dedup.cell_tables import stored_table
from persona_hub.transforms.records import Centroids
from persona_hub.transforms.similarity.ranks import NEW, blocks_of
from persona_hub.transforms.vectors import cells, sketches
from persona_hub.transforms.vectors.arrays import Ranks
from persona_hub.transforms.vectors.float16 import StoredVectors, to_stored
from persona_hub.transforms.vectors.kept_set import keep_first
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import pack_arrays, unpack_arrays
from tests.material.planted_vectors import brute_force, planted

ROWS = 400


def grouped(elements: Iterable[tuple[int, Any]]) -> dict[int, list[Any]]:
    """As a GroupByKey."""
    groups = defaultdict(list)
    for key, value in elements:
        groups[key].append(value)
    return groups


def table_of(ranks: Ranks, vectors: StoredVectors, count: int = 12) -> Centroids:
    return stored_table(cells.train_table(ranks, vectors, count), len(ranks))


def by_cells(
    ranks: Ranks,
    vectors: StoredVectors,
    threshold: float,
    table: Centroids,
    blocks: int = 3,
    size: int = 100,
    seed: int = 0,
) -> tuple[dict[int, tuple[int, float]], list[tuple[int, int]]]:
    """({dropped: (kept, cosine)}, pairs that were found near): rows shuffled by `seed`, in packs of `size`."""
    order, home = np.random.default_rng(seed).permutation(len(ranks)), blocks_of(ranks, blocks)
    packs = []
    for block in range(blocks):
        mine = order[home[order] == block]
        packs += [
            (block, pack_arrays(ranks[m], vectors[m])) for m in np.split(mine, range(size, len(mine), size)) if len(m)
        ]
    plan = cells.SearchPlan.for_threshold(threshold)
    assign, join, ask = AssignCells(plan), FindCandidates(NearInCell(plan), blocks), RequestVectors(blocks)
    assign.start_bundle()
    placed = [out for element in packs for out in assign.process(element, [Batch([table])])]
    placed += [windowed.value for windowed in assign.finish_bundle()]
    candidates = grouped(out for element in grouped(placed).items() for out in join.process(element))
    asked = [out for element in candidates.items() for out in ask.process(element)]
    pairs = grouped(out.value for out in asked if isinstance(out, TaggedOutput))
    requests = grouped(out for out in asked if not isinstance(out, TaggedOutput))
    by_block = grouped(packs)
    fetched = grouped(
        out
        for block in range(blocks)
        for out in fetch_vectors(block, {"requests": requests[block], "vectors": by_block[block]})
    )
    edges = [
        out
        for place in pairs
        for out in check_pairs((place, {"pairs": pairs[place], "vectors": fetched[place]}), threshold)
    ]
    near = [pair for _, packed in edges for pair in zip(*map(list, unpack_verified(packed).near[:2]), strict=True)]
    decided: dict[int, tuple[int, float]] = {}
    for _, packed in choose((0, [packed for _, packed in edges]), PersonaLayout(blocks)) if edges else ():
        gone, kept, cosine = (column.tolist() for column in unpack_arrays(packed))
        decided.update(zip(gone, zip(kept, cosine, strict=True), strict=True))
    return decided, near


def chain(length: int, threshold: float, dimension: int = 384) -> StoredVectors:
    """Vectors of which each reaches the threshold with the next, and with no other."""
    rng = np.random.default_rng(length)
    link = threshold + 0.3 * (1 - threshold)  # whose square, the next but one's cosine, is less than the threshold
    rows = [rng.normal(size=dimension)]
    rows[0] /= np.linalg.norm(rows[0])
    while len(rows) < length:
        away = rng.normal(size=dimension)
        away -= away @ rows[-1] * rows[-1]
        rows.append(link * rows[-1] + np.sqrt(1 - link**2) * away / np.linalg.norm(away))
    return to_stored(np.array(rows, np.float32))


def ranks_for(rows: int) -> Ranks:
    return (np.arange(rows, dtype=np.uint64) * np.uint64((1 << 60) // rows)) | np.uint64(NEW)


@pytest.mark.parametrize("length", [10, 100, 1000])
@pytest.mark.parametrize("threshold", [0.6, 0.7, 0.9])
@pytest.mark.parametrize("order", ["along", "back", "shuffled"])
def test_on_a_chain_each_dropped_row_has_a_kept_neighbour_and_no_two_kept_are_near(
    length: int, threshold: float, order: str
) -> None:
    vectors = chain(length, threshold)
    turned = {"along": np.arange(length), "back": np.arange(length)[::-1]}
    vectors = vectors[turned.get(order, np.random.default_rng(1).permutation(length))]
    ranks = ranks_for(length)
    exact = vectors.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    truth = {int(ranks[row]): int(ranks[keeper]) for row, (keeper, _) in brute_force(vectors, threshold).items()}
    gone, kept, _ = keep_first(ranks, vectors, threshold)
    assert dict(zip(gone.tolist(), kept.tolist(), strict=True)) == truth
    decided, near = by_cells(ranks, vectors, threshold, table_of(ranks, vectors, max(1, length // 100)))
    assert len(decided) > 0.8 * len(truth) > 0.25 * length
    for row, (keeper, cosine) in decided.items():
        a, b = np.searchsorted(ranks, np.array([keeper, row], np.uint64))
        assert keeper not in decided
        assert a < b
        assert threshold <= cosine == pytest.approx(exact[a] @ exact[b])
    assert all(one in decided or other in decided for one, other in near)


@given(
    seed=st.integers(0, 5), order=st.integers(0, 1000), blocks=st.integers(1, 30), size=st.integers(1, ROWS),
    threshold=st.sampled_from([0.6, 0.75, 0.9, 0.99]),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_decisions_depend_on_neither_order_nor_blocks_nor_batches(
    seed: int, order: int, blocks: int, size: int, threshold: float
) -> None:
    ranks, vectors = planted(ROWS, seed)
    table = table_of(ranks, vectors)
    whole, near = by_cells(ranks, vectors, threshold, table)
    cut, again = by_cells(ranks, vectors, threshold, table, blocks, size, order)
    assert cut == whole
    assert sorted(again) == sorted(near)


def kept_again(seed: int, threshold: float) -> tuple[int, int]:
    """(rows that are kept, those of them that a second run would drop)."""
    ranks, vectors = planted(ROWS, seed)
    table = table_of(ranks, vectors)
    gone, _ = by_cells(ranks, vectors, threshold, table)
    kept = ~np.isin(ranks, np.array(sorted(gone), np.uint64))
    return int(kept.sum()), len(by_cells(ranks[kept], vectors[kept], threshold, table)[0])


@given(seed=st.integers(0, 50), threshold=st.sampled_from([0.6, 0.75, 0.9]))
@settings(max_examples=15, deadline=None)
def test_what_is_kept_is_kept_again(seed: int, threshold: float) -> None:
    with mock.patch.multiple(sketches, NEIGHBOURS=ROWS, TWIN_NEIGHBOURS=ROWS):
        assert kept_again(seed, threshold)[1] == 0


def test_where_a_row_has_too_many_neighbours_for_all_to_be_named_nearly_all_is_kept_again() -> None:
    kept, gone = np.sum([kept_again(seed, 0.6) for seed in range(8)], axis=0)
    assert gone <= 0.01 * kept


@pytest.mark.parametrize("products", [1 << 8, 1 << 20])
def test_decisions_are_the_same_for_other_blocks_of_products(monkeypatch: pytest.MonkeyPatch, products: int) -> None:
    ranks, vectors = planted(ROWS)
    whole = by_cells(ranks, vectors, 0.7, table_of(ranks, vectors))
    monkeypatch.setattr(sketches, "PRODUCTS_AT_ONCE", products)
    monkeypatch.setattr(sketches, "MOST_BLOCK_ROWS", products >> 7)
    monkeypatch.setattr(cells, "ASSIGNED_ROWS", products >> 5)
    for module, name in (("kmeans", "BLOCK_ROWS"), ("float16", "PAIRS_AT_ONCE")):
        monkeypatch.setattr(f"persona_hub.transforms.vectors.{module}.{name}", 7 + (products >> 12))
    assert by_cells(ranks, vectors, 0.7, table_of(ranks, vectors)) == whole


def test_of_vectors_only_those_are_sent_that_are_asked_for() -> None:
    ranks, vectors = planted(20)
    packs = [pack_arrays(ranks[:7], vectors[:7]), pack_arrays(ranks[7:], vectors[7:])]
    wanted = ranks[[2, 3, 9]]
    [(place, sent)] = fetch_vectors(0, {"requests": [pack_arrays(wanted, np.array([5, 5, 5]))], "vectors": packs})
    assert place == 5
    assert [side.tolist() for side in unpack_arrays(sent)] == [wanted.tolist(), vectors[[2, 3, 9]].tolist()]
    assert list(fetch_vectors(0, {"requests": [], "vectors": packs})) == []
    assert positions_in(wanted, ranks[[0, 2, 9, 19]]).tolist() == [-1, 0, 2, -1]
