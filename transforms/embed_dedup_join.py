"""MeaningDuplicates: vectors -> which of them are dropped, and for which kept one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsDict, AsSingleton
from apache_beam.utils.windowed_value import WindowedValue

from transforms.similarity import cells, kmeans, sketches
from transforms.similarity.ranks import blocks_of
from transforms.similarity.representatives import decide
from transforms.similarity.vectors import GRID, all_pairs, check, on_grid, pack, stack, unpack
from transforms.tally import Tally

STAGE = "embed_dedup"
Packed = tuple[int, bytes]  # a key, and arrays as `vectors.pack` makes them


@dataclass(kw_only=True)
class MeaningDuplicates(beam.PTransform):
    """(block, ranks and float16 vectors) -> (block of the dropped, ranks dropped, ranks kept for them, cosines).

    The earliest stays: a row is dropped if an earlier kept one is within `threshold`. Up to `cells.EXACT_ROWS` rows
    all pairs are compared; above, those that share a cell of one of several k-means tables.
    """

    threshold: float
    blocks: int

    def __post_init__(self) -> None:
        if not 0.5 <= self.threshold <= 0.99:
            raise ValueError(f"threshold is {self.threshold}; cosines from 0.5 to 0.99 can be asked for")

    def expand(self, vectors: beam.PCollection[Packed]) -> beam.PCollection[Packed]:
        """Cells, candidates, the exact check, representatives."""
        tables = cells.tables_for(self.threshold)
        least = sketches.cut(self.threshold)
        rows = vectors | "Count" >> beam.Map(count_rows) | "Sum" >> beam.CombineGlobally(sum)
        centroids = (
            vectors
            | "Sample" >> beam.FlatMap(sample_rows, tables, AsSingleton(rows)).with_output_types(Packed)
            | "ByTable" >> beam.GroupByKey()
            | "Train" >> beam.Map(train_table, AsSingleton(rows)).with_output_types(Packed)
        )
        found = (
            vectors
            | "Assign"
            >> beam.ParDo(AssignCells(tables), AsSingleton(rows), AsDict(centroids)).with_output_types(Packed)
            | "ByCell" >> beam.GroupByKey()
            | "Join"
            >> beam.ParDo(JoinCell(self.threshold, least, self.blocks))
            .with_output_types(Packed)
            .with_outputs("edges", main="pairs")
        )
        asked = (
            found.pairs
            | "ByFirst" >> beam.GroupByKey()
            | "Ask"
            >> beam.ParDo(AskVectors(self.blocks)).with_output_types(Packed).with_outputs("pairs", main="requests")
        )
        fetched = (
            {"vectors": vectors, "requests": asked.requests}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Fetch" >> beam.FlatMapTuple(fetch_vectors).with_output_types(Packed)
        )
        checked = (
            {"pairs": asked["pairs"], "vectors": fetched}
            | "ByPair" >> beam.CoGroupByKey()
            | "Check" >> beam.FlatMap(check_pairs, self.threshold).with_output_types(Packed)
        )
        return (
            (found["edges"], checked)
            | "Edges" >> beam.Flatten()
            | "Together" >> beam.GroupByKey()
            | "Decide" >> beam.FlatMap(decide_all, self.blocks).with_output_types(Packed)
        )


def count_rows(element: Packed) -> int:
    """Rows of a pack."""
    return len(unpack(element[1])[0])


def sample_rows(element: Packed, tables: int, rows: int) -> Iterator[Packed]:
    """(table, ranks and vectors) of the rows that each table is trained on, chosen by a hash of the rank."""
    count = cells.coarse_cells(rows)
    if count < 2:
        return
    ranks, vectors = unpack(element[1])
    share = min(1.0, count * cells.SAMPLE_ROWS / rows)
    for table in range(tables):
        chosen = kmeans.mix(ranks, table) < np.uint64(min(2**64 - 1, int(share * 2**64)))
        if chosen.any():
            yield table, pack(ranks[chosen], vectors[chosen])


def train_table(element: tuple[int, Iterable[bytes]], rows: int) -> Packed:
    """A table's coarse centroids."""
    table, packs = element
    ranks, vectors = stack(list(packs))
    order = np.argsort(kmeans.mix(ranks, table), kind="stable")
    return table, pack(kmeans.train(on_grid(vectors[order]), cells.coarse_cells(rows), GRID))


