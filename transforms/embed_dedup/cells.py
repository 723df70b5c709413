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

from persona_hub.transforms.counting.stages import EMBED_DEDUP
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.edge_payloads import pack_verified
from persona_hub.transforms.dedup.persona_rows import PersonaLayout
from persona_hub.transforms.dedup.representatives import Representatives, rounds_for
from persona_hub.transforms.records import Centroids
from persona_hub.transforms.similarity.arrays import groups
from persona_hub.transforms.similarity.edges import Edges, VerifiedEdges
from persona_hub.transforms.similarity.pairs import unique_pairs
from persona_hub.transforms.similarity.ranks import blocks_of
from persona_hub.transforms.vectors import cells
from persona_hub.transforms.vectors.sketches import Scratch
from persona_hub.transforms.vectors.vectors import exactly, measured
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import KeyedArrays, concatenated, pack_arrays, unpack_arrays, unpack_merged

BLOCKS_IN_A_PLACE = 12  # 180 MB at most; a row has candidates in many blocks, and its vector goes to each place of them
ASSIGN_ROWS = 32768  # buffered, so that what goes to a cell comes in large elements
PLACE_ROWS = 1024  # packs of many blocks are small ones; that many rows are worth the start
CELLS_IN_AN_ELEMENT = 8  # for the same reason; at a billion rows a worker then holds 0.5 GB of sketches


class TooManyRows(RuntimeError):
    """More rows than one worker can hold."""


@dataclass(kw_only=True)
class DuplicatesByCell(beam.PTransform):
    """(vectors, table) -> decisions as of `MeaningDuplicates`; nothing where there is no table."""

    threshold: float
    blocks: int

    def __post_init__(self) -> None:
        super().__init__()
        self.plan = cells.Plan.of(self.threshold)

    def expand(
        self, given: tuple[beam.PCollection[KeyedArrays], beam.PCollection[Batch[Centroids]]]
    ) -> beam.PCollection[KeyedArrays]:
        """Only sketches go to the cells; vectors are fetched for candidates."""
        vectors, table = given
        asked = (
            vectors
            | "Assign" >> beam.ParDo(AssignCells(self.plan), AsIter(table)).with_output_types(KeyedArrays)
            | "ByCell" >> beam.GroupByKey()
            | "Candidates" >> beam.ParDo(JoinCells(self.plan, self.blocks)).with_output_types(KeyedArrays)
            | "ByFirst" >> beam.GroupByKey()
            | "Ask"
            >> beam.ParDo(AskVectors(self.blocks)).with_output_types(KeyedArrays).with_outputs("pairs", main="requests")
        )
        fetched = (
            {"vectors": vectors, "requests": asked["requests"]}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Fetch" >> beam.FlatMapTuple(fetch_vectors).with_output_types(KeyedArrays)
        )
        return (
            {"pairs": asked["pairs"], "vectors": fetched}
            | "ByPair" >> beam.CoGroupByKey()
            | "ExactCheck" >> beam.FlatMap(check_pairs, self.threshold).with_output_types(KeyedArrays)
            | "Representatives"
            >> Representatives(
                layout=PersonaLayout(self.blocks), partitions=self.blocks, rounds=rounds_for(self.blocks)
            )
        )


