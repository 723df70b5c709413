"""Representatives: of rows that are duplicates of each other, which are kept.

A row is kept unless an earlier-ranked **kept** one is within the threshold. So every dropped row has a kept neighbour,
its representative, and no two kept ones are neighbours, on any chain of neighbours. Of a-b, b-c, but not a-c, b is
dropped and a and c are kept; connected components would merge the three into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from persona_hub.transforms.similarity.arrays import I64, U64, Numbers, runs
from persona_hub.transforms.similarity.edges import Edges, ImplicitEdges
from persona_hub.transforms.similarity.ranks import NEW

SWEEPS = 20  # over all rows at once; of 200,000 rows 8 are left after four. Long chains are then walked row by row


class Decisions(NamedTuple):
    """Ranks that are dropped, each once, and for each the kept rank that represents it and their similarity."""

    dropped: Numbers
    kept: Numbers
    similarity: Numbers  # NaN where it was not computed

    @classmethod
    def none(cls) -> Decisions:
        """Nothing is dropped."""
        return cls(np.empty(0, U64), np.empty(0, U64), np.empty(0, np.float64))


def decide(edges: Edges, implicit: Sequence[ImplicitEdges] = ()) -> Decisions:
    """Which rows are dropped, given all edges between them. Ranks under `NEW` are held by a hub, and always kept.

    The representative is the earliest kept neighbour by a listed edge, else one by an implicit edge; then the
    similarity is NaN, unless the representative is the first row of those.

    Of the edges 1-2, 2-3, 3-4 (ranks, all new): 1 has no earlier neighbour and is kept; in the next sweep 2 is dropped
    for 1, so that 3 has no earlier neighbour left and is kept; then 4 is dropped for 3.
    """
    first, second, similarity = edges
    ranks, ends = np.unique(
        np.concatenate([np.minimum(first, second), np.maximum(first, second), *(each.rank for each in implicit)]),
        return_inverse=True,
    )
    a, b, members = np.split(ends, [len(first), 2 * len(first)])
    inside = ImplicitMembers.of(members, implicit)
    kept, dropped = sweep(ranks, a, b, inside)
    listed = np.flatnonzero(kept[a] & dropped[b])
    listed = listed[np.lexsort((a[listed], b[listed]))]
    listed = listed[runs(b[listed])[0]]
    unrepresented = dropped.copy()
    unrepresented[b[listed]] = False
    rows, representatives, nearness = inside.representatives(kept, unrepresented)
    return Decisions(
        ranks[np.concatenate([b[listed], rows])],
        ranks[np.concatenate([a[listed], representatives])],
        np.concatenate([similarity[listed], nearness]),
    )


def sweep(ranks: Numbers, a: Numbers, b: Numbers, inside: ImplicitMembers) -> tuple[Numbers, Numbers]:
    """(whether each of `ranks` is kept, whether it is dropped), for edges between the rows a[i] < b[i]."""
    kept, dropped = ranks < NEW, np.zeros(len(ranks), bool)
    live = np.flatnonzero(~kept[b])  # edges between rows that may both be kept yet
    for _ in range(SWEEPS):
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
    decide_in_order(a[live], b[live], kept, dropped, inside)
    return kept, dropped


class ImplicitMembers(NamedTuple):
    """The rows of all implicit edges, one set of them after another, ascending in each."""

    row: Numbers
    group: Numbers  # the set that it is in
    weight: Numbers
    similarity: Numbers
    first: Numbers  # whether it is the first of its set

    @classmethod
    def of(cls, rows: Numbers, implicit: Sequence[ImplicitEdges]) -> ImplicitMembers:
        """`rows` are the numbers of the ranks of all sets."""
        group = np.repeat(np.arange(len(implicit)), [len(each.rank) for each in implicit])
        weight = np.concatenate([np.empty(0, I64), *(each.weight for each in implicit)])
        similarity = np.concatenate([np.empty(0), *(each.similarity for each in implicit)])
        return cls(rows, group, weight, similarity, np.diff(group, prepend=-1) > 0)

    def lightest(self, chosen: Numbers) -> tuple[Numbers, Numbers]:
        """For each member, of the chosen rows before it in its set: (the least weight, its place among members).

        In one pass over all sets: each is moved below the one before it by more than weights differ, so that a running
        minimum starts anew. With weights 2 -1 | 0 3, all chosen, and 4 for "none before it": moved by 0 and 8 they are
        2 -1 | -8 -5, those before each 4 2 | -4 -8, the running minimum 4 2 | -4 -8, moved back 4 2 | 4 0.
        """
        none = int(np.abs(self.weight).max(initial=0)) + 1  # heavier than all
        depth = self.group * (2 * none)
        weight = np.where(chosen[self.row], self.weight, none) - depth
        before = np.where(self.first, none - depth, np.concatenate([weight[:1], weight[:-1]]))
        least = np.minimum.accumulate(before)
        place = np.arange(len(weight))
        new = np.concatenate([place[:1] == 0, least[1:] < least[:-1]])
        return least + depth, np.maximum.accumulate(np.where(new, place - 1, 0))

    def after(self, chosen: Numbers) -> Numbers:
        """The rows that have a chosen neighbour before them."""
        return self.row[self.lightest(chosen)[0] + self.weight <= 0]

    def representatives(self, kept: Numbers, sought: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """(rows, a kept neighbour before each, similarity or NaN) of the rows in `sought` that have one."""
        weight, place = self.lightest(kept)
        at = np.flatnonzero(sought[self.row] & (weight + self.weight <= 0))
        at = at[np.lexsort((self.row[place[at]], self.row[at]))]
        at = at[runs(self.row[at])[0]]
        place = place[at]
        return self.row[at], self.row[place], np.where(self.first[place], self.similarity[at], np.nan)


def decide_in_order(a: Numbers, b: Numbers, kept: Numbers, dropped: Numbers, inside: ImplicitMembers) -> None:
    """Decides, in order of rank, all rows that are still open, in `kept` and `dropped`: some microseconds each."""
    rows = np.flatnonzero(~(kept | dropped)).tolist()
    if not rows:
        return
    earlier: dict[int, list[int]] = {row: [] for row in rows}
    for one, other in zip(a.tolist(), b.tolist(), strict=True):
        earlier[other].append(one)
    places: dict[int, list[int]] = {row: [] for row in rows}
    for place in np.flatnonzero(np.isin(inside.row, rows)).tolist():
        places[int(inside.row[place])].append(place)
    begin = np.searchsorted(inside.group, np.arange(inside.group.max(initial=0) + 2))
    seen = begin.tolist()  # members of each set that have been looked at, and
    least = [1 << 62] * len(seen)  # the least weight of the kept ones among them
    for row in rows:
        near = any(kept[neighbour] for neighbour in earlier[row])
        for place in places[row]:
            group, weight = int(inside.group[place]), int(inside.weight[place])
            while seen[group] < place:
                if kept[inside.row[seen[group]]]:
                    least[group] = min(least[group], int(inside.weight[seen[group]]))
                seen[group] += 1
            near = near or least[group] + weight <= 0
        (dropped if near else kept)[row] = True


def extend_to_equals(equal: Edges, decisions: Decisions) -> Decisions:
    """`decisions`, and those for rows that equal an earlier one: each goes where the first of its equals goes or stays.

    Say 2 was dropped for 1; 3 equals 2, 4 equals 3, and 6 equals 5. Then 3 and 4 are dropped for 1, and 6 for 5.
    """
    rows, ends = np.unique(np.concatenate([equal.first, equal.second]), return_inverse=True)
    root = np.arange(len(rows))
    np.minimum.at(root, ends[len(equal.first) :], ends[: len(equal.first)])
    while (root[root] != root).any():
        root = root[root]
    mine = np.flatnonzero((root != np.arange(len(rows))) & (rows >= NEW))
    roots = rows[root[mine]]
    dropped, kept, similarity = decisions
    representative, near = roots.copy(), np.ones(len(roots), similarity.dtype)
    if len(dropped):
        order = np.argsort(dropped)
        at = order[np.minimum(np.searchsorted(dropped, roots, sorter=order), len(dropped) - 1)]
        goes = dropped[at] == roots
        representative[goes], near[goes] = kept[at[goes]], similarity[at[goes]]
    return Decisions(
        np.concatenate([dropped, rows[mine]]),
        np.concatenate([kept, representative]),
        np.concatenate([similarity, near]),
    )


def later_rows(implicit: ImplicitEdges) -> Numbers:
    """The ranks that implicit edges join to an earlier one: one if the lightest before it is light enough."""
    lightest = np.minimum.accumulate(implicit.weight)
    return implicit.rank[1:][lightest[:-1] + implicit.weight[1:] <= 0]
