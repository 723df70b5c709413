"""NearDuplicates: vectors -> which of them are dropped, and for which kept one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsSingleton

from persona_hub.transforms.embed_dedup.by_cell import DuplicatesByCell
from persona_hub.transforms.embed_dedup.cell_tables import ChooseTable
from persona_hub.transforms.embed_dedup.elements import pack_by_block
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Centroids
from persona_hub.transforms.vectors import cells
from persona_hub.transforms.vectors.kept_set import keep_first
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import KeyedArrays, unpack_arrays, unpack_sorted

CELLS_FROM = 0.6  # below it a row has so many neighbours that cells pay no more: 13 for one at 0.7
KEPT_SET_ROWS = 2_000_000  # one worker holds them all: 8 GB at 384 dimensions


class TooManyRows(RuntimeError):
    """More rows than one worker can hold."""


class NearDuplicatesFound(NamedTuple):
    """(block of the dropped, dropped ranks, kept ranks, cosines); the k-means table, if one was trained; and how."""

    decisions: beam.PCollection[KeyedArrays]
    centroids: beam.PCollection[Batch[Centroids]]
    table: beam.PCollection[Batch[Centroids]]  # the one used, trained here or stored; nothing if there are few rows
    rows: beam.PCollection[int]  # their number


@dataclass(kw_only=True)
class NearDuplicates(beam.PTransform):
    """(block, ranks and float16 vectors), and batches of stored k-means tables -> NearDuplicatesFound.

    The earliest stays: a row is dropped if an earlier kept one is within `threshold`. Ranks below `ranks.NEW` are in a
    hub, and stay in any case. There are two ways, and the number of rows, which only a run knows, decides:

        up to `cells.EXACT_ROWS` rows                 CompareAll: each row with all that are kept, on one worker
        more                                          DuplicatesByCell: with those that share a cell of a k-means table
        a threshold below CELLS_FROM, any number      CompareAll; TooManyRows above KEPT_SET_ROWS

    The way that is not taken gets no rows. Raises InvalidInputError for a threshold out of range.
    """

    threshold: float
    blocks: int

    def __post_init__(self) -> None:
        super().__init__()
        if not 0.5 <= self.threshold <= 0.99:
            raise InvalidInputError(f"threshold is {self.threshold}; cosines from 0.5 to 0.99 can be asked for")

    def expand(
        self, given: tuple[beam.PCollection[KeyedArrays], beam.PCollection[Batch[Centroids]]]
    ) -> NearDuplicatesFound:
        """Both ways."""
        vectors, stored_tables = given
        number = vectors | "Count" >> beam.Map(count_rows) | "Sum" >> beam.CombineGlobally(sum)
        rows = AsSingleton(number)
        exact = vectors | "CompareAll" >> CompareAll(threshold=self.threshold, blocks=self.blocks, rows=rows)
        if self.threshold < CELLS_FROM:
            no_table = vectors.pipeline | "NoTable" >> beam.Create([], reshuffle=False)
            return NearDuplicatesFound(exact, no_table, no_table, number)
        plan = cells.SearchPlan.for_threshold(self.threshold)
        tables = (vectors, stored_tables) | "ChooseTable" >> ChooseTable(plan=plan, rows=rows)
        by_cell = (vectors, tables.chosen) | "ByCell" >> DuplicatesByCell(threshold=self.threshold, blocks=self.blocks)
        decisions = (exact, by_cell) | "Decisions" >> beam.Flatten()
        return NearDuplicatesFound(decisions, tables.trained, tables.chosen, number)


def count_rows(element: KeyedArrays) -> int:
    """Rows of an element."""
    return len(unpack_arrays(element[1])[0])


@dataclass(kw_only=True)
class CompareAll(beam.PTransform):
    """(block, ranks and vectors) -> decisions, each row against all that are kept; none if there are many rows."""

    threshold: float
    blocks: int
    rows: AsSingleton  # the number of rows

    def expand(self, vectors: beam.PCollection[KeyedArrays]) -> beam.PCollection[KeyedArrays]:
        """On one worker."""
        return (
            vectors
            | "InOnePlace" >> beam.FlatMap(if_few, self.threshold, self.rows).with_output_types(KeyedArrays)
            | "Gather" >> beam.GroupByKey()
            | "KeptSet" >> beam.FlatMap(compare_all, self.threshold, self.blocks).with_output_types(KeyedArrays)
        )


def if_few(element: KeyedArrays, threshold: float, rows: int) -> Iterator[KeyedArrays]:
    """The element under the key 0 if each row is to be compared with all that are kept. Raises TooManyRows."""
    if threshold < CELLS_FROM and rows > KEPT_SET_ROWS:
        raise TooManyRows(
            f"a threshold under {CELLS_FROM} compares each row with all that are kept, which is for {KEPT_SET_ROWS:,} "
            f"rows at most; there are {rows:,}. Ask for {CELLS_FROM} or more"
        )
    if threshold < CELLS_FROM or rows <= cells.EXACT_ROWS:
        yield 0, element[1]


def compare_all(element: tuple[int, Iterable[bytes]], threshold: float, blocks: int) -> Iterator[KeyedArrays]:
    """All rows -> decisions."""
    ranks, vectors = unpack_sorted(element[1])
    found = keep_first(ranks, vectors, threshold)
    yield from pack_by_block(found.dropped, blocks, *found)
