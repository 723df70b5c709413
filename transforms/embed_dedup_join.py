"""MeaningDuplicates: vectors -> which of them are dropped, and for which kept one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsDict, AsSingleton, TaggedOutput
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from transforms.similarity import cells, kmeans
from transforms.similarity.arrays import distinct, groups
from transforms.similarity.kept_set import keep_first
from transforms.similarity.ranks import blocks_of
from transforms.similarity.representatives import decide
from transforms.similarity.vectors import check, on_grid, pack, stack, unpack
from transforms.tally import Tally

STAGE = "embed_dedup"
CELLS_FROM = 0.6  # below it a row has so many neighbours that cells pay no more: 13 for one at 0.7
KEPT_SET_ROWS = 2_000_000  # one worker holds them all: 8 GB at 384 dimensions
EDGES_IN_ONE_PLACE = 100_000_000  # 2.4 GB
BLOCKS_IN_A_PLACE = 4  # at 0.7 a row has six candidates: its vector would go to five of 16 places, but to all of four
ASSIGN_ROWS = 32768  # buffered, so that what goes to a cell comes in large elements

Packed = tuple[int, bytes]  # a key, and arrays as `vectors.pack` makes them


class TooManyRows(RuntimeError):
    """More rows, or pairs of them, than one worker can hold."""


@dataclass(kw_only=True)
class MeaningDuplicates(beam.PTransform):
    """(block, ranks and float16 vectors) -> (block of the dropped, dropped ranks, kept ranks, cosines).

    The earliest stays: a row is dropped if an earlier kept one is within `threshold`. Up to `cells.EXACT_ROWS` rows,
    and below a threshold of CELLS_FROM, each is compared with all that are kept; else with those that share a cell.
    """

    threshold: float
    blocks: int

    def __post_init__(self) -> None:
        super().__init__()
        if not 0.5 <= self.threshold <= 0.99:
            raise ValueError(f"threshold is {self.threshold}; cosines from 0.5 to 0.99 can be asked for")

    def expand(self, vectors: beam.PCollection[Packed]) -> beam.PCollection[Packed]:
        """Both ways, of which the number of rows takes one."""
        rows = vectors | "Count" >> beam.Map(count_rows) | "Sum" >> beam.CombineGlobally(sum)
        limit = cells.EXACT_ROWS if self.threshold >= CELLS_FROM else KEPT_SET_ROWS
        plan = cells.Plan.of(self.threshold)
        read = vectors | "Read" >> beam.FlatMap(few_or_sample, limit, plan, AsSingleton(rows)).with_output_types(
            Packed
        ).with_outputs("sample", main="few")
        together = (
            read["few"]
            | "InOnePlace" >> beam.GroupByKey()
            | "KeptSet" >> beam.FlatMap(compare_all, self.threshold, self.blocks).with_output_types(Packed)
        )
        if self.threshold < CELLS_FROM:
            return together
        centroids = (
            read["sample"]
            | "ByTable" >> beam.GroupByKey()
            | "Train" >> beam.Map(train_table, AsSingleton(rows)).with_output_types(Packed)
        )
        by_cell = (vectors, centroids) | "Cells" >> DuplicatesByCell(threshold=self.threshold, blocks=self.blocks)
        return (together, by_cell) | "Decisions" >> beam.Flatten()


@dataclass(kw_only=True)
class DuplicatesByCell(beam.PTransform):
    """(vectors, centroids of each table) -> decisions as of `MeaningDuplicates`; nothing where there are no tables."""

    threshold: float
    blocks: int

    def __post_init__(self) -> None:
        super().__init__()
        self.plan = cells.Plan.of(self.threshold)

    def expand(self, given: tuple[beam.PCollection[Packed], beam.PCollection[Packed]]) -> beam.PCollection[Packed]:
        """Only sketches go to the cells; vectors are fetched for candidates."""
        vectors, centroids = given
        asked = (
            vectors
            | "Assign" >> beam.ParDo(AssignCells(self.plan), AsDict(centroids)).with_output_types(Packed)
            | "ByCell" >> beam.GroupByKey()
            | "Candidates" >> beam.ParDo(JoinCell(self.plan, self.blocks)).with_output_types(Packed)
            | "ByFirst" >> beam.GroupByKey()
            | "Ask"
            >> beam.ParDo(AskVectors(self.blocks)).with_output_types(Packed).with_outputs("pairs", main="requests")
        )
        fetched = (
            {"vectors": vectors, "requests": asked["requests"]}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Fetch" >> beam.FlatMapTuple(fetch_vectors).with_output_types(Packed)
        )
        return (
            {"pairs": asked["pairs"], "vectors": fetched}
            | "ByPair" >> beam.CoGroupByKey()
            | "ExactCheck" >> beam.FlatMap(check_pairs, self.threshold).with_output_types(Packed)
            | "InOnePlace" >> beam.GroupByKey()
            | "Representatives" >> beam.FlatMap(choose, self.blocks).with_output_types(Packed)
        )


def count_rows(element: Packed) -> int:
    """Rows of a pack."""
    return len(unpack(element[1])[0])


def few_or_sample(element: Packed, limit: int, plan: cells.Plan, rows: int) -> Iterator[Any]:
    """The element under the one key, if there are few rows; else aside (table, ranks and vectors) to be trained on."""
    if rows <= limit:
        yield 0, element[1]
        return
    if limit == KEPT_SET_ROWS:
        raise TooManyRows(
            f"a threshold under {CELLS_FROM} compares each row with all that are kept, which is for {limit:,} rows at "
            f"most; there are {rows:,}. Ask for {CELLS_FROM} or more"
        )
    ranks, vectors = unpack(element[1])
    for table in range(plan.tables):
        chosen = kmeans.chosen(ranks, cells.cells_for(rows) * cells.SAMPLE_ROWS / rows, table)
        if chosen.any():
            yield TaggedOutput("sample", (table, pack(ranks[chosen], vectors[chosen])))


def compare_all(element: tuple[int, Iterable[bytes]], threshold: float, blocks: int) -> Iterator[Packed]:
    """All rows -> decisions."""
    ranks, vectors = stack(element[1])
    dropped, kept, cosine = keep_first(ranks, vectors, threshold)
    yield from by_block(dropped, blocks, dropped, kept, cosine)


def train_table(element: tuple[int, Iterable[bytes]], rows: int) -> Packed:
    """A table's centroids, which are whole numbers under 4,096."""
    table, packs = element
    ranks, vectors = stack(packs)
    return table, pack(cells.train_table(ranks, on_grid(vectors), cells.cells_for(rows), table).astype(np.int16))


