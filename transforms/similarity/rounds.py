"""Rounds: representatives chosen by many workers, each of which knows only the edges of its own rows.

`representatives.decide` holds all edges in one place. Where there are too many for that, rounds over a shuffle settle
nearly all rows first, and one place decides what they leave open. Who is kept is the same, whatever the number of
rounds; a dropped row goes to the earliest kept neighbour that is known when it is dropped.

Rows lie in partitions by a hash of their rank, and what one row tells another is a message to its partition. An edge is
known at both of its ends. A round has three steps, each of which reads what the one before it sends:

- `announce` reads `OpenEdges`: a row looks at its earlier neighbours. If there is none, it is kept. It tells its later
  neighbours whether it is kept or open (`Announcements`).
- `settle` reads those: a row with a kept earlier neighbour is dropped (`Decisions`). One that stays open tells its
  neighbours so (`OpenEdges` of the next round).
- `shrink` reads `Memberships`: a set of implicit edges lies with its first row. It loses the rows that are dropped, and
  tells the others of an earlier row near them, and that they are blocked while there is any.

An example, with the edges 1-2, 2-3, 3-4 between new rows (a number stands for its rank):

    `OpenEdges` at the beginning       at_later 1-2 2-3 3-4, at_earlier 1-2 2-3 3-4
    `announce`: 1 has no earlier       from_kept 1-2; from_open 2-3 3-4; at_earlier 2-3 3-4
    `settle`: 2 is dropped for 1       decision 2 -> 1; 3 and 4 stay open: at_earlier 3-4 (and 2-3, which 3 still sends,
                                       since it does not know yet that 2 is gone), at_later 3-4; dropped 2
    `announce`: 2-3 is ignored         from_kept 3-4
    `settle`: 4 is dropped for 3       decision 4 -> 3; nothing is left open
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np

from persona_hub.transforms.similarity.arrays import I64, U64, Numbers, distinct, groups, mix, runs
from persona_hub.transforms.similarity.edges import Edges, ImplicitEdges
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.similarity.representatives import Decisions, later_rows


class Ranks(NamedTuple):
    """Rows, each told to itself."""

    rank: Numbers

    @classmethod
    def none(cls) -> Ranks:
        """No rows."""
        return cls(np.empty(0, U64))


class Memberships(NamedTuple):
    """Rows that a set of implicit edges has, and the first row of that set, by which its partition is found."""

    rank: Numbers
    first: Numbers

    @classmethod
    def none(cls) -> Memberships:
        """No rows."""
        return cls(np.empty(0, U64), np.empty(0, U64))


class OpenEdges(NamedTuple):
    """What the rows of a partition are told before a round. Edges may come several times."""

    at_later: Edges  # told to their later row: the earlier one is not settled
    at_earlier: Edges  # told to their earlier row: the later one is not settled
    blocked: Ranks  # rows that an implicit edge joins to an earlier one
    dropped: Ranks  # rows that the round before has dropped, where others may still tell them of edges
    memberships: Memberships  # told to the member

    @classmethod
    def none(cls) -> OpenEdges:
        """No messages."""
        return cls(Edges.none(), Edges.none(), Ranks.none(), Ranks.none(), Memberships.none())

    def recipients(self) -> tuple[Numbers, ...]:
        """The rank that each message is told to, field by field."""
        at_later, at_earlier, blocked, dropped, memberships = self
        return at_later.second, at_earlier.first, blocked.rank, dropped.rank, memberships.rank


class Announcements(NamedTuple):
    """What rows tell in the first step of a round, each edge once."""

    from_kept: Edges  # told to the later row: the earlier one is kept
    from_open: Edges  # told to the later row: the earlier one is open
    at_earlier: Edges  # told to the earlier row, by itself, if it is open
    memberships: Memberships  # told to the member, by itself

    @classmethod
    def none(cls) -> Announcements:
        """No messages."""
        return cls(Edges.none(), Edges.none(), Edges.none(), Memberships.none())

    def recipients(self) -> tuple[Numbers, ...]:
        """The rank that each message is told to, field by field."""
        from_kept, from_open, at_earlier, memberships = self
        return from_kept.second, from_open.second, at_earlier.first, memberships.rank


class Settled(NamedTuple):
    """What rows tell in the second step."""

    open: OpenEdges
    departures: Memberships  # rows that are dropped, told to the first row of a set of implicit edges
    decisions: Decisions


M = TypeVar("M", OpenEdges, Announcements)


def columns_of(messages: OpenEdges | Announcements) -> list[Numbers]:
    """All columns of all fields, in their order."""
    return [column for field in messages for column in field]


def from_columns(columns: Iterable[Numbers], like: M) -> M:
    """The messages, of the type of `like`, that `columns_of` was given."""
    left = iter(columns)
    fields: list[Any] = [type(field)(*islice(left, len(field))) for field in like]
    return type(like)(*fields)


def join_messages(parts: Iterable[M], none: M) -> M:
    """The messages of all parts, field by field; `none` is where there are no parts."""
    all_columns = [columns_of(none), *map(columns_of, parts)]
    return from_columns(map(np.concatenate, zip(*all_columns, strict=True)), none)


def by_partition_of_row(messages: M, partitions: int) -> Iterator[tuple[int, M]]:
    """The messages to the rows of each partition, for those partitions that have any."""
    nothing = np.empty(0, I64)
    places = [dict(groups(partition_of_rank(ranks, partitions))) for ranks in messages.recipients()]
    for partition in sorted(set().union(*places)):
        fields: list[Any] = [
            type(field)(*(column[place.get(partition, nothing)] for column in field))
            for field, place in zip(messages, places, strict=True)
        ]
        yield partition, type(messages)(*fields)


def partition_of_rank(ranks: Numbers, partitions: int) -> Numbers:
    """The partition of each row."""
    return (mix(ranks) >> U64(32)) * U64(partitions) >> U64(32)


def at_both_ends(edges: Edges) -> OpenEdges:
    """Edges as they are told at the beginning, but for those whose later row a hub holds: that one stays anyway."""
    edges = edges.take(edges.second >= NEW)
    return OpenEdges.none()._replace(at_later=edges, at_earlier=edges)


def told_by(implicit: ImplicitEdges) -> OpenEdges:
    """What implicit edges tell: which rows they join to an earlier one; and to one of those by an edge, each row.

    Of the rows that are lighter than all before them it is the first that is near enough: with it kept, so is most that
    the row could wait for, and with it dropped, the next round finds another. Of ranks 5 6 7 8 with weights 3 1 2 -2,
    5, 6 and 8 are lighter than all before them. 8 is near 6 (-2 + 1 <= 0), not near 5 (-2 + 3 > 0); what 6 and 7 need,
    a weight of -1 or -2, only the later 8 has. So 8 is blocked, and 6-8 is the edge.
    """
    blocked = later_rows(implicit)
    blocked = blocked[blocked >= NEW]
    light = runs(np.minimum.accumulate(implicit.weight))[0]
    place = np.searchsorted(-implicit.weight[light], implicit.weight)
    neighbour = light[np.minimum(place, len(light) - 1)]
    row = np.flatnonzero((place < len(light)) & (neighbour < np.arange(len(implicit.rank))))
    neighbour = neighbour[row]
    near = np.where(neighbour == 0, implicit.similarity[row], np.nan)
    edges = at_both_ends(Edges(implicit.rank[neighbour], implicit.rank[row], near))
    return edges._replace(blocked=Ranks(blocked))


def members_of(implicit: ImplicitEdges) -> OpenEdges:
    """What the rows of implicit edges are told at the beginning: that they are."""
    rows = implicit.rank[implicit.rank >= NEW]
    return OpenEdges.none()._replace(memberships=Memberships(rows, np.full(len(rows), implicit.rank[0])))


def shrink(implicit: ImplicitEdges, gone: Numbers) -> ImplicitEdges | None:
    """Implicit edges without the rows that are gone; None if no row is blocked by them any more."""
    stay = ~np.isin(implicit.rank, gone)
    if not stay.any():
        return None
    similarity = implicit.similarity if stay[0] else np.full(len(stay), np.nan)  # it is that to the first row
    less = ImplicitEdges(implicit.rank[stay], implicit.weight[stay], similarity[stay])
    return less if len(later_rows(less)) else None


def announce(told: OpenEdges) -> Announcements:
    """The first step of a round, in one partition."""
    gone = told.dropped.rank
    into = told.at_later.distinct()
    into = into.take(~np.isin(into.second, gone))
    out = told.at_earlier.distinct()
    out = out.take(~np.isin(out.first, gone))
    is_open = np.isin(out.first, np.concatenate([into.second, told.blocked.rank])) & (out.first >= NEW)
    from_open = out.take(is_open)
    members = told.memberships
    once = distinct(members.rank, members.first)
    return Announcements(out.take(~is_open), from_open, from_open, Memberships(members.rank[once], members.first[once]))


def settle(told: Announcements) -> Settled:
    """The second step, in one partition."""
    kept = told.from_kept.take(np.lexsort((told.from_kept.first, told.from_kept.second)))
    kept = kept.take(runs(kept.second)[0])  # the earliest for each row
    gone = kept.second
    waiting, out = told.from_open, told.at_earlier
    addressed = np.isin(gone, np.concatenate([waiting.second, out.first]))  # by others, that do not know it is gone
    leaves = np.isin(told.memberships.rank, gone)
    members, left = (Memberships(*(column[rows] for column in told.memberships)) for rows in (~leaves, leaves))
    return Settled(
        OpenEdges(
            at_later=out.take(~np.isin(out.first, gone)),
            at_earlier=waiting.take(~np.isin(waiting.second, gone)),
            blocked=Ranks.none(),
            dropped=Ranks(gone[addressed]),
            memberships=members,
        ),
        left,
        Decisions(gone, kept.first, kept.similarity),
    )


def left_open(told: OpenEdges) -> Edges:
    """The edges that the last place decides on, of all that rows are told after the last round."""
    edges = told.at_later.distinct()
    return edges.take(~np.isin(edges.second, told.dropped.rank))


def first_of_equals(told: OpenEdges) -> Edges:
    """Edges between equals, known at both ends, in one partition -> each later row's edge to the first of its equals.

    4 equals 3, 3 equals 0: in the partition of 3, at_later is 0-3 and at_earlier 3-4, and 0-4 comes out; in that of 0,
    at_earlier is 0-3, and comes out.
    """
    out, into = told.at_earlier.distinct(), told.at_later.distinct()
    into = into.take(np.lexsort((into.first, into.second)))
    into = into.take(runs(into.second)[0])
    root = out.first.copy()
    if len(into.second):
        at = np.minimum(np.searchsorted(into.second, root), len(into.second) - 1)
        root = np.where(into.second[at] == root, into.first[at], root)
    return Edges(root, out.second, np.ones(len(root)))
