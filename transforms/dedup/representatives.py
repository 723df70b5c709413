"""Representatives: pairs of near-duplicates -> which rows are dropped, and for which kept one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from transforms.dedup.rows import Locates, Packed, by_block
from transforms.similarity import join
from transforms.similarity.arrays import groups
from transforms.similarity.representatives import decide, follow
from transforms.similarity.rounds import (
    DROPPED,
    GONE,
    TO_EARLIER,
    TO_LATER,
    Notes,
    at_both_ends,
    flag,
    homes_of,
    left_open,
    members_of,
    of_ball,
    roots,
    settle,
    shrink,
)
from transforms.similarity.vectors import pack, unpack

EDGES_IN_ONE_PLACE = 100_000_000  # 2.4 GB
ROUNDS = 3  # leave one row in a thousand open
MANY_BLOCKS = 1_000  # of some 20,000 rows each: from there on in rounds


class TooManyEdges(RuntimeError):
    """More near-duplicate pairs than one worker can hold."""


def rounds_for(blocks: int) -> int:
    """The rounds that an input of so many blocks is worth."""
    return ROUNDS if blocks >= MANY_BLOCKS else 0


@dataclass(kw_only=True)
class Representatives(beam.PTransform):
    """(0, packed `join.Found`) -> decisions, (block of the dropped, packed columns: dropped, kept, similarity).

    Without `rounds` all that was found comes together in one place. Each round (`similarity.rounds`) shuffles the open
    edges four times and leaves few of them, so that the last place can hold what is left of far more than
    `EDGES_IN_ONE_PLACE` pairs. Who is kept is the same.
    """

    layout: Locates
    partitions: int
    rounds: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        if not 0 <= self.rounds <= 10:
            raise ValueError(f"rounds is {self.rounds}; from 0 to 10")

    def expand(self, found: beam.PCollection[Packed]) -> beam.PCollection[Packed]:
        """Rounds over edges; then who equals a row goes where it goes."""
        if not self.rounds:
            choosing = beam.FlatMap(choose, self.layout).with_output_types(Packed)
            return found | "InOnePlace" >> beam.GroupByKey() | "Choose" >> choosing
        notes = found | "TellEnds" >> beam.FlatMap(tell_ends, self.partitions).with_output_types(Packed)
        balls = found | "Balls" >> beam.FlatMap(balls_by_home, self.partitions).with_output_types(Packed)
        decided = []
        for number in range(1, self.rounds + 1):
            settled = (notes, balls) | f"Round {number}" >> Round(partitions=self.partitions)
            notes, balls = settled.notes, settled.balls
            decided.append(settled.decided)
        lasting = notes | "Left" >> beam.FlatMap(for_last_place).with_output_types(Packed)
        decided.append(
            {"notes": lasting, "balls": balls | "LeftBalls" >> beam.Map(to_last_place).with_output_types(Packed)}
            | "InOnePlace" >> beam.CoGroupByKey()
            | "Choose" >> beam.FlatMap(choose_left, self.partitions).with_output_types(Packed)
        )
        followers = (
            found
            | "TellEquals" >> beam.FlatMap(tell_equals, self.partitions).with_output_types(Packed)
            | "ByRow" >> beam.GroupByKey()
            | "Roots" >> beam.FlatMap(tell_roots, self.partitions).with_output_types(Packed)
        )
        return (
            {"decided": decided | "AllDecided" >> beam.Flatten(), "followers": followers}
            | "ByLeader" >> beam.CoGroupByKey()
            | "Follow" >> beam.FlatMap(follow_leaders, self.layout).with_output_types(Packed)
        )


class Settled(NamedTuple):
    """What a round leaves, by home: notes and balls for the next, and decisions."""

    notes: beam.PCollection[Packed]
    balls: beam.PCollection[Packed]
    decided: beam.PCollection[Packed]


@dataclass(kw_only=True)
class Round(beam.PTransform):
    """(home, notes), (home, balls) -> Settled."""

    partitions: int

    def expand(self, open_: tuple[beam.PCollection[Packed], beam.PCollection[Packed]]) -> Settled:
        """Rows tell their neighbours, hear them, and balls hear who is gone."""
        notes, balls = open_
        settled = (
            notes
            | "ByRow" >> beam.GroupByKey()
            | "Flag" >> beam.FlatMap(flag_rows, self.partitions).with_output_types(Packed)
            | "ByLaterRow" >> beam.GroupByKey()
            | "Settle" >> beam.FlatMap(settle_rows, self.partitions).with_outputs("notes", "gone", "decided")
        )
        told, gone, decided = (
            settled[side] | side.capitalize() >> beam.Map(same).with_output_types(Packed)
            for side in ("notes", "gone", "decided")
        )
        shrunk = (
            {"balls": balls, "gone": gone}
            | "ByBall" >> beam.CoGroupByKey()
            | "Shrink" >> beam.FlatMap(shrink_balls, self.partitions).with_outputs("notes", "balls")
        )
        more, less = (
            shrunk[side] | f"Ball{side}" >> beam.Map(same).with_output_types(Packed) for side in ("notes", "balls")
        )
        return Settled((told, more) | "AllNotes" >> beam.Flatten(), less, decided)


def same(element: Packed) -> Packed:
    """The element, its type known to Beam."""
    return element


def pack_found(found: join.Found) -> bytes:
    """`join.Found` as one value of a shuffle."""
    return pack(*found.near, *found.equal, *(column for ball in found.balls for column in ball))


def unpack_found(packed: bytes) -> join.Found:
    """What `pack_found` was given."""
    columns = unpack(packed)
    balls = [join.Ball(*columns[i : i + 3]) for i in range(6, len(columns), 3)]
    return join.Found(join.Edges(*columns[:3]), join.Edges(*columns[3:6]), balls)


def pack_balls(balls: list[join.Ball]) -> bytes:
    """Balls as one value of a shuffle."""
    return pack(*(column for ball in balls for column in ball))


def unpack_balls(packed: bytes) -> list[join.Ball]:
    """What `pack_balls` was given."""
    columns = unpack(packed)
    return [join.Ball(*columns[i : i + 3]) for i in range(0, len(columns), 3)]


def in_one_place(found: Iterable[join.Found]) -> Iterator[join.Found]:
    """All that was found. Raises TooManyEdges past what one place holds."""
    total = 0
    for each in found:
        total += each.size
        if total > EDGES_IN_ONE_PLACE:
            raise TooManyEdges(
                f"over {EDGES_IN_ONE_PLACE:,} pairs of near-duplicates: more than one worker can choose among; "
                "deduplicate parts of the input first, or raise the threshold"
            )
        yield each


def choose(element: tuple[int, Iterable[bytes]], layout: Locates) -> Iterator[Packed]:
    """All that was found -> decisions by block of the dropped."""
    found = list(in_one_place(map(unpack_found, element[1])))
    equal = join.Edges.join([each.equal for each in found])
    balls = [ball for each in found for ball in each.balls]
    near = join.Edges.join([each.near for each in found])
    kept, dropped, similarity = follow(equal.first, equal.second, *decide(*near, balls))
    yield from by_block(layout, dropped, dropped, kept, similarity)


def by_home(notes: Notes, partitions: int) -> Iterator[Packed]:
    """Notes, packed for each home."""
    for home, rows in groups(notes.homes(partitions)):
        yield home, pack(*notes.take(rows))


def notes_of(packs: Iterable[bytes]) -> Notes:
    """What `by_home` has packed."""
    return Notes.join([Notes(*unpack(packed)) for packed in packs])


def tell_ends(element: Packed, partitions: int) -> Iterator[Packed]:
    """What was found -> the notes of the first round."""
    found = unpack_found(element[1])
    of_balls = [notes for ball in found.balls for notes in (members_of(ball), of_ball(ball))]
    yield from by_home(Notes.join([at_both_ends(found.near), *of_balls]), partitions)


def balls_by_home(element: Packed, partitions: int) -> Iterator[Packed]:
    """The balls alone, each by its first row."""
    balls = unpack_found(element[1]).balls
    for home, some in groups(homes_of(np.array([ball.rank[0] for ball in balls], np.uint64), partitions)):
        yield home, pack_balls([balls[i] for i in some.tolist()])


def flag_rows(element: tuple[int, Iterable[bytes]], partitions: int) -> Iterator[Packed]:
    """The first part of a round."""
    yield from by_home(flag(notes_of(element[1])), partitions)


def settle_rows(element: tuple[int, Iterable[bytes]], partitions: int) -> Iterator[TaggedOutput]:
    """The second part of a round."""
    notes, decided = settle(notes_of(element[1]))
    gone = notes.kind == GONE
    for packed in by_home(notes.take(~gone), partitions):
        yield TaggedOutput("notes", packed)
    for packed in by_home(notes.take(gone), partitions):
        yield TaggedOutput("gone", packed)
    if len(decided.first):
        yield TaggedOutput("decided", (element[0], pack(decided.second, decided.first, decided.similarity)))


def shrink_balls(element: tuple[int, dict[str, list[bytes]]], partitions: int) -> Iterator[TaggedOutput]:
    """The third part of a round: the balls of a home, and who is gone from them."""
    home, sides = element
    gone = notes_of(sides["gone"]).first
    balls = [less for packed in sides["balls"] for ball in unpack_balls(packed) if (less := shrink(ball, gone))]
    if balls:
        yield TaggedOutput("balls", (home, pack_balls(balls)))
        for packed in by_home(Notes.join(map(of_ball, balls)), partitions):
            yield TaggedOutput("notes", packed)


def for_last_place(element: Packed) -> Iterator[Packed]:
    """The notes that the last place reads."""
    notes = notes_of([element[1]])
    wanted = notes.take((notes.kind == TO_LATER) | (notes.kind == DROPPED))
    if len(wanted.kind):
        yield 0, pack(*wanted)


def to_last_place(element: Packed) -> Packed:
    """Whatever home it comes from."""
    return 0, element[1]


def choose_left(element: tuple[int, dict[str, list[bytes]]], partitions: int) -> Iterator[Packed]:
    """What the rounds left open -> decisions by home of the dropped."""
    _, sides = element
    balls = [ball for packed in sides["balls"] for ball in unpack_balls(packed)]
    (left,) = in_one_place([join.Found(left_open(notes_of(sides["notes"])), join.Edges.join([]), balls)])
    kept, dropped, similarity = decide(*left.near, left.balls)
    for home, rows in groups(homes_of(dropped, partitions)):
        yield home, pack(dropped[rows], kept[rows], similarity[rows])


def tell_equals(element: Packed, partitions: int) -> Iterator[Packed]:
    """Edges between equals, to both ends."""
    edges = Notes.of(TO_LATER, *unpack_found(element[1]).equal)
    yield from by_home(Notes.join([edges, edges.again(TO_EARLIER)]), partitions)


def tell_roots(element: tuple[int, Iterable[bytes]], partitions: int) -> Iterator[Packed]:
    """(home of the first of some equals, notes: it and one that follows)."""
    yield from by_home(roots(notes_of(element[1])), partitions)


def follow_leaders(element: tuple[int, dict[str, list[bytes]]], layout: Locates) -> Iterator[Packed]:
    """Decisions on the rows of a home, and rows that equal them -> decisions on both, by block."""
    _, sides = element
    notes = notes_of(sides["followers"]).each(TO_EARLIER)
    columns = [unpack(packed) for packed in sides["decided"]]
    none = (np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0))
    dropped, kept, similarity = (np.concatenate(column) for column in zip(none, *columns, strict=True))
    kept, dropped, similarity = follow(notes.first, notes.second, kept, dropped, similarity)
    yield from by_block(layout, dropped, dropped, kept, similarity)
