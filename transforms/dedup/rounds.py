"""Round: one round of choosing representatives, by partition; how it goes, and the numpy of it: `similarity.rounds`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.dedup.edge_payloads import pack_implicit, unpack_implicit, unpack_verified
from persona_hub.transforms.similarity.arrays import groups
from persona_hub.transforms.similarity.rounds import (
    Announcements,
    M,
    Memberships,
    OpenEdges,
    announce,
    at_both_ends,
    by_partition_of_row,
    columns_of,
    from_columns,
    join_messages,
    members_of,
    partition_of_rank,
    settle,
    shrink,
    told_by,
)
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays


class AfterRound(NamedTuple):
    """What a round leaves, by partition: messages and implicit edges for the next one, and decisions."""

    told: beam.PCollection[KeyedArrays]
    implicit: beam.PCollection[KeyedArrays]
    decided: beam.PCollection[KeyedArrays]


@dataclass(kw_only=True)
class Round(beam.PTransform):
    """(partition, packed `OpenEdges`), (partition, packed `ImplicitEdges`) -> AfterRound."""

    partitions: int

    def expand(self, before: tuple[beam.PCollection[KeyedArrays], beam.PCollection[KeyedArrays]]) -> AfterRound:
        """Rows announce, neighbours settle, and implicit edges lose the rows that are dropped."""
        told, implicit = before
        settled = (
            told
            | "ByRow" >> beam.GroupByKey()
            | "Announce" >> beam.FlatMap(announce_rows, self.partitions).with_output_types(KeyedArrays)
            | "ByLaterRow" >> beam.GroupByKey()
            | "Settle"
            >> beam.FlatMap(settle_rows, self.partitions)
            .with_output_types(KeyedArrays, told=KeyedArrays, departures=KeyedArrays, decided=KeyedArrays)
            .with_outputs("told", "departures", "decided")
        )
        shrunk = (
            {"implicit": implicit, "departures": settled["departures"]}
            | "ByFirstRow" >> beam.CoGroupByKey()
            | "Shrink"
            >> beam.FlatMap(shrink_implicit, self.partitions)
            .with_output_types(KeyedArrays, told=KeyedArrays, implicit=KeyedArrays)
            .with_outputs("told", "implicit")
        )
        both = (settled["told"], shrunk["told"]) | "AllTold" >> beam.Flatten()
        return AfterRound(both, shrunk["implicit"], settled["decided"])


def pack_messages(messages: M, partitions: int) -> Iterator[KeyedArrays]:
    """(partition, the messages to its rows)."""
    for partition, each in by_partition_of_row(messages, partitions):
        yield partition, pack_arrays(*columns_of(each))


def unpack_messages(packs: Iterable[bytes], none: M) -> M:
    """What `pack_messages` has packed, of the type of `none`."""
    return join_messages((from_columns(unpack_arrays(packed), none) for packed in packs), none)


def first_messages(element: KeyedArrays, partitions: int) -> Iterator[KeyedArrays]:
    """Packed `VerifiedEdges` -> what rows are told before the first round."""
    found = unpack_verified(element[1])
    told = [message for each in found.implicit for message in (members_of(each), told_by(each))]
    yield from pack_messages(join_messages([at_both_ends(found.near), *told], OpenEdges.none()), partitions)


def implicit_by_partition(element: KeyedArrays, partitions: int) -> Iterator[KeyedArrays]:
    """Packed `VerifiedEdges` -> (partition of the first row, implicit edges)."""
    implicit = unpack_verified(element[1]).implicit
    first = np.array([each.rank[0] for each in implicit], np.uint64)
    for partition, some in groups(partition_of_rank(first, partitions)):
        yield partition, pack_implicit([implicit[i] for i in some.tolist()])


def announce_rows(element: tuple[int, Iterable[bytes]], partitions: int) -> Iterator[KeyedArrays]:
    """The first step of a round."""
    yield from pack_messages(announce(unpack_messages(element[1], OpenEdges.none())), partitions)


def settle_rows(element: tuple[int, Iterable[bytes]], partitions: int) -> Iterator[TaggedOutput]:
    """The second step of a round."""
    told, departures, decisions = settle(unpack_messages(element[1], Announcements.none()))
    for packed in pack_messages(told, partitions):
        yield TaggedOutput("told", packed)
    for partition, rows in groups(partition_of_rank(departures.first, partitions)):
        yield TaggedOutput("departures", (partition, pack_arrays(departures.rank[rows], departures.first[rows])))
    if len(decisions.dropped):
        yield TaggedOutput("decided", (element[0], pack_arrays(*decisions)))


def shrink_implicit(element: tuple[int, dict[str, list[bytes]]], partitions: int) -> Iterator[TaggedOutput]:
    """The third step of a round: the implicit edges of a partition, and the rows that are dropped from them."""
    partition, sides = element
    gone = np.concatenate([Memberships.none().rank, *(unpack_arrays(packed)[0] for packed in sides["departures"])])
    before = [each for packed in sides["implicit"] for each in unpack_implicit(packed)]
    implicit = [less for each in before if (less := shrink(each, gone))]
    if implicit:
        yield TaggedOutput("implicit", (partition, pack_implicit(implicit)))
        for packed in pack_messages(join_messages(map(told_by, implicit), OpenEdges.none()), partitions):
            yield TaggedOutput("told", packed)
