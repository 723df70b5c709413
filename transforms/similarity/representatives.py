"""Representatives: of rows that are duplicates of each other, which are kept.

A row is kept unless an earlier-ranked **kept** one is within the threshold. So every dropped row has a kept neighbour
and no two kept ones are neighbours, on any chain of neighbours (a-b, b-c, but not a-c: b is dropped, a and c are kept),
which connected components would fold into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from transforms.similarity.arrays import runs
from transforms.similarity.dense import Ball

NEW = np.uint64(1 << 63)  # a rank below it belongs to what a hub already holds, which stays whatever its neighbours
ROUNDS = 20  # on all rows at once; of 200,000 rows 8 are left after four. Long chains are then walked row by row

Numbers = npt.NDArray[Any]


def decide(
    first: Numbers, second: Numbers, similarity: Numbers, balls: Sequence[Ball] = ()
) -> tuple[Numbers, Numbers, Numbers]:
    """Edges between ranks, and balls -> (kept, dropped, similarity), each dropped rank once.

    `kept` is the earliest kept neighbour by an edge, else one by a ball, whose similarity is then NaN unless it is the
    ball's first row.
    """
    ranks, ends = np.unique(
        np.concatenate([np.minimum(first, second), np.maximum(first, second), *(ball.rank for ball in balls)]),
        return_inverse=True,
    )
    a, b, members = np.split(ends, [len(first), 2 * len(first)])
    kept, dropped = ranks < NEW, np.zeros(len(ranks), bool)
    balled = np.zeros(len(ranks), bool)
    balled[members] = True
    live = np.flatnonzero(~kept[b])
    for _ in range(ROUNDS):
        dropped[b[live][kept[a[live]]]] = True
        live = live[~dropped[a[live]] & ~dropped[b[live]]]
        waiting = balled.copy()
        waiting[b[live]] = True
        settled = ~(kept | dropped | waiting)
        if not settled.any():
            break
        kept |= settled
    parts = np.split(members, np.cumsum([len(ball.rank) for ball in balls]))[: len(balls)]
    by_ball = walk(a[live], b[live], kept, dropped, parts, balls)
    edges = np.flatnonzero(kept[a] & dropped[b])
    edges = edges[np.lexsort((a[edges], b[edges]))]
    edges = edges[np.unique(b[edges], return_index=True)[1]]
    named = set(b[edges].tolist())
    rest = [(keeper, row, near) for row, (keeper, near) in by_ball.items() if row not in named]
    keepers, rows, nearness = zip(*rest, strict=True) if rest else ((), (), ())
    return (
        ranks[np.concatenate([a[edges], np.array(keepers, np.intp)])],
        ranks[np.concatenate([b[edges], np.array(rows, np.intp)])],
        np.concatenate([similarity[edges], np.array(nearness, similarity.dtype)]),
    )


def walk(
    a: Numbers, b: Numbers, kept: Numbers, dropped: Numbers, members: list[Numbers], balls: Sequence[Ball]
) -> dict[int, tuple[int, float]]:
    """Decides, in order of rank, all rows that are still open: linear in edges and balls' rows, a microsecond each.

    Sets `kept` and `dropped`; returns {row: (kept row, similarity)} of those that a ball dropped.
    """
    rows = np.flatnonzero(~(kept | dropped)).tolist()
    if not rows:
        return {}
    order = np.argsort(b, kind="stable")
    begin, length = runs(b[order])
    into = {
        int(b[order[i]]): a[order[i : i + n]].tolist() for i, n in zip(begin.tolist(), length.tolist(), strict=True)
    }
    inside: dict[int, list[tuple[int, int, float]]] = {}
    lightest: list[tuple[int, int]] = [(1 << 62, -1)] * len(balls)  # weight and row of the kept row with most reach
    for number, (ball, rows_of_ball) in enumerate(zip(balls, members, strict=True)):
        columns = (rows_of_ball.tolist(), ball.weight.tolist(), ball.similarity.tolist())
        for row, weight, near in zip(*columns, strict=True):
            inside.setdefault(row, []).append((number, weight, near))
            if kept[row]:
                lightest[number] = min(lightest[number], (weight, row))
    firsts = [int(rows_of_ball[0]) for rows_of_ball in members]
    by_ball: dict[int, tuple[int, float]] = {}
    for row in rows:
        if any(kept[neighbour] for neighbour in into.get(row, ())):
            dropped[row] = True
            continue
        for number, weight, near in inside.get(row, ()):
            reach, keeper = lightest[number]
            if reach + weight <= 0:
                dropped[row] = True
                by_ball[row] = (keeper, near if keeper == firsts[number] else float("nan"))
                break
        else:
            kept[row] = True
            for number, weight, _ in inside.get(row, ()):
                lightest[number] = min(lightest[number], (weight, row))
    return by_ball


def follow(
    leader: Numbers, follower: Numbers, kept: Numbers, dropped: Numbers, similarity: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """`decide`'s answer, and that for the equals of rows: each follower goes where its leader went, or to its leader.

    A leader may follow an earlier one.
    """
    rows, ends = np.unique(np.concatenate([leader, follower]), return_inverse=True)
    first = np.arange(len(rows))
    np.minimum.at(first, ends[len(leader) :], ends[: len(leader)])
    while (first[first] != first).any():
        first = first[first]
    mine = np.flatnonzero((first != np.arange(len(rows))) & (rows >= NEW))
    heads = rows[first[mine]]
    order = np.argsort(dropped)
    at = order[np.minimum(np.searchsorted(dropped, heads, sorter=order), len(dropped) - 1)] if len(dropped) else order
    goes = dropped[at] == heads if len(dropped) else np.zeros(len(heads), bool)
    keeper, near = heads.copy(), np.ones(len(heads), similarity.dtype)
    if len(dropped):
        keeper[goes], near[goes] = kept[at[goes]], similarity[at[goes]]
    return (
        np.concatenate([kept, keeper]),
        np.concatenate([dropped, rows[mine]]),
        np.concatenate([similarity, near]),
    )


def later_in(ball: Ball) -> Numbers:
    """The ranks of a ball that have an earlier neighbour in it."""
    lightest = np.minimum.accumulate(ball.weight)
    return ball.rank[1:][lightest[:-1] + ball.weight[1:] <= 0]
