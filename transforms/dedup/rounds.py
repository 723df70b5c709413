"""Round: representatives by home; the numpy of it, and how it goes, stand in `similarity.rounds`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from persona_hub.transforms.dedup.found import pack_balls, unpack_balls, unpack_found
from persona_hub.transforms.dedup.rows import Packed
from persona_hub.transforms.similarity.arrays import groups
from persona_hub.transforms.similarity.rounds import (
    GONE,
    Notes,
    at_both_ends,
    flag,
    homes_of,
    members_of,
    of_ball,
    settle,
    shrink,
)
from persona_hub.transforms.wire.packing import pack_arrays, unpack_arrays


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
            | "Settle"
            >> beam.FlatMap(settle_rows, self.partitions)
            .with_output_types(Packed, notes=Packed, gone=Packed, decided=Packed)
            .with_outputs("notes", "gone", "decided")
        )
        shrunk = (
            {"balls": balls, "gone": settled["gone"]}
            | "ByBall" >> beam.CoGroupByKey()
            | "Shrink"
            >> beam.FlatMap(shrink_balls, self.partitions)
            .with_output_types(Packed, notes=Packed, balls=Packed)
            .with_outputs("notes", "balls")
        )
        told = (settled["notes"], shrunk["notes"]) | "AllNotes" >> beam.Flatten()
        return Settled(told, shrunk["balls"], settled["decided"])


def by_home(notes: Notes, partitions: int) -> Iterator[Packed]:
    """Notes, packed for each home."""
    for home, rows in groups(notes.homes(partitions)):
        yield home, pack_arrays(*notes.take(rows))


def notes_of(packs: Iterable[bytes]) -> Notes:
    """What `by_home` has packed."""
    return Notes.join([Notes(*unpack_arrays(packed)) for packed in packs])


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
        yield TaggedOutput("decided", (element[0], pack_arrays(decided.second, decided.first, decided.similarity)))


def shrink_balls(element: tuple[int, dict[str, list[bytes]]], partitions: int) -> Iterator[TaggedOutput]:
    """The third part of a round: the balls of a home, and who is gone from them."""
    home, sides = element
    gone = notes_of(sides["gone"]).first
    balls = [less for packed in sides["balls"] for ball in unpack_balls(packed) if (less := shrink(ball, gone))]
    if balls:
        yield TaggedOutput("balls", (home, pack_balls(balls)))
        for packed in by_home(Notes.join(map(of_ball, balls)), partitions):
            yield TaggedOutput("notes", packed)
