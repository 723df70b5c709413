"""Rounds: many partitions keep what one place keeps, whatever the number of partitions and rounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.similarity.edges import Edges, ImplicitEdges, VerifiedEdges
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.similarity.representatives import Decisions, decide
from persona_hub.transforms.similarity.rounds import (
    Announcements,
    OpenEdges,
    announce,
    at_both_ends,
    by_partition_of_row,
    columns_of,
    first_of_equals,
    from_columns,
    join_messages,
    left_open,
    members_of,
    settle,
    shrink,
    told_by,
)

ROWS = 14
NO_MESSAGES = OpenEdges.none()


def in_rounds(found: VerifiedEdges, partitions: int, rounds: int) -> tuple[Decisions, Edges, list[ImplicitEdges]]:
    """(decided in rounds, edges and implicit edges left for the last place)."""
    implicit, decided = found.implicit, [Decisions.none()]
    told = join_messages([at_both_ends(found.near), *map(members_of, implicit), *map(told_by, implicit)], NO_MESSAGES)
    for _ in range(rounds):
        announced = [announce(each) for _, each in by_partition_of_row(told, partitions)]
        heard = by_partition_of_row(join_messages(announced, Announcements.none()), partitions)
        settled = [settle(each) for _, each in heard]
        gone = np.concatenate([np.empty(0, np.uint64), *(each.departures.rank for each in settled)])
        implicit = [less for each in implicit if (less := shrink(each, gone))]
        told = join_messages([*(each.open for each in settled), *map(told_by, implicit)], NO_MESSAGES)
        decided += [each.decisions for each in settled]
    return Decisions(*map(np.concatenate, zip(*decided, strict=True))), left_open(told), implicit


def edges_of(pairs: list[tuple[int, int]], ranks: np.ndarray | None = None) -> Edges:
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    rows = np.arange(ends.max(initial=0) + 1).astype(np.uint64) + NEW if ranks is None else ranks
    return Edges(rows[ends[:, 0]], rows[ends[:, 1]], np.full(len(ends), 0.9))


@st.composite
def graphs(draw: st.DrawFn) -> VerifiedEdges:
    """Edges among a few rows, some of them held by a hub, some found twice; and implicit edges."""
    held = draw(st.integers(0, 3))
    ranks = np.arange(ROWS).astype(np.uint64) + np.where(np.arange(ROWS) < held, np.uint64(0), NEW)
    ends = st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)).filter(lambda e: e[0] < e[1])
    implicit = []
    for _ in range(draw(st.integers(0, 2))):
        rows = np.array(sorted(draw(st.sets(st.integers(0, ROWS - 1), min_size=2, max_size=8))))
        weight = np.array(draw(st.lists(st.integers(-3, 3), min_size=len(rows), max_size=len(rows))))
        implicit.append(ImplicitEdges(ranks[rows], weight, np.full(len(rows), 0.95)))
    return VerifiedEdges(edges_of(draw(st.lists(ends, max_size=40)), ranks), Edges.none(), implicit)


@settings(max_examples=400, deadline=None)
@given(graphs(), st.integers(1, 5), st.integers(1, 4))
def test_rounds_and_a_last_place_keep_what_one_place_keeps(found: VerifiedEdges, partitions: int, rounds: int) -> None:
    decided, left, implicit = in_rounds(found, partitions, rounds)
    dropped, kept, _ = decide(left, implicit)
    gone = np.concatenate([decided.dropped, dropped])
    assert len(np.unique(gone)) == len(gone), "a row is decided once"
    assert set(gone.tolist()) == set(decide(found.near, found.implicit).dropped.tolist())
    near = set(zip(found.near.first.tolist(), found.near.second.tolist(), strict=True))
    for each in found.implicit:
        both = np.triu(each.weight[:, None] + each.weight <= 0, 1)
        near |= {(int(each.rank[i]), int(each.rank[j])) for i, j in zip(*np.nonzero(both), strict=True)}
    for keeper, row in zip(np.concatenate([decided.kept, kept]).tolist(), gone.tolist(), strict=True):
        assert (keeper, row) in near
        assert keeper not in gone


@settings(max_examples=50, deadline=None)
@given(graphs(), st.integers(2, 5))
def test_a_round_does_not_depend_on_the_partitions(found: VerifiedEdges, partitions: int) -> None:
    one, many = (in_rounds(found, n, 2)[0] for n in (1, partitions))
    pairs = [sorted(zip(each.kept.tolist(), each.dropped.tolist(), strict=True)) for each in (one, many)]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize("length", [10, 1000])
def test_a_chain_is_settled_from_its_beginning_and_the_rest_is_left(length: int) -> None:
    found = VerifiedEdges(edges_of([(i, i + 1) for i in range(length - 1)]), Edges.none(), [])
    decided, left, _ = in_rounds(found, 4, 3)
    assert (decided.dropped - NEW).tolist() == [1, 3, 5]
    assert (decided.kept - NEW).tolist() == [0, 2, 4]
    assert sorted((left.second - NEW).tolist()) == list(range(7, length))
    assert sorted((decide(left).dropped - NEW).tolist()) == list(range(7, length, 2))


def test_few_rows_stay_open_after_three_rounds() -> None:
    """Clusters as texts make them: a first row, rows near it, some near each other; and many implicit edges."""
    random = np.random.RandomState(0)
    first = np.repeat(np.arange(0, 30_000, 10), 4)
    among = first + random.randint(1, 9, len(first))
    pairs = {*zip(first.tolist(), (first + random.randint(1, 10, len(first))).tolist(), strict=True)}
    pairs |= {*zip(among.tolist(), (among + 1).tolist(), strict=True)}
    rank = np.arange(40_000, 60_000).astype(np.uint64) + NEW
    large = ImplicitEdges(rank, random.randint(-10, 8, len(rank)), np.full(len(rank), 0.9))
    decided, left, implicit = in_rounds(VerifiedEdges(edges_of(sorted(pairs)), Edges.none(), [large]), 8, 3)
    assert len(decided.dropped) > 15_000
    assert len(left.first) < 100
    assert sum(len(each.rank) for each in implicit) < 100


def test_each_equal_goes_to_the_first_of_its_like() -> None:
    rows = np.arange(10).astype(np.uint64) + NEW
    edges = Edges(rows[[0, 0, 3, 5]], rows[[3, 3, 4, 6]], np.ones(4))  # 4 equals 3 equals 0; 6 equals 5
    told = by_partition_of_row(NO_MESSAGES._replace(at_later=edges, at_earlier=edges), 3)
    found = [first_of_equals(each) for _, each in told]
    pairs = {(int(a - NEW), int(b - NEW)) for each in found for a, b in zip(each.first, each.second, strict=True)}
    assert pairs == {(0, 3), (0, 4), (5, 6)}


# ---- the example of the module


def pairs_of(edges: Edges) -> list[str]:
    return [f"{a - NEW}-{b - NEW}" for a, b in sorted(zip(edges.first.tolist(), edges.second.tolist(), strict=True))]


def test_two_rounds_over_a_chain_of_four_go_as_the_example_says() -> None:
    told = at_both_ends(edges_of([(1, 2), (2, 3), (3, 4)]))
    announced = announce(told)
    assert pairs_of(announced.from_kept) == ["1-2"]
    assert pairs_of(announced.from_open) == pairs_of(announced.at_earlier) == ["2-3", "3-4"]
    settled = [settle(each) for _, each in by_partition_of_row(announced, 64)]  # a row in a partition of its own
    told = join_messages([each.open for each in settled], NO_MESSAGES)
    assert [(int(d - NEW), int(k - NEW)) for s in settled for d, k in zip(*s.decisions[:2], strict=True)] == [(2, 1)]
    assert pairs_of(told.at_earlier) == ["2-3", "3-4"]
    assert pairs_of(told.at_later) == ["3-4"]
    assert (told.dropped.rank - NEW).tolist() == [2]
    announced = join_messages([announce(each) for _, each in by_partition_of_row(told, 64)], Announcements.none())
    assert [pairs_of(edges) for edges in announced[:3]] == [["3-4"], [], []]
    last = settle(announced)
    assert (last.decisions.dropped - NEW).tolist() == [4]
    assert not any(len(column) for column in columns_of(last.open))


def test_implicit_edges_block_a_row_and_name_one_edge() -> None:
    rank = np.arange(5, 9).astype(np.uint64) + NEW
    told = told_by(ImplicitEdges(rank, np.array([3, 1, 2, -2]), np.ones(4)))
    assert (told.blocked.rank - NEW).tolist() == [8]
    assert pairs_of(told.at_later) == pairs_of(told.at_earlier) == ["6-8"]


def test_messages_come_back_from_their_columns() -> None:
    told = at_both_ends(edges_of([(1, 2)]))
    assert columns_of(from_columns(columns_of(told), NO_MESSAGES)) == columns_of(told)
