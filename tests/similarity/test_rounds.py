"""Rounds: many homes keep whom one place keeps, whatever the number of homes and rounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.similarity.arrays import groups
from persona_hub.transforms.similarity.dense import Ball
from persona_hub.transforms.similarity.join import Edges, Found
from persona_hub.transforms.similarity.representatives import NEW, decide
from persona_hub.transforms.similarity.rounds import (
    GONE,
    TO_EARLIER,
    TO_LATER,
    Notes,
    at_both_ends,
    flag,
    left_open,
    members_of,
    of_ball,
    roots,
    settle,
    shrink,
)

ROWS = 14


def by_home(notes: Notes, homes: int) -> list[Notes]:
    return [notes.take(rows) for _, rows in groups(notes.homes(homes))]


def in_rounds(found: Found, homes: int, rounds: int) -> tuple[Edges, Edges, list[Ball]]:
    """(decided in rounds, edges and balls left for the last place)."""
    balls, decided = found.balls, [Edges.join([])]
    notes = Notes.join([at_both_ends(found.near), *map(members_of, balls), *map(of_ball, balls)])
    for _ in range(rounds):
        told = Notes.join([flag(home) for home in by_home(notes, homes)])
        settled = [settle(home) for home in by_home(told, homes)]
        notes = Notes.join([heard for heard, _ in settled])
        balls = [less for ball in balls if (less := shrink(ball, notes.each(GONE).first))]
        notes = Notes.join([notes.take(notes.kind != GONE), *map(of_ball, balls)])
        decided += [edges for _, edges in settled]
    return Edges(*(np.concatenate(column) for column in zip(*decided, strict=True))), left_open(notes), balls


def edges_of(pairs: list[tuple[int, int]], ranks: np.ndarray | None = None) -> Edges:
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    rows = np.arange(ends.max(initial=0) + 1).astype(np.uint64) + NEW if ranks is None else ranks
    return Edges(rows[ends[:, 0]], rows[ends[:, 1]], np.full(len(ends), 0.9))


@st.composite
def graphs(draw: st.DrawFn) -> Found:
    """Edges among a few rows, some of them held by a hub, some found twice; and balls."""
    held = draw(st.integers(0, 3))
    ranks = np.arange(ROWS).astype(np.uint64) + np.where(np.arange(ROWS) < held, np.uint64(0), NEW)
    ends = st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)).filter(lambda e: e[0] < e[1])
    balls = []
    for _ in range(draw(st.integers(0, 2))):
        rows = np.array(sorted(draw(st.sets(st.integers(0, ROWS - 1), min_size=2, max_size=8))))
        weight = np.array(draw(st.lists(st.integers(-3, 3), min_size=len(rows), max_size=len(rows))))
        balls.append(Ball(ranks[rows], weight, np.full(len(rows), 0.95)))
    return Found(edges_of(draw(st.lists(ends, max_size=40)), ranks), Edges.join([]), balls)


@settings(max_examples=400, deadline=None)
@given(graphs(), st.integers(1, 5), st.integers(1, 4))
def test_rounds_and_a_last_place_keep_whom_one_place_keeps(found: Found, homes: int, rounds: int) -> None:
    decided, left, balls = in_rounds(found, homes, rounds)
    kept, dropped, _ = decide(*left, balls)
    gone = np.concatenate([decided.second, dropped])
    assert len(np.unique(gone)) == len(gone), "a row is decided once"
    assert set(gone.tolist()) == set(decide(*found.near, found.balls)[1].tolist())
    near = set(zip(found.near.first.tolist(), found.near.second.tolist(), strict=True))
    for ball in found.balls:
        both = np.triu(ball.weight[:, None] + ball.weight <= 0, 1)
        near |= {(int(ball.rank[i]), int(ball.rank[j])) for i, j in zip(*np.nonzero(both), strict=True)}
    for keeper, row in zip(np.concatenate([decided.first, kept]).tolist(), gone.tolist(), strict=True):
        assert (keeper, row) in near
        assert keeper not in gone


@settings(max_examples=50, deadline=None)
@given(graphs(), st.integers(2, 5))
def test_a_round_does_not_depend_on_the_homes(found: Found, homes: int) -> None:
    one, many = (in_rounds(found, n, 2)[0] for n in (1, homes))
    pairs = [sorted(zip(each.first.tolist(), each.second.tolist(), strict=True)) for each in (one, many)]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize("length", [10, 1000])
def test_a_chain_is_settled_from_its_beginning_and_the_rest_is_left(length: int) -> None:
    found = Found(edges_of([(i, i + 1) for i in range(length - 1)]), Edges.join([]), [])
    decided, left, _ = in_rounds(found, 4, 3)
    assert (decided.second - NEW).tolist() == [1, 3, 5]
    assert (decided.first - NEW).tolist() == [0, 2, 4]
    assert sorted((left.second - NEW).tolist()) == list(range(7, length))
    assert sorted((decide(*left)[1] - NEW).tolist()) == list(range(7, length, 2))


def test_few_rows_stay_open_after_three_rounds() -> None:
    """Clusters as texts make them: a first row, rows near it, some of them near each other; and a large ball."""
    random = np.random.RandomState(0)
    first = np.repeat(np.arange(0, 30_000, 10), 4)
    among = first + random.randint(1, 9, len(first))
    pairs = {*zip(first.tolist(), (first + random.randint(1, 10, len(first))).tolist(), strict=True)}
    pairs |= {*zip(among.tolist(), (among + 1).tolist(), strict=True)}
    rank = np.arange(40_000, 60_000).astype(np.uint64) + NEW
    ball = Ball(rank, random.randint(-10, 8, len(rank)), np.full(len(rank), 0.9))
    decided, left, balls = in_rounds(Found(edges_of(sorted(pairs)), Edges.join([]), [ball]), 8, 3)
    assert len(decided.first) > 15_000
    assert len(left.first) < 100
    assert sum(len(ball.rank) for ball in balls) < 100


def test_each_equal_goes_to_the_first_of_its_like() -> None:
    rows = np.arange(10).astype(np.uint64) + NEW
    edges = Notes.of(TO_LATER, rows[[0, 0, 3, 5]], rows[[3, 3, 4, 6]])  # 4 equals 3 equals 0; 6 equals 5
    told = [roots(home) for home in by_home(Notes.join([edges, edges.again(TO_EARLIER)]), 3)]
    pairs = {(int(a - NEW), int(b - NEW)) for notes in told for a, b in zip(notes.first, notes.second, strict=True)}
    assert pairs == {(0, 3), (0, 4), (5, 6)}
