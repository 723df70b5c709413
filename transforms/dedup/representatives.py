"""Representatives: edges between near-duplicates -> which rows are dropped, and for which kept one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import apache_beam as beam
import numpy as np

from persona_hub.transforms.dedup.edge_payloads import unpack_decisions, unpack_implicit, unpack_verified
from persona_hub.transforms.dedup.layout import RowLocator, pack_by_block
from persona_hub.transforms.dedup.rounds import (
    Round,
    first_messages,
    implicit_by_partition,
    pack_messages,
    unpack_messages,
)
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.similarity.arrays import groups
from persona_hub.transforms.similarity.edges import Edges, VerifiedEdges
from persona_hub.transforms.similarity.representatives import decide, extend_to_equals
from persona_hub.transforms.similarity.rounds import OpenEdges, Ranks, first_of_equals, left_open, partition_of_rank
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays

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
    """(0, packed `VerifiedEdges`) -> (block of the dropped, packed `Decisions`).

    Without `rounds` all edges come together in one place. Each round (`similarity.rounds`) shuffles the open edges four
    times and leaves few of them, so that the last place can hold what is left of far more than `EDGES_IN_ONE_PLACE`
    pairs. Which rows are kept is the same.
    """

    layout: RowLocator
    partitions: int
    rounds: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        if not 0 <= self.rounds <= 10:
            raise InvalidInputError(f"rounds is {self.rounds}; from 0 to 10")

    def expand(self, found: beam.PCollection[KeyedArrays]) -> beam.PCollection[KeyedArrays]:
        """Rounds over edges; then what equals a row goes where it goes."""
        if not self.rounds:
            choosing = beam.FlatMap(choose, self.layout).with_output_types(KeyedArrays)
            return found | "InOnePlace" >> beam.GroupByKey() | "Choose" >> choosing
        told = found | "TellEnds" >> beam.FlatMap(first_messages, self.partitions).with_output_types(KeyedArrays)
        implicit = found | "Implicit" >> beam.FlatMap(implicit_by_partition, self.partitions).with_output_types(
            KeyedArrays
        )
        decided = []
        for number in range(1, self.rounds + 1):
            after = (told, implicit) | f"Round {number}" >> Round(partitions=self.partitions)
            told, implicit = after.told, after.implicit
            decided.append(after.decided)
        left = {
            "told": told | "Left" >> beam.FlatMap(for_last_place).with_output_types(KeyedArrays),
            "implicit": implicit | "LeftImplicit" >> beam.Map(to_last_place).with_output_types(KeyedArrays),
        }
        decided.append(
            left
            | "InOnePlace" >> beam.CoGroupByKey()
            | "Choose" >> beam.FlatMap(choose_left, self.partitions).with_output_types(KeyedArrays)
        )
        equals = (
            found
            | "TellEquals" >> beam.FlatMap(tell_equals, self.partitions).with_output_types(KeyedArrays)
            | "ByRow" >> beam.GroupByKey()
            | "FirstOfEquals" >> beam.FlatMap(edges_to_first, self.partitions).with_output_types(KeyedArrays)
        )
        return (
            {"decided": decided | "AllDecided" >> beam.Flatten(), "equals": equals}
            | "ByFirstOfEquals" >> beam.CoGroupByKey()
            | "DecideEquals" >> beam.FlatMap(decide_equals, self.layout).with_output_types(KeyedArrays)
        )


def in_one_place(found: Iterable[VerifiedEdges]) -> Iterator[VerifiedEdges]:
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


def choose(element: tuple[int, Iterable[bytes]], layout: RowLocator) -> Iterator[KeyedArrays]:
    """All edges that were found -> decisions by block of the dropped."""
    found = list(in_one_place(map(unpack_verified, element[1])))
    equal = Edges.join([each.equal for each in found])
    implicit = [some for each in found for some in each.implicit]
    near = Edges.join([each.near for each in found])
    decisions = extend_to_equals(equal, decide(near, implicit))
    yield from pack_by_block(layout, decisions.dropped, *decisions)


def for_last_place(element: KeyedArrays) -> Iterator[KeyedArrays]:
    """What the last place needs to know of what rows are told after the last round."""
    told = unpack_messages([element[1]], OpenEdges.none())
    if len(told.at_later.first) or len(told.dropped.rank):
        yield 0, pack_arrays(*told.at_later, told.dropped.rank)


def to_last_place(element: KeyedArrays) -> KeyedArrays:
    """Whatever partition it comes from."""
    return 0, element[1]


def choose_left(element: tuple[int, dict[str, list[bytes]]], partitions: int) -> Iterator[KeyedArrays]:
    """What the rounds left open -> decisions by partition of the dropped."""
    _, sides = element
    implicit = [some for packed in sides["implicit"] for some in unpack_implicit(packed)]
    columns = [(*Edges.none(), Ranks.none().rank), *map(unpack_arrays, sides["told"])]
    first, second, similarity, dropped = (np.concatenate(column) for column in zip(*columns, strict=True))
    told = OpenEdges.none()._replace(at_later=Edges(first, second, similarity), dropped=Ranks(dropped))
    (left,) = in_one_place([VerifiedEdges(left_open(told), Edges.none(), implicit)])
    decisions = decide(left.near, left.implicit)
    for partition, rows in groups(partition_of_rank(decisions.dropped, partitions)):
        yield partition, pack_arrays(*(column[rows] for column in decisions))


def tell_equals(element: KeyedArrays, partitions: int) -> Iterator[KeyedArrays]:
    """Edges between equals, to both ends."""
    equal = unpack_verified(element[1]).equal
    yield from pack_messages(OpenEdges.none()._replace(at_later=equal, at_earlier=equal), partitions)


def edges_to_first(element: tuple[int, Iterable[bytes]], partitions: int) -> Iterator[KeyedArrays]:
    """(partition of the first of some equals, edges from it to others)."""
    edges = first_of_equals(unpack_messages(element[1], OpenEdges.none()))
    for partition, rows in groups(partition_of_rank(edges.first, partitions)):
        yield partition, pack_arrays(*edges.take(rows))


def decide_equals(element: tuple[int, dict[str, list[bytes]]], layout: RowLocator) -> Iterator[KeyedArrays]:
    """Decisions on the rows of a partition, and edges to their equals -> decisions on both, by block."""
    _, sides = element
    equal = Edges.join([Edges(*unpack_arrays(packed)) for packed in sides["equals"]])
    decisions = extend_to_equals(equal, unpack_decisions(sides["decided"]))
    yield from pack_by_block(layout, decisions.dropped, *decisions)