class AssignCells(beam.DoFn):
    """(block, vectors) -> (table and cell, ranks and sketches); a small corpus goes to one cell, vectors and all."""

    ROWS = 32768  # buffered before they are sent, so that elements stay large where cells are many

    def __init__(self, tables: int):
        self.tables = tables

    def start_bundle(self) -> None:
        """An empty buffer."""
        self.packs: list[bytes] = []
        self.buffered = 0

    def process(self, element: Packed, rows: int, centroids: dict[int, bytes]) -> Iterator[Packed]:
        """Sends what is buffered when it is enough."""
        self.rows, self.centroids = rows, centroids
        if not cells.coarse_cells(rows):
            yield 0, element[1]
            return
        self.packs.append(element[1])
        self.buffered += count_rows(element)
        if self.buffered >= self.ROWS:
            yield from self.send()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Sends the rest."""
        for element in self.send():
            yield beam.transforms.window.GlobalWindows.windowed_value(element)

    def send(self) -> Iterator[Packed]:
        """The buffered rows by table and cell."""
        if not self.packs:
            return
        ranks, vectors = stack(self.packs)
        self.start_bundle()
        rows = on_grid(vectors)
        for table in range(self.tables):
            sketched = sketches.sketch(rows, sketches.projection(rows.shape[1], table))
            if table in self.centroids:
                labels = kmeans.nearest(rows, unpack(self.centroids[table])[0])
            else:
                labels = np.zeros(len(rows), np.intp)
            for cell, members in groups_of(labels):
                yield table * cells.COARSE_CELLS + cell, pack(ranks[members], sketched[members])


class JoinCell(beam.DoFn):
    """One coarse cell -> (block of the earlier, pairs that may be near); of a small corpus the edges themselves."""

    def __init__(self, threshold: float, least: float, blocks: int):
        self.threshold, self.least, self.blocks = threshold, least, blocks
        self.tally = Tally(STAGE)

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        """Pairs by block of the earlier row."""
        cell, packs = element
        ranks, rows = stack(list(packs))
        if rows.dtype == np.float16:
            first, second, cosine = all_pairs(rows, self.threshold)
            yield beam.pvalue.TaggedOutput("edges", (0, pack(ranks[first], ranks[second], cosine)))
            return
        earlier, later = cells.candidates(ranks, rows, self.least, seed=cell)
        self.tally.inc("candidates", len(earlier))
        for block, members in groups_of(blocks_of(earlier, self.blocks)):
            yield block, pack(earlier[members], later[members])


class AskVectors(beam.DoFn):
    """Pairs of one block, each once; (block, ranks whose vectors are wanted and where)."""

    def __init__(self, blocks: int):
        self.blocks = blocks

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        """A pair that several tables found is checked once."""
        block, packs = element
        earlier, later = (np.concatenate(column) for column in zip(*map(unpack, packs), strict=True))
        order = np.lexsort((later, earlier))
        earlier, later = earlier[order], later[order]
        fresh = np.ones(len(earlier), bool)
        fresh[1:] = (earlier[1:] != earlier[:-1]) | (later[1:] != later[:-1])
        yield beam.pvalue.TaggedOutput("pairs", (block, pack(earlier[fresh], later[fresh])))
        wanted = np.unique(np.concatenate([earlier[fresh], later[fresh]]))
        for home, members in groups_of(blocks_of(wanted, self.blocks)):
            yield home, pack(wanted[members], np.full(len(members), block))


def fetch_vectors(block: int, sides: dict[str, list[bytes]]) -> Iterator[Packed]:
    """(block that asks, ranks and vectors) out of the block that holds them."""
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


def decide_all(element: tuple[int, Iterable[bytes]], blocks: int) -> Iterator[Packed]:
    """(block of the dropped, dropped, kept, cosines)."""
    earlier, later, cosine = (np.concatenate(column) for column in zip(*map(unpack, element[1]), strict=True))
    kept, dropped, cosine = decide(earlier, later, cosine)
    for block, members in groups_of(blocks_of(dropped, blocks)):
        yield block, pack(dropped[members], kept[members], cosine[members])


def groups_of(labels: Any) -> Iterator[tuple[int, Any]]:
    """(label, positions) of each label that occurs, both ascending."""
    if not len(labels):
        return
    order = np.argsort(labels, kind="stable")
    found, starts = np.unique(labels[order], return_index=True)
    for label, members in zip(found, np.split(order, starts[1:]), strict=True):
        yield int(label), members
