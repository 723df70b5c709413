"""Representatives: pairs of near-duplicates -> which rows are dropped, and for which kept one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import apache_beam as beam
import numpy as np

from persona_hub.transforms.dedup.found import unpack_balls, unpack_found
from persona_hub.transforms.dedup.rounds import Round, balls_by_home, by_home, notes_of, tell_ends
from persona_hub.transforms.dedup.rows import Locates, Packed, by_block
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.similarity import join
from persona_hub.transforms.similarity.arrays import groups
from persona_hub.transforms.similarity.representatives import decide, follow
from persona_hub.transforms.similarity.rounds import DROPPED, TO_EARLIER, TO_LATER, Notes, homes_of, left_open, roots
from persona_hub.transforms.wire.packing import pack_arrays, unpack_arrays

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
            raise InvalidInputError(f"rounds is {self.rounds}; from 0 to 10")

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


def for_last_place(element: Packed) -> Iterator[Packed]:
    """The notes that the last place reads."""
    notes = notes_of([element[1]])
    wanted = notes.take((notes.kind == TO_LATER) | (notes.kind == DROPPED))
    if len(wanted.kind):
        yield 0, pack_arrays(*wanted)


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
        yield home, pack_arrays(dropped[rows], kept[rows], similarity[rows])


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
    columns = [unpack_arrays(packed) for packed in sides["decided"]]
    none = (np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0))
    dropped, kept, similarity = (np.concatenate(column) for column in zip(none, *columns, strict=True))
    kept, dropped, similarity = follow(notes.first, notes.second, kept, dropped, similarity)
    yield from by_block(layout, dropped, dropped, kept, similarity)
