"""Representatives: the earliest stays, on any chain; implicit edges say the same as all the edges they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.similarity import bitwise, dense, representatives
from persona_hub.transforms.similarity.edges import Edges, VerifiedEdges
from persona_hub.transforms.similarity.jaccard import Threshold
from persona_hub.transforms.similarity.join import GroupedSets, verify_groups
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.similarity.representatives import Decisions, decide, extend_to_equals, later_rows
from persona_hub.transforms.similarity.shingles import TokenSets


def greedy(rows: int, edges: set[tuple[int, int]]) -> set[int]:
    kept: set[int] = set()
    for row in range(rows):
        if not any((other, row) in edges or (row, other) in edges for other in kept):
            kept.add(row)
    return kept


def edges_of(edges: set[tuple[int, int]]) -> Edges:
    pairs = np.array(sorted(edges), np.uint64).reshape(-1, 2) + NEW
    return Edges(pairs[:, 0], pairs[:, 1], np.full(len(pairs), 0.9))


@given(st.sets(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda e: e[0] != e[1]), max_size=40))
def test_kept_are_those_of_going_through_the_rows_in_order(edges: set[tuple[int, int]]) -> None:
    dropped, kept, _ = decide(edges_of(edges))
    assert set((dropped - NEW).tolist()) == set(range(13)) - greedy(13, edges)
    for keeper, row in zip((kept - NEW).tolist(), (dropped - NEW).tolist(), strict=True):
        assert keeper < row
        assert (keeper, row) in edges or (row, keeper) in edges


@pytest.mark.parametrize("length", [10, 100, 1000, 50_000])
def test_on_a_chain_every_other_row_stays(length: int) -> None:
    dropped, kept, _ = decide(edges_of({(i, i + 1) for i in range(length - 1)}))
    assert set((dropped - NEW).tolist()) == set(range(1, length, 2))
    assert set((kept - NEW).tolist()) == set(range(0, length - 1, 2))


def test_what_is_held_already_stays_even_beside_its_like() -> None:
    held = np.array([1, 2, 1], np.uint64)
    other = np.array([2, 7, 9], np.uint64) + np.array([0, NEW, NEW], np.uint64)
    dropped, kept, _ = decide(Edges(held, other, np.ones(3)))
    assert dict(zip((dropped - NEW).tolist(), kept.tolist(), strict=True)) == {7: 2, 9: 1}


def test_equals_go_where_the_first_of_them_goes() -> None:
    rows = np.array([1, 2, 3, 4, 5, 6], np.uint64) + NEW
    decided = Decisions(rows[1:2], rows[:1], np.array([0.95]))  # 2 is dropped for 1
    equal = Edges(rows[[1, 2, 4]], rows[[2, 3, 5]], np.ones(3))  # 3 equals 2, 4 equals 3, 6 equals 5
    dropped, kept, near = extend_to_equals(equal, decided)
    found = {int(d - NEW): (int(k - NEW), s) for d, k, s in zip(dropped, kept, near, strict=True)}
    assert found == {2: (1, 0.95), 3: (1, 0.95), 4: (1, 0.95), 6: (5, 1.0)}


BASE = list(range(100, 124))


@st.composite
def clusters(draw: st.DrawFn) -> list[frozenset[int]]:
    """Variants of one set, as templates make them: the same words but for a few slots."""
    rows = []
    for _ in range(draw(st.integers(2, 60))):
        words = set(BASE[: draw(st.sampled_from([24, 24, 22]))])
        for _ in range(draw(st.integers(0, 3))):
            words.discard(draw(st.sampled_from(BASE)))
        words |= draw(st.sets(st.integers(0, 12), max_size=3))
        rows.append(frozenset(words))
    return rows


def find(
    rows: list[frozenset[int]], threshold: Threshold, words: int = bitwise.MOST_WORDS, least: int = 2
) -> VerifiedEdges:
    """As one group; over `words`, it goes through `dense`, in groups of `least`."""
    size = np.array([len(row) for row in rows])
    tokens = np.array([token for row in rows for token in sorted(row)], np.uint32)
    ranks = np.arange(len(rows)).astype(np.uint64) + NEW
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dense, "ALL_PAIRS_ROWS", least)
        patch.setattr(bitwise, "MOST_WORDS", words)
        patch.setattr(bitwise, "LEAST_IMPLICIT", least)
        sets = GroupedSets.of(np.zeros(len(rows), np.uint64), ranks, TokenSets(tokens, size))
        return verify_groups(sets, threshold)


LIMITS = st.tuples(st.sampled_from([2, 2048]), st.sampled_from([2, 4, 64]), st.sampled_from([0, 1, 20]))


@settings(max_examples=150, deadline=None)
@given(clusters(), st.sampled_from([0.7, 0.8, 0.9, 0.95]), LIMITS)
def test_a_group_is_decided_as_by_all_its_pairs(
    rows: list[frozenset[int]], threshold: float, limits: tuple[int, int, int]
) -> None:
    words, least, sweeps = limits
    exact = Threshold.of(threshold)
    edges = {
        (i, j)
        for j in range(len(rows))
        for i in range(j)
        if len(rows[i] & rows[j]) * exact.q >= len(rows[i] | rows[j]) * exact.p
    }
    found = find(rows, exact, words, least)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(representatives, "SWEEPS", sweeps)
        dropped, kept, near = extend_to_equals(found.equal, decide(found.near, found.implicit))
    assert set(range(len(rows))) - set((dropped - NEW).tolist()) == greedy(len(rows), edges)
    for keeper, row, similarity in zip((kept - NEW).tolist(), (dropped - NEW).tolist(), near, strict=True):
        assert (keeper, row) in edges
        true = len(rows[keeper] & rows[row]) / len(rows[keeper] | rows[row])
        assert np.isnan(similarity) or similarity == pytest.approx(true)
    later = {*(found.near.second - NEW).tolist(), *(found.equal.second - NEW).tolist()}
    later |= {row for each in found.implicit for row in (later_rows(each) - NEW).tolist()}
    assert later == {j for _, j in edges}


def test_a_template_with_one_slot_implies_its_pairs_and_lists_none() -> None:
    rows = [frozenset([*BASE, 1000 + i]) for i in range(20_000)]
    found = find(rows, Threshold.of(0.9), least=64)
    assert len(found.near.first) == 0
    assert [len(each.rank) for each in found.implicit] == [20_000]
    dropped, kept, near = decide(found.near, found.implicit)
    assert set((kept - NEW).tolist()) == {0}
    assert len(dropped) == 19_999
    np.testing.assert_allclose(near, 24 / 26)