class AssignCells(beam.DoFn):
    """(block, vectors) -> (number of some cells, ranks, cells and sketches)."""

    def __init__(self, plan: cells.Plan):
        self.plan = plan

    def start_bundle(self) -> None:
        """Nothing waits."""
        self.table: cells.Table | None = None
        self.packs: list[tuple[Any, ...]] = []  # that are not placed yet: ranks, vectors
        self.placed: list[tuple[Any, ...]] = []  # ranks, cells, sketches: a row for each cell that one goes to
        self.waiting = self.rows = 0  # of packs, and of what is placed

    def process(self, element: KeyedArrays, tables: Iterable[Batch[Centroids]]) -> Iterator[KeyedArrays]:
        """Sends what waits when it is enough. Without a table there is nothing to do here."""
        for [table] in tables:
            self.table = self.table or cells.Table.read(table)
            self.packs.append(unpack_arrays(element[1]))
            self.waiting += len(self.packs[-1][0])
            if self.waiting >= PLACE_ROWS:
                self.place()
            if self.rows >= ASSIGN_ROWS:
                yield from self.send()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Sends the rest."""
        if self.packs:
            self.place()
        for element in self.send():
            yield GlobalWindows.windowed_value(element)
        self.start_bundle()

    def place(self) -> None:
        """Finds the cells of the packs' rows."""
        assert self.table is not None
        ranks, vectors = concatenated(self.packs)
        sketched, row, cell = cells.place(vectors, self.table, self.plan)
        self.placed.append((ranks[row], cell.astype(np.uint16), sketched[row]))
        self.rows += len(ranks)
        self.packs, self.waiting = [], 0

    def send(self) -> Iterator[KeyedArrays]:
        """The placed rows by cell."""
        if self.placed:
            ranks, cell, sketched = concatenated(self.placed)
            self.placed, self.rows = [], 0
            for number, members in groups(cell // CELLS_IN_AN_ELEMENT):
                yield number, pack_arrays(ranks[members], cell[members], sketched[members])


class JoinCells(beam.DoFn):
    """The rows of some cells -> (place of the check, candidates: earlier, later)."""

    def __init__(self, plan: cells.Plan, blocks: int):
        self.plan, self.blocks = plan, blocks
        self.tally = Tally(EMBED_DEDUP)

    def setup(self) -> None:
        """Memory for all cells."""
        self.scratch = Scratch()

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[KeyedArrays]:
        """One element for each place."""
        ranks, cell, sketched = concatenated([unpack_arrays(packed) for packed in element[1]])
        order = np.argsort(ranks)
        found = []
        for number, members in groups(cell[order]):
            rows = order[members]
            found.append(cells.candidates(ranks[rows], sketched[rows], self.plan, number, self.scratch))
        earlier, later = (np.concatenate(column) for column in zip(*found, strict=True))
        self.tally.inc("candidates", len(earlier))
        yield from by_block(earlier, places(self.blocks), earlier, later)


class AskVectors(beam.DoFn):
    """Candidates of one place -> (block, ranks whose vectors are wanted there); aside the pairs, each once."""

    def __init__(self, blocks: int):
        self.blocks = blocks

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        """A pair that several cells found is checked once. Pairs are positions among the ranks that are wanted."""
        place, packs = element
        earlier, later = unique_pairs(
            *(np.concatenate(column) for column in zip(*map(unpack_arrays, packs), strict=True))
        )
        wanted = np.unique(np.concatenate([earlier, later]))
        first, second = (np.searchsorted(wanted, side).astype(np.int32) for side in (earlier, later))
        yield TaggedOutput("pairs", (place, pack_arrays(wanted, first, second)))
        yield from by_block(wanted, self.blocks, wanted, np.full(len(wanted), place))


def places(blocks: int) -> int:
    """Where pairs are checked, by the block of the earlier: fewer than blocks, as a vector goes to each that asks."""
    return -(-blocks // BLOCKS_IN_A_PLACE)


def fetch_vectors(block: int, sides: dict[str, list[bytes]]) -> Iterator[KeyedArrays]:
    """(place that asks, ranks and vectors) out of the block that holds them."""
    requests = [(int(asking[0]), wanted) for wanted, asking in map(unpack_arrays, sides["requests"])]
    found: list[list[tuple[Any, ...]]] = [[] for _ in requests]
    for ranks, vectors in unpack_merged(sides["vectors"] if requests else ()):
        for (_, wanted), parts in zip(requests, found, strict=True):
            mine = np.flatnonzero(positions(wanted, ranks) >= 0)
            parts.append((ranks[mine], vectors[mine]))
    for place, _ in requests:
        yield place, pack_arrays(*concatenated(found.pop(0)))


def positions(wanted: Any, ranks: Any) -> Any:
    """Where each of `ranks` lies among those `wanted`, which ascend; -1 for one that is not wanted."""
    at = np.minimum(np.searchsorted(wanted, ranks), len(wanted) - 1)
    return np.where(wanted[at] == ranks, at, -1)


def check_pairs(element: tuple[int, dict[str, list[bytes]]], threshold: float) -> Iterator[KeyedArrays]:
    """(0, packed `VerifiedEdges`): the pairs whose cosine reaches the threshold."""
    _, sides = element
    for wanted, earlier, later in map(unpack_arrays, sides["pairs"]):  # one, if any
        rows = np.empty((len(wanted), 0), np.float16)
        for ranks, vectors in unpack_merged(sides["vectors"]):
            if not rows.size:
                rows = np.empty((len(wanted), vectors.shape[1]), np.float16)
            rows[np.searchsorted(wanted, ranks)] = vectors
        first, second, cosine = exactly(measured(rows), earlier, later, threshold)
        yield 0, pack_verified(VerifiedEdges(Edges(wanted[first], wanted[second], cosine), Edges.none(), []))


def by_block(ranks: Any, blocks: int, *columns: Any) -> Iterator[KeyedArrays]:
    """Columns, packed for each block that `ranks` lie in."""
    for block, members in groups(blocks_of(ranks, blocks)):
        yield block, pack_arrays(*(column[members] for column in columns))
