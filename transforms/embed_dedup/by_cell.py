"""DuplicatesByCell: each vector against those that share a cell with it, by sketch first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

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
from persona_hub.transforms.embed_dedup.cell_tables import table_for
from persona_hub.transforms.embed_dedup.elements import (
    pack_by_block,
    positions_in,
)
from persona_hub.transforms.records import Centroids
from persona_hub.transforms.similarity.arrays import groups
from persona_hub.transforms.similarity.edges import Edges, VerifiedEdges
from persona_hub.transforms.similarity.pairs import unique_pairs
from persona_hub.transforms.vectors.arrays import Ranks
from persona_hub.transforms.vectors.cells import CellTable, SearchPlan, assign_cells, candidates_of_cell
from persona_hub.transforms.vectors.float16 import confirmed_pairs, with_norms
from persona_hub.transforms.vectors.sketches import Scratch, Sketches
from persona_hub.transforms.wire.batches import Batch
from persona_hub.transforms.wire.packing import (
    Array,
    KeyedArrays,
    concatenated,
    pack_arrays,
    unpack_arrays,
    unpack_merged,
)

BLOCKS_IN_A_PARTITION = 12  # 180 MB at most; a row has candidates in many blocks, and goes to each partition of them
SENT_ROWS = 32768  # buffered, so that what goes to a cell comes in large elements
ASSIGNED_AT_ONCE = 1024  # packs of many blocks are small ones; that many rows are worth the start
CELLS_IN_AN_ELEMENT = 8  # for the same reason; at a billion rows a worker then holds 0.5 GB of sketches


@dataclass(kw_only=True)
class DuplicatesByCell(beam.PTransform):
    """(vectors, table) -> decisions as of `NearDuplicates`; nothing where there is no table.

    Sketches go to the cells, and vectors only where a candidate is to be checked. Say a row 7 lies in cell 40, and
    there its sketch is near that of row 3, which lies in block 5:

        Assign       row 7 goes to element 5 of cells 40 to 47, as its rank, cell 40, and sketch
        Candidates   (3, 7) is a candidate; pairs whose earlier row is in block 5 are checked in partition 0
        Requests     partition 0 asks the blocks of rows 3 and 7 for their vectors; it holds the pair back
        Fetch        the blocks send them
        ExactCheck   their cosine is 0.93, so 7 is near 3
        Representatives   3 is kept, so 7 is dropped for it
    """

    threshold: float
    blocks: int

    def expand(
        self, given: tuple[beam.PCollection[KeyedArrays], beam.PCollection[Batch[Centroids]]]
    ) -> beam.PCollection[KeyedArrays]:
        """Candidates by cell, then the exact check."""
        plan = SearchPlan.for_threshold(self.threshold)
        return (
            given
            | "Pairs"
            >> PairsByCell(search=NearInCell(plan), check=check_pairs, threshold=self.threshold, blocks=self.blocks)
            | "Representatives"
            >> Representatives(
                layout=PersonaLayout(self.blocks), partitions=self.blocks, rounds=rounds_for(self.blocks)
            )
        )


class CellSearch(Protocol):
    """How candidates are found in a cell."""

    plan: SearchPlan

    def candidates(self, ranks: Ranks, sketches: Sketches, *more: Array, seed: int) -> tuple[Ranks, Ranks]:
        """Pairs of ranks (earlier, later); rows come by rank, `more` are what came with their vectors."""


class NearInCell:
    """All whose sketches are near."""

    def __init__(self, plan: SearchPlan):
        self.plan = plan
        self.scratch = Scratch()

    def __reduce__(self) -> Any:
        """Without the memory for cells."""
        return NearInCell, (self.plan,)

    def candidates(self, ranks: Ranks, sketches: Sketches, *more: Array, seed: int) -> tuple[Ranks, Ranks]:
        """As `candidates_of_cell`."""
        return candidates_of_cell(ranks, sketches, self.plan, seed, self.scratch)


@dataclass(kw_only=True)
class PairsByCell(beam.PTransform):
    """(vectors, table) -> what `check` says of the candidates that `search` finds in cells.

    Rows are ranks, vectors, and what else is known of each, which `search` and `check` are given too.
    """

    search: CellSearch
    check: Callable[..., Iterator[KeyedArrays]]
    threshold: float
    blocks: int

    def expand(
        self, given: tuple[beam.PCollection[KeyedArrays], beam.PCollection[Batch[Centroids]]]
    ) -> beam.PCollection[KeyedArrays]:
        """Three shuffles: by cell, by partition of the check, and by block."""
        vectors, table = given
        requests = (
            vectors
            | "Assign" >> beam.ParDo(AssignCells(self.search.plan), AsIter(table)).with_output_types(KeyedArrays)
            | "ByCell" >> beam.GroupByKey()
            | "Candidates" >> beam.ParDo(FindCandidates(self.search, self.blocks)).with_output_types(KeyedArrays)
            | "ByEarlier" >> beam.GroupByKey()
            | "Requests"
            >> beam.ParDo(RequestVectors(self.blocks))
            .with_output_types(KeyedArrays)
            .with_outputs("pairs", main="requests")
        )
        fetched = (
            {"vectors": vectors, "requests": requests["requests"]}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Fetch" >> beam.FlatMapTuple(fetch_vectors).with_output_types(KeyedArrays)
        )
        return (
            {"pairs": requests["pairs"], "vectors": fetched}
            | "ByPartition" >> beam.CoGroupByKey()
            | "ExactCheck" >> beam.FlatMap(self.check, self.threshold).with_output_types(KeyedArrays)
        )


class AssignCells(beam.DoFn):
    """(block, ranks and vectors) -> (number of some cells, ranks, cells and sketches: a row for each cell of a row)."""

    def __init__(self, plan: SearchPlan):
        self.plan = plan

    def start_bundle(self) -> None:
        """Nothing waits."""
        self.table: CellTable | None = None
        self.unassigned: list[tuple[Array, ...]] = []  # ranks, vectors, what else is known of rows
        self.unassigned_rows = 0
        self.unsent: list[tuple[Array, ...]] = []  # ranks, cells, sketches, what else is known
        self.unsent_rows = 0  # whatever the number of their cells

    def process(self, element: KeyedArrays, tables: Iterable[Batch[Centroids]]) -> Iterator[KeyedArrays]:
        """Sends what waits when it is enough. Without a table there is nothing to do here."""
        for [table] in tables:
            self.table = self.table or table_for(table, self.plan)
            columns = unpack_arrays(element[1])
            self.unassigned.append(columns)
            self.unassigned_rows += len(columns[0])
            if self.unassigned_rows >= ASSIGNED_AT_ONCE:
                self.assign()
            if self.unsent_rows >= SENT_ROWS:
                yield from self.send()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Sends the rest."""
        if self.unassigned:
            self.assign()
        for element in self.send():
            yield GlobalWindows.windowed_value(element)
        self.start_bundle()

    def assign(self) -> None:
        """Finds the cells of the rows that wait for that."""
        assert self.table is not None
        ranks, vectors, *more = concatenated(self.unassigned)
        assigned = assign_cells(vectors, self.table, self.plan)
        row, cell = assigned.row, assigned.cell.astype(np.uint16)
        self.unsent.append((ranks[row], cell, assigned.sketches[row], *(column[row] for column in more)))
        self.unsent_rows += len(ranks)
        self.unassigned, self.unassigned_rows = [], 0

    def send(self) -> Iterator[KeyedArrays]:
        """The assigned rows, by cell."""
        if self.unsent:
            columns = concatenated(self.unsent)
            self.unsent, self.unsent_rows = [], 0
            for number, members in groups(columns[1] // CELLS_IN_AN_ELEMENT):
                yield number, pack_arrays(*(column[members] for column in columns))


class FindCandidates(beam.DoFn):
    """The rows of some cells -> (partition of the check, candidate pairs: ranks of the earlier, of the later)."""

    def __init__(self, search: CellSearch, blocks: int):
        self.search, self.blocks = search, blocks
        self.tally = Tally(EMBED_DEDUP)

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[KeyedArrays]:
        """One element for each partition."""
        ranks, cell, sketches, *more = concatenated([unpack_arrays(packed) for packed in element[1]])
        order = np.argsort(ranks)
        found = []
        for number, members in groups(cell[order]):
            rows = order[members]
            known = (column[rows] for column in more)
            found.append(self.search.candidates(ranks[rows], sketches[rows], *known, seed=number))
        earlier, later = concatenated(found)
        self.tally.inc("candidates", len(earlier))
        yield from pack_by_block(earlier, partitions_for(self.blocks), earlier, later)


class RequestVectors(beam.DoFn):
    """Candidates of one partition -> (block, ranks whose vectors are wanted there, partition); aside the pairs."""

    def __init__(self, blocks: int):
        self.blocks = blocks

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        """A pair that several cells found is checked once. Pairs are positions among the ranks that are wanted."""
        partition, packs = element
        earlier, later = unique_pairs(*concatenated([unpack_arrays(packed) for packed in packs]))
        wanted = np.unique(np.concatenate([earlier, later]))
        first, second = (np.searchsorted(wanted, side).astype(np.int32) for side in (earlier, later))
        yield TaggedOutput("pairs", (partition, pack_arrays(wanted, first, second)))
        yield from pack_by_block(wanted, self.blocks, wanted, np.full(len(wanted), partition))


def partitions_for(blocks: int) -> int:
    """Where pairs are checked, by the block of the earlier: fewer than blocks, as a vector goes to each that asks."""
    return -(-blocks // BLOCKS_IN_A_PARTITION)


def fetch_vectors(block: int, sides: dict[str, list[bytes]]) -> Iterator[KeyedArrays]:
    """(partition that asks, ranks and vectors) out of the block that holds them, read once for all that ask."""
    requests = [(int(partition[0]), wanted) for wanted, partition in map(unpack_arrays, sides["requests"])]
    found: list[list[tuple[Array, ...]]] = [[] for _ in requests]
    for columns in unpack_merged(sides["vectors"] if requests else ()):
        for (_, wanted), parts in zip(requests, found, strict=True):
            mine = np.flatnonzero(positions_in(wanted, columns[0]) >= 0)
            parts.append(tuple(column[mine] for column in columns))
    for partition, _ in requests:
        yield partition, pack_arrays(*concatenated(found.pop(0)))  # popped, so that each is freed when it is sent


def check_pairs(element: tuple[int, dict[str, list[bytes]]], threshold: float) -> Iterator[KeyedArrays]:
    """(0, packed `VerifiedEdges`): the pairs whose cosine reaches the threshold."""
    _, sides = element
    for wanted, earlier, later in map(unpack_arrays, sides["pairs"]):  # one, if any
        rows = np.empty((len(wanted), 0), np.float16)
        for ranks, vectors in unpack_merged(sides["vectors"]):
            if not rows.size:
                rows = np.empty((len(wanted), vectors.shape[1]), np.float16)
            rows[np.searchsorted(wanted, ranks)] = vectors
        near = confirmed_pairs(with_norms(rows), earlier, later, threshold)
        found = VerifiedEdges(Edges(wanted[near.first], wanted[near.second], near.cosine), Edges.none(), [])
        yield 0, pack_verified(found)
