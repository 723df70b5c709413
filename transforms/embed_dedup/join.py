"""MeaningDuplicates: vectors -> which of them are dropped, and for which kept one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsIter, AsSingleton, TaggedOutput

from persona_hub.transforms.embed_dedup.cells import DuplicatesByCell, TooManyRows, by_block
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Centroids
from persona_hub.transforms.vectors import cells, kmeans
from persona_hub.transforms.vectors.kept_set import keep_first
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays, unpack_sorted

CELLS_FROM = 0.6  # below it a row has so many neighbours that cells pay no more: 13 for one at 0.7
KEPT_SET_ROWS = 2_000_000  # one worker holds them all: 8 GB at 384 dimensions


class MeaningDecided(NamedTuple):
    """(block of the dropped, dropped ranks, kept ranks, cosines); and the k-means table, if one was trained."""

    decisions: beam.PCollection[KeyedArrays]
    centroids: beam.PCollection[Batch[Centroids]]


@dataclass(kw_only=True)
class MeaningDuplicates(beam.PTransform):
    """(block, ranks and float16 vectors), and batches of centroids that are stored -> MeaningDecided.

    The earliest stays: a row is dropped if an earlier kept one is within `threshold`. Ranks below `ranks.NEW` are held
    by a hub and stay in any case. Up to `cells.EXACT_ROWS` rows, and below a threshold of CELLS_FROM, each is compared
    with all that are kept; else with those that share a cell of a k-means table: of the stored one if it fits.
    """

    threshold: float
    blocks: int

    def __post_init__(self) -> None:
        super().__init__()
        if not 0.5 <= self.threshold <= 0.99:
            raise InvalidInputError(f"threshold is {self.threshold}; cosines from 0.5 to 0.99 can be asked for")

    def expand(self, given: tuple[beam.PCollection[KeyedArrays], beam.PCollection[Batch[Centroids]]]) -> MeaningDecided:
        """Both ways, of which the number of rows takes one."""
        vectors, stored = given
        rows = AsSingleton(vectors | "Count" >> beam.Map(count_rows) | "Sum" >> beam.CombineGlobally(sum))
        fitting = (
            stored
            | "Largest" >> beam.CombineGlobally(largest)
            | "Fitting" >> beam.FlatMap(fitting_table, rows).with_output_types(Batch)
        )
        limit = cells.EXACT_ROWS if self.threshold >= CELLS_FROM else KEPT_SET_ROWS
        read = vectors | "Read" >> beam.FlatMap(few_or_sample, limit, rows, AsIter(fitting)).with_output_types(
            KeyedArrays
        ).with_outputs("sample", main="few")
        together = (
            read["few"]
            | "InOnePlace" >> beam.GroupByKey()
            | "KeptSet" >> beam.FlatMap(compare_all, self.threshold, self.blocks).with_output_types(KeyedArrays)
        )
        trained = (
            read["sample"]
            | "ByTable" >> beam.GroupByKey()
            | "Train" >> beam.Map(train_table, rows).with_output_types(Batch)
        )
        if self.threshold < CELLS_FROM:
            return MeaningDecided(together, trained)
        table = (fitting, trained) | "Table" >> beam.Flatten()
        by_cell = (vectors, table) | "Cells" >> DuplicatesByCell(threshold=self.threshold, blocks=self.blocks)
        return MeaningDecided((together, by_cell) | "Decisions" >> beam.Flatten(), trained)


def count_rows(element: KeyedArrays) -> int:
    """Rows of a pack."""
    return len(unpack_arrays(element[1])[0])


def largest(stored: Iterable[Batch[Centroids]]) -> Batch[Centroids]:
    """The table that was trained for the most rows, if there is any."""
    tables = sorted((table for batch in stored for table in batch), key=lambda table: table.rows)
    return Batch(tables[-1:])


def fitting_table(stored: Batch[Centroids], rows: int) -> Iterator[Batch[Centroids]]:
    """The stored table, where one for so many rows would have at most twice as many cells."""
    if stored and cells.Table.fits(stored[0]) and cells.cells_for(rows) <= 2 * cells.cells_for(stored[0].rows):
        yield stored


def few_or_sample(element: KeyedArrays, limit: int, rows: int, fitting: Sequence[Batch[Centroids]]) -> Iterator[Any]:
    """The element under the one key, if there are few rows; else aside, unless a table fits, what to train one on."""
    if rows <= limit:
        yield 0, element[1]
        return
    if limit == KEPT_SET_ROWS:
        raise TooManyRows(
            f"a threshold under {CELLS_FROM} compares each row with all that are kept, which is for {limit:,} rows at "
            f"most; there are {rows:,}. Ask for {CELLS_FROM} or more"
        )
    if list(fitting):
        return
    ranks, vectors = unpack_arrays(element[1])
    chosen = kmeans.chosen(ranks, cells.cells_for(rows) * cells.SAMPLE_ROWS / rows, cells.SEED)
    if chosen.any():
        yield TaggedOutput("sample", (0, pack_arrays(ranks[chosen], vectors[chosen])))


def compare_all(element: tuple[int, Iterable[bytes]], threshold: float, blocks: int) -> Iterator[KeyedArrays]:
    """All rows -> decisions."""
    ranks, vectors = unpack_sorted(element[1])
    dropped, kept, cosine = keep_first(ranks, vectors, threshold)
    yield from by_block(dropped, blocks, dropped, kept, cosine)


def train_table(element: tuple[int, Iterable[bytes]], rows: int) -> Batch[Centroids]:
    """The table for `rows` rows."""
    ranks, vectors = unpack_sorted(element[1])
    return Batch([cells.train_table(ranks, vectors, cells.cells_for(rows)).stored(rows)])
