"""ChooseTable: the k-means table that rows are put into cells by, out of a hub or trained anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsIter, AsSingleton

from persona_hub.transforms.records import Centroids
from persona_hub.transforms.vectors import cells, kmeans
from persona_hub.transforms.vectors.cells import CELL_DIMENSION, CellTable, SearchPlan
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import KeyedArrays, pack_arrays, unpack_arrays, unpack_sorted

MEAN_BYTES = 4 * CELL_DIMENSION  # int32


class CellTables(NamedTuple):
    """The table to use, in a batch, nothing if there are few rows; and the same if it was trained here."""

    chosen: beam.PCollection[Batch[Centroids]]
    trained: beam.PCollection[Batch[Centroids]]


@dataclass(kw_only=True)
class ChooseTable(beam.PTransform):
    """(block, ranks and vectors), and batches of stored tables -> CellTables.

    A stored table fits if one trained for all rows would have at most twice as many cells: of tables for 9,000 and
    50,000 rows, with 470 and 1,115 cells, the larger is used up to about 200,000 rows, for which there would be 2,235.
    The plan says how many cells there would be, so a table fits whatever threshold it was trained for.
    """

    plan: SearchPlan
    rows: AsSingleton  # the number of rows

    def expand(self, given: tuple[beam.PCollection[KeyedArrays], beam.PCollection[Batch[Centroids]]]) -> CellTables:
        """One is trained where none fits, on a sample that a hash chooses."""
        vectors, stored = given
        fitting = (
            stored
            | "Largest" >> beam.CombineGlobally(largest_table)
            | "Fitting" >> beam.FlatMap(fitting_table, self.plan, self.rows).with_output_types(Batch)
        )
        trained = (
            vectors
            | "Sample"
            >> beam.FlatMap(training_rows, self.plan, self.rows, AsIter(fitting)).with_output_types(KeyedArrays)
            | "Gather" >> beam.GroupByKey()
            | "Train" >> beam.Map(trained_table, self.plan, self.rows).with_output_types(Batch)
        )
        return CellTables((fitting, trained) | "Chosen" >> beam.Flatten(), trained)


def largest_table(stored: Iterable[Batch[Centroids]]) -> Batch[Centroids]:
    """The table that was trained for the most rows, if there is any."""
    tables = sorted((table for batch in stored for table in batch), key=lambda table: table.rows)
    return Batch(tables[-1:])


def fitting_table(stored: Batch[Centroids], plan: SearchPlan, rows: int) -> Iterator[Batch[Centroids]]:
    """The stored table, if there is one that fits, and so many rows that cells are looked at."""
    if stored and rows > cells.EXACT_ROWS:
        table = read_table(stored[0])
        if table and table.is_balanced and plan.cells_for(rows) <= 2 * len(table.centroids):
            yield stored


def training_rows(
    element: KeyedArrays, plan: SearchPlan, rows: int, fitting: Sequence[Batch[Centroids]]
) -> Iterator[KeyedArrays]:
    """(0, a sample of the element's rows) if there are so many that cells are looked at, and no table fits."""
    if rows <= cells.EXACT_ROWS or list(fitting):
        return
    ranks, vectors = unpack_arrays(element[1])
    sample = kmeans.in_sample(ranks, plan.cells_for(rows) * cells.SAMPLE_ROWS / rows, cells.TABLE_SEED)
    if sample.any():
        yield 0, pack_arrays(ranks[sample], vectors[sample])


def trained_table(element: tuple[int, Iterable[bytes]], plan: SearchPlan, rows: int) -> Batch[Centroids]:
    """The table for `rows` rows."""
    ranks, vectors = unpack_sorted(element[1])
    return Batch([stored_table(cells.train_table(ranks, vectors, plan.cells_for(rows)), rows)])


def read_table(stored: Centroids) -> CellTable | None:
    """A table as a hub keeps it; None for one of an earlier release, whose rows were not projected or had no mean."""
    if stored.dimension != CELL_DIMENSION or len(stored.mean) != MEAN_BYTES:
        return None
    centroids = np.frombuffer(stored.centroids, "<i2").reshape(-1, stored.dimension)
    return CellTable(np.frombuffer(stored.mean, "<i4").astype(np.float32), centroids.astype(np.float32))


def table_for(stored: Centroids, plan: SearchPlan) -> CellTable | None:
    """A stored table by the coordinates that the plan asks for."""
    table = read_table(stored)
    return table and table.of_first(plan.coordinates)


def stored_table(table: CellTable, rows: int) -> Centroids:
    """A table as a hub keeps it, trained for `rows` rows. Centroids are whole and under 4,096, the mean under 2^17."""
    return Centroids(rows, CELL_DIMENSION, table.centroids.astype("<i2").tobytes(), table.mean.astype("<i4").tobytes())
