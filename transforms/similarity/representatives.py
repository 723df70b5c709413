"""Representatives: of rows that are duplicates of each other, which are kept.

A row is kept unless an earlier-ranked **kept** one is within the threshold. So every dropped row has a kept neighbour
and no two kept ones are neighbours, on any chain of neighbours (a-b, b-c, but not a-c: b is dropped, a and c are kept),
which connected components would fold into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.similarity.arrays import I64, runs
from persona_hub.transforms.similarity.dense import Ball

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
    inside = Members.of(members, balls)
    kept, dropped = ranks < NEW, np.zeros(len(ranks), bool)
    live = np.flatnonzero(~kept[b])
    for _ in range(ROUNDS):
        dropped[b[live][kept[a[live]]]] = True
        dropped[inside.after(kept)] = True
        dropped &= ranks >= NEW
        live = live[~dropped[a[live]] & ~dropped[b[live]]]
        settled = ~(kept | dropped)
        settled[b[live]] = False
        settled[inside.after(~dropped)] = False
        if not settled.any():
            break
        kept |= settled
    walk(a[live], b[live], kept, dropped, inside)
    edges = np.flatnonzero(kept[a] & dropped[b])
    edges = edges[np.lexsort((a[edges], b[edges]))]
    edges = edges[runs(b[edges])[0]]
    nameless = dropped.copy()
    nameless[b[edges]] = False
    rows, keepers, nearness = inside.keepers(kept, nameless)
    return (
        ranks[np.concatenate([a[edges], keepers])],
        ranks[np.concatenate([b[edges], rows])],
        np.concatenate([similarity[edges], nearness]),
    )


class Members(NamedTuple):
    """The rows of all balls, one ball after another, ascending in each."""

    row: Numbers
    ball: Numbers
    weight: Numbers
    similarity: Numbers
    first: Numbers  # whether it is the first of its ball

    @classmethod
    def of(cls, rows: Numbers, balls: Sequence[Ball]) -> Members:
        """`rows` are the numbers of the balls' ranks."""
        ball = np.repeat(np.arange(len(balls)), [len(each.rank) for each in balls])
        weight = np.concatenate([np.empty(0, I64), *(each.weight for each in balls)])
        similarity = np.concatenate([np.empty(0), *(each.similarity for each in balls)])
        return cls(rows, ball, weight, similarity, np.diff(ball, prepend=-1) > 0)

    def lightest(self, chosen: Numbers) -> tuple[Numbers, Numbers]:
        """For each member, of the chosen rows before it in its ball: (the least weight, its place among members).

        In one pass over all balls: each lies deeper than the one before it by more than weights differ.
        """
        none = int(np.abs(self.weight).max(initial=0)) + 1  # heavier than all
        depth = self.ball * (2 * none)
        weight = np.where(chosen[self.row], self.weight, none) - depth
        before = np.where(self.first, none - depth, np.concatenate([weight[:1], weight[:-1]]))
        least = np.minimum.accumulate(before)
        place = np.arange(len(weight))
        new = np.concatenate([place[:1] == 0, least[1:] < least[:-1]])
        return least + depth, np.maximum.accumulate(np.where(new, place - 1, 0))

    def after(self, chosen: Numbers) -> Numbers:
        """The rows that a chosen one before them is near to."""
        return self.row[self.lightest(chosen)[0] + self.weight <= 0]

    def keepers(self, kept: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """(rows, a kept row near each, similarity or NaN) of those wanted that a kept row before them is near to."""
        weight, place = self.lightest(kept)
        at = np.flatnonzero(wanted[self.row] & (weight + self.weight <= 0))
        at = at[np.lexsort((self.row[place[at]], self.row[at]))]
        at = at[runs(self.row[at])[0]]
        place = place[at]
        return self.row[at], self.row[place], np.where(self.first[place], self.similarity[at], np.nan)


def walk(a: Numbers, b: Numbers, kept: Numbers, dropped: Numbers, inside: Members) -> None:
    """Decides, in order of rank, all rows that are still open, in `kept` and `dropped`: some microseconds each."""
    rows = np.flatnonzero(~(kept | dropped)).tolist()
    if not rows:
        return
    into: dict[int, list[int]] = {row: [] for row in rows}
    for one, other in zip(a.tolist(), b.tolist(), strict=True):
        into[other].append(one)
    places: dict[int, list[int]] = {row: [] for row in rows}
    for place in np.flatnonzero(np.isin(inside.row, rows)).tolist():
        places[int(inside.row[place])].append(place)
    begin = np.searchsorted(inside.ball, np.arange(inside.ball.max(initial=0) + 2))
    seen = begin.tolist()  # members of each ball that have been looked at, and
    least = [1 << 62] * len(seen)  # the least weight of the kept ones among them
    for row in rows:
        near = any(kept[neighbour] for neighbour in into[row])
        for place in places[row]:
            ball, weight = int(inside.ball[place]), int(inside.weight[place])
            while seen[ball] < place:
                if kept[inside.row[seen[ball]]]:
                    least[ball] = min(least[ball], int(inside.weight[seen[ball]]))
                seen[ball] += 1
            near = near or least[ball] + weight <= 0
        (dropped if near else kept)[row] = True


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