class AssignCells(beam.DoFn):
    """(block, vectors) -> (table and cell, ranks and sketches)."""

    def __init__(self, plan: cells.Plan):
        self.plan = plan

    def start_bundle(self) -> None:
        """Nothing waits."""
        self.packs: list[bytes] = []
        self.waiting = 0

    def process(self, element: Packed, centroids: dict[int, bytes]) -> Iterator[Packed]:
        """Sends what waits when it is enough. Without centroids there is nothing to do here."""
        if not centroids:
            return
        self.centroids = centroids
        self.packs.append(element[1])
        self.waiting += count_rows(element)
        if self.waiting >= ASSIGN_ROWS:
            yield from self.send()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Sends the rest."""
        for element in self.send():
            yield GlobalWindows.windowed_value(element)

    def send(self) -> Iterator[Packed]:
        """The waiting rows by table and cell."""
        if not self.packs:
            return
        ranks, vectors = stack(self.packs)
        self.start_bundle()
        tables = {table: unpack(packed)[0].astype(np.float32) for table, packed in sorted(self.centroids.items())}
        for table, (sketched, row, cell) in cells.place(vectors, tables, self.plan).items():
            for number, members in groups(cell):
                yield table * cells.CELLS + number, pack(ranks[row[members]], sketched[row[members]])


class JoinCell(beam.DoFn):
    """The rows of one cell -> (place of the check, candidates: earlier, later)."""

    def __init__(self, plan: cells.Plan, blocks: int):
        self.plan, self.blocks = plan, blocks
        self.tally = Tally(STAGE)

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Packed]:
        """One element for each place."""
        cell, packs = element
        ranks, sketched = stack(packs)
        earlier, later = cells.candidates(ranks, sketched, self.plan, seed=cell)
        self.tally.inc("candidates", len(earlier))
        yield from by_block(earlier, places(self.blocks), earlier, later)


class AskVectors(beam.DoFn):
    """Candidates of one place -> (block, ranks whose vectors are wanted there); aside the pairs, each once."""

    def __init__(self, blocks: int):
        self.blocks = blocks

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        """A pair that several cells found is checked once."""
        place, packs = element
        earlier, later = (np.concatenate(column) for column in zip(*map(unpack, packs), strict=True))
        once = distinct(earlier, later)
        yield TaggedOutput("pairs", (place, pack(earlier[once], later[once])))
        wanted = np.unique(np.concatenate([earlier, later]))
        yield from by_block(wanted, self.blocks, wanted, np.full(len(wanted), place))


def places(blocks: int) -> int:
    """Where pairs are checked, by the block of the earlier: fewer than blocks, as a vector goes to each that asks."""
    return -(-blocks // BLOCKS_IN_A_PLACE)


def fetch_vectors(block: int, sides: dict[str, list[bytes]]) -> Iterator[Packed]:
    """(place that asks, ranks and vectors) out of the block that holds them."""
    if not sides["requests"]:
        return
    ranks, vectors = stack(sides["vectors"])
    for request in sides["requests"]:
        wanted, asking = unpack(request)
        yield int(asking[0]), pack(wanted, vectors[np.searchsorted(ranks, wanted)])


def check_pairs(element: tuple[int, dict[str, list[bytes]]], threshold: float) -> Iterator[Packed]:
    """(0, edges): the pairs whose cosine reaches the threshold."""
    _, sides = element
    if not sides["pairs"]:
        return
    ranks, vectors = stack(sides["vectors"])
    for pairs in sides["pairs"]:
        earlier, later = (np.searchsorted(ranks, side) for side in unpack(pairs))
        first, second, cosine = check(vectors, earlier, later, threshold)
        yield 0, pack(ranks[first], ranks[second], cosine)


def choose(element: tuple[int, Iterable[bytes]], blocks: int) -> Iterator[Packed]:
    """Edges -> decisions. Raises TooManyRows past what one worker can hold."""
    columns, edges = [], 0
    for packed in element[1]:
        columns.append(unpack(packed))
        edges += len(columns[-1][0])
        if edges > EDGES_IN_ONE_PLACE:
            raise TooManyRows(f"over {EDGES_IN_ONE_PLACE:,} near pairs: raise --embedding_threshold")
    first, second, cosine = (np.concatenate(column) for column in zip(*columns, strict=True))
    kept, dropped, cosine = decide(first, second, cosine)
    yield from by_block(dropped, blocks, dropped, kept, cosine)


def by_block(ranks: Any, blocks: int, *columns: Any) -> Iterator[Packed]:
    """Columns, packed for each block that `ranks` lie in."""
    for block, members in groups(blocks_of(ranks, blocks)):
        yield block, pack(*(column[members] for column in columns))
