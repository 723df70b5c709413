"""DuplicatesByCell: each vector against those that share a cell with it, by sketch first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsIter, TaggedOutput
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from transforms.records import Batch, Centroids
from transforms.similarity import cells
from transforms.similarity.arrays import groups
from transforms.similarity.pairs import once
from transforms.similarity.ranks import blocks_of
from transforms.similarity.representatives import decide
from transforms.similarity.vectors import exactly, pack, stack, unpack, widen
from transforms.tally import Tally

STAGE = "embed_dedup"
EDGES_IN_ONE_PLACE = 100_000_000  # 2.4 GB
BLOCKS_IN_A_PLACE = 4  # at 0.7 a row has six candidates: its vector would go to five of 16 places, but to all of four
ASSIGN_ROWS = 32768  # buffered, so that what goes to a cell comes in large elements
CELLS_IN_AN_ELEMENT = 8  # for the same reason; at a billion rows a worker then holds 0.5 GB of sketches

Packed = tuple[int, bytes]  # a key, and arrays as `vectors.pack` makes them


class TooManyRows(RuntimeError):
    """More rows, or pairs of them, than one worker can hold."""


@dataclass(kw_only=True)
class DuplicatesByCell(beam.PTransform):
    """(vectors, table) -> decisions as of `MeaningDuplicates`; nothing where there is no table."""

    threshold: float
    blocks: int

    def __post_init__(self) -> None:
        super().__init__()
        self.plan = cells.Plan.of(self.threshold)

    def expand(
        self, given: tuple[beam.PCollection[Packed], beam.PCollection[Batch[Centroids]]]
    ) -> beam.PCollection[Packed]:
        """Only sketches go to the cells; vectors are fetched for candidates."""
        vectors, table = given
        asked = (
            vectors
            | "Assign" >> beam.ParDo(AssignCells(self.plan), AsIter(table)).with_output_types(Packed)
            | "ByCell" >> beam.GroupByKey()
            | "Candidates" >> beam.ParDo(JoinCells(self.plan, self.blocks)).with_output_types(Packed)
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


class AssignCells(beam.DoFn):
    """(block, vectors) -> (number of some cells, ranks, cells and sketches)."""

    def __init__(self, plan: cells.Plan):
        self.plan = plan

    def start_bundle(self) -> None:
        """Nothing waits."""
        self.packs: list[bytes] = []
        self.waiting = 0

    def process(self, element: Packed, tables: Iterable[Batch[Centroids]]) -> Iterator[Packed]:
        """Sends what waits when it is enough. Without a table there is nothing to do here."""
        for [self.table] in tables:
            self.packs.append(element[1])
            self.waiting += len(unpack(element[1])[0])
            if self.waiting >= ASSIGN_ROWS:
                yield from self.send()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Sends the rest."""
        for element in self.send():
            yield GlobalWindows.windowed_value(element)

    def send(self) -> Iterator[Packed]:
        """The waiting rows by cell."""
        if not self.packs:
            return
        ranks, vectors = stack(self.packs)
        self.start_bundle()
        centroids = np.frombuffer(self.table.centroids, "<i2").reshape(-1, self.table.dimension).astype(np.float32)
        sketched, row, cell = cells.place(vectors, centroids, self.plan)
        for number, members in groups(cell // CELLS_IN_AN_ELEMENT):
            rows = row[members]
            yield number, pack(ranks[rows], cell[members].astype(np.uint16), sketched[rows])


class JoinCells(beam.DoFn):
    """The rows of some cells -> (place of the check, candidates: earlier, later)."""

    def __init__(self, plan: cells.Plan, blocks: int):
        self.plan, self.blocks = plan, blocks
        self.tally = Tally(STAGE)

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Packed]:
        """One element for each place."""
        ranks, cell, sketched = stack(element[1])
        found = [
            cells.candidates(ranks[members], sketched[members], self.plan, seed=number)
            for number, members in groups(cell)
        ]
        earlier, later = (np.concatenate(column) for column in zip(*found, strict=True))
        self.tally.inc("candidates", len(earlier))
        yield from by_block(earlier, places(self.blocks), earlier, later)


class AskVectors(beam.DoFn):
    """Candidates of one place -> (block, ranks whose vectors are wanted there); aside the pairs, each once."""

    def __init__(self, blocks: int):
        self.blocks = blocks

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        """A pair that several cells found is checked once."""
        place, packs = element
        earlier, later = once(*(np.concatenate(column) for column in zip(*map(unpack, packs), strict=True)))
        yield TaggedOutput("pairs", (place, pack(earlier, later)))
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
    wide = widen(vectors)
    for pairs in sides["pairs"]:
        earlier, later = (np.searchsorted(ranks, side) for side in unpack(pairs))
        first, second, cosine = exactly(wide, earlier, later, threshold)
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
