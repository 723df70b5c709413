"""Rounds: representatives chosen by many workers, each knowing only the edges of the rows that live with it.

`representatives.decide` holds all edges in one place. Where there are too many for that, rounds over a shuffle settle
nearly all rows first, and one place decides what they leave open. Who is kept is the same, whatever the number of
rounds; a dropped row goes to the earliest kept neighbour that is known when it is dropped.

Each row has a home. An edge is known at both of its ends, by one note each, and a round has three parts:

- `flag`: a row looks at its earlier neighbours. If there is none, it is kept. It tells its later neighbours whether it
  is kept or open.
- `settle`: a row hears that. With a kept earlier neighbour it is dropped. If it is open, it tells its neighbours so.
- `shrink`: a ball (`dense.Ball`) hears which of its rows are gone. It tells the others of an earlier row near them, and
  to wait while there is any.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from persona_hub.transforms.similarity.arrays import U8, U64, Numbers, distinct, mix, runs
from persona_hub.transforms.similarity.dense import Ball
from persona_hub.transforms.similarity.join import Edges
from persona_hub.transforms.similarity.representatives import NEW, later_in

# What a note tells. Of an edge, to its later or to its earlier row:
TO_LATER, TO_EARLIER, EARLIER_KEPT, EARLIER_OPEN = range(4)
# of a row, to itself; `second` is the row again, or a row whose home is that of a ball:
DROPPED, WAITS, IN_BALL = range(4, 7)
# and of a row to a ball:
GONE = 7


class Notes(NamedTuple):
    """Notes, column by column: of an edge the earlier row first, and its similarity."""

    kind: Numbers
    first: Numbers
    second: Numbers
    similarity: Numbers

    @classmethod
    def of(cls, kind: int, first: Numbers, second: Numbers, similarity: Numbers | None = None) -> Notes:
        """Notes of one kind."""
        near = np.ones(len(first)) if similarity is None else similarity
        return cls(np.full(len(first), kind, U8), first, second, near)

    @classmethod
    def join(cls, parts: Iterable[Notes]) -> Notes:
        """All of them."""
        empty = cls.of(TO_LATER, np.empty(0, U64), np.empty(0, U64))
        return cls(*(np.concatenate(column) for column in zip(empty, *parts, strict=True)))

    def take(self, rows: Numbers) -> Notes:
        """Some of them, by position or by a mask."""
        return Notes(*(column[rows] for column in self))

    def each(self, kind: int) -> Notes:
        """The different notes of a kind: an edge may have been found in several places."""
        some = self.take(self.kind == kind)
        return some.take(distinct(some.first, some.second))

    def again(self, kind: int) -> Notes:
        """The same as notes of another kind."""
        return self._replace(kind=np.full(len(self.kind), kind, U8))

    def homes(self, partitions: int) -> Numbers:
        """Where each is to be read."""
        by_first = (self.kind == TO_EARLIER) | (self.kind == IN_BALL)
        return homes_of(np.where(by_first, self.first, self.second), partitions)


def homes_of(ranks: Numbers, partitions: int) -> Numbers:
    """The home of each row."""
    return (mix(ranks) >> U64(32)) * U64(partitions) >> U64(32)


def at_both_ends(edges: Edges) -> Notes:
    """Notes of edges. Who is held stays, and need not hear of earlier neighbours."""
    notes = Notes.of(TO_LATER, *edges)
    notes = notes.take(notes.second >= NEW)
    return Notes.join([notes, notes.again(TO_EARLIER)])


def of_ball(ball: Ball) -> Notes:
    """What a ball tells: who has an earlier row near it in the ball, and of those rows one, by an edge.

    Of the rows that are lighter than all before them it is the first that is near enough: with it kept, so is most that
    the row could wait for, and with it dropped, the next round finds another.
    """
    waits = later_in(ball)
    waits = waits[waits >= NEW]
    light = runs(np.minimum.accumulate(ball.weight))[0]
    place = np.searchsorted(-ball.weight[light], ball.weight)
    keeper = light[np.minimum(place, len(light) - 1)]
    row = np.flatnonzero((place < len(light)) & (keeper < np.arange(len(ball.rank))))
    keeper = keeper[row]
    near = np.where(keeper == 0, ball.similarity[row], np.nan)
    return Notes.join([at_both_ends(Edges(ball.rank[keeper], ball.rank[row], near)), Notes.of(WAITS, waits, waits)])


def members_of(ball: Ball) -> Notes:
    """Where the rows of a ball find it: at the home of its first row."""
    rows = ball.rank[ball.rank >= NEW]
    return Notes.of(IN_BALL, rows, np.full(len(rows), ball.rank[0]))


def shrink(ball: Ball, gone: Numbers) -> Ball | None:
    """A ball without the rows that are gone; None if nobody has to wait for it any more."""
    stay = ~np.isin(ball.rank, gone)
    if not stay.any():
        return None
    similarity = ball.similarity if stay[0] else np.full(len(stay), np.nan)  # it is that to the first row
    less = Ball(ball.rank[stay], ball.weight[stay], similarity[stay])
    return less if len(later_in(less)) else None


def flag(notes: Notes) -> Notes:
    """The first part of a round, at one home: what its rows tell."""
    waits, gone, members = (notes.each(kind) for kind in (WAITS, DROPPED, IN_BALL))
    into = notes.each(TO_LATER)
    into = into.take(~np.isin(into.second, gone.first))
    out = notes.each(TO_EARLIER)
    out = out.take(~np.isin(out.first, gone.first))
    stuck = np.isin(out.first, np.concatenate([into.second, waits.first])) & (out.first >= NEW)
    open_ = out.take(stuck)
    return Notes.join([out.take(~stuck).again(EARLIER_KEPT), open_.again(EARLIER_OPEN), open_, members])


def settle(notes: Notes) -> tuple[Notes, Edges]:
    """The second part, at one home: (what its rows tell, (kept, dropped, similarity) of those that are dropped)."""
    kept, waiting, out, members = (notes.each(kind) for kind in (EARLIER_KEPT, EARLIER_OPEN, TO_EARLIER, IN_BALL))
    kept = kept.take(np.lexsort((kept.first, kept.second)))
    kept = kept.take(runs(kept.second)[0])  # the earliest for each row
    gone = kept.second
    heard = np.isin(gone, np.concatenate([waiting.second, out.first]))  # by whom the other end still sends
    leaves = np.isin(members.first, gone)
    return Notes.join(
        [
            waiting.take(~np.isin(waiting.second, gone)).again(TO_EARLIER),
            out.take(~np.isin(out.first, gone)).again(TO_LATER),
            Notes.of(DROPPED, gone[heard], gone[heard]),
            members.take(~leaves),
            members.take(leaves).again(GONE),
        ]
    ), Edges(kept.first, kept.second, kept.similarity)


def left_open(notes: Notes) -> Edges:
    """The edges that the last place decides on, of all that `settle` and balls told at the end."""
    edges = notes.each(TO_LATER)
    edges = edges.take(~np.isin(edges.second, notes.each(DROPPED).first))
    return Edges(edges.first, edges.second, edges.similarity)


def roots(notes: Notes) -> Notes:
    """Edges between equals, known at both ends, at one home -> each follower's edge to the first of all its equals."""
    out, into = notes.each(TO_EARLIER), notes.each(TO_LATER)
    into = into.take(np.lexsort((into.first, into.second)))
    into = into.take(runs(into.second)[0])
    root = out.first.copy()
    if len(into.second):
        at = np.minimum(np.searchsorted(into.second, root), len(into.second) - 1)
        root = np.where(into.second[at] == root, into.first[at], root)
    return Notes.of(TO_EARLIER, root, out.second)
