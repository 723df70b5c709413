"""DropRows: rows and decisions -> the rows that are kept, and the dropped ones, each with its representative's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsSingleton, TaggedOutput
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from persona_hub.transforms.counting.stages import PART_ROWS
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.chunk_rows import RowLayout, chunk_ranks, pack_kept, unpack_chunk
from persona_hub.transforms.dedup.chunks import Chunk, split_lines
from persona_hub.transforms.dedup.edge_payloads import unpack_decisions
from persona_hub.transforms.dedup.layout import pack_by_block
from persona_hub.transforms.dedup.persona_rows import unpack_existing
from persona_hub.transforms.dedup.sources import CHUNK_BITS, Source, source_at
from persona_hub.transforms.dedup_rows.row_names import (
    DroppedRow,
    KeptName,
    dropped_lines,
    own_id,
    pack_rows,
    row_fields,
)
from persona_hub.transforms.similarity.arrays import U64, Numbers, mix
from persona_hub.transforms.wire.packing import KeyedArrays, concatenated, unpack_arrays

SENT_BYTES = 16 << 20  # of texts that wait for their partition: then they travel in large values
SENT_LOOKUPS = 1 << 20
ROW_OVERHEAD = 200  # bytes of a row besides its text


class KeptRows(NamedTuple):
    """What stays of a chunk."""

    chunk: Chunk
    payload: bytes  # the same rows as `RowLayout` reads them


class RowsDropped(NamedTuple):
    """What is kept and what is not."""

    kept: beam.PCollection[tuple[int, KeptRows]]  # by number of the chunk
    dropped: beam.PCollection[tuple[int, bytes]]  # lines of JSON, by partition
    counts: beam.PCollection[Mapping[str, int]]


@dataclass(kw_only=True)
class DropRows(beam.PTransform):
    """{"rows", "decisions", "lines"} -> RowsDropped.

    "decisions" are as of `FindDuplicates`; "lines" has how many lines stand before each chunk of a file. Of a row as
    little as possible travels: kept rows leave where they are read, and each dropped one meets the name of its
    representative in one of `partitions` places. What waits there is a few large values, whatever the number of chunks.
    """

    kind: str  # "text" | "meaning" | "language"
    layout: RowLayout
    sources: Sequence[Source]
    partitions: int

    def expand(self, given: Mapping[str, beam.PCollection[Any]]) -> RowsDropped:
        """Two look-ups: in the chunk of the dropped and in that of the kept, both read once."""
        lookups = given["decisions"] | "LookUp" >> beam.ParDo(LookUpKept(self.layout)).with_output_types(KeyedArrays)
        drop = DropFromChunk(self.layout, self.sources, self.partitions)
        sides = (
            {"rows": given["rows"], "decisions": given["decisions"], "lookups": lookups}
            | "ByChunk" >> beam.CoGroupByKey()
            | "Drop"
            >> beam.ParDo(drop, AsSingleton(given["lines"]))
            .with_output_types(tuple[int, KeptRows], dropped=KeyedArrays, names=KeyedArrays, counts=Any)
            .with_outputs("dropped", "names", "counts", main="kept")
        )
        name = beam.FlatMap(lines_of_partition, self.kind).with_output_types(tuple[int, bytes])
        dropped = (
            {side: sides[side] for side in ("dropped", "names")} | "ByKept" >> beam.CoGroupByKey() | "Name" >> name
        )
        return RowsDropped(sides["kept"], dropped, sides["counts"])


def lines_of_partition(element: tuple[int, Mapping[str, Iterable[bytes]]], kind: str) -> Iterator[tuple[int, bytes]]:
    """(partition, lines of JSON) of what one partition has."""
    for lines in dropped_lines(element[1], kind):
        yield element[0], lines


class LookUpKept(beam.DoFn):
    """Decisions -> (block of the kept, ranks there that represent a dropped row, whether their text is wanted).

    The text is wanted where the similarity was not computed. Many decisions go together, else each would make an
    element for each block.
    """

    def __init__(self, layout: RowLayout):
        self.layout = layout

    def start_bundle(self) -> None:
        """Nothing waits."""
        self.waiting: list[tuple[Numbers, ...]] = []
        self.rows = 0

    def process(self, element: KeyedArrays) -> Iterator[KeyedArrays]:
        """Sends what waits when it is enough."""
        _, kept, similarity = unpack_arrays(element[1])
        self.waiting.append((kept, np.isnan(similarity)))
        self.rows += len(kept)
        if self.rows >= SENT_LOOKUPS:
            yield from self.send()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Sends the rest."""
        yield from map(GlobalWindows.windowed_value, self.send())

    def send(self) -> Iterator[KeyedArrays]:
        """What waits, by block."""
        if self.waiting:
            ranks, unknown = concatenated(self.waiting)
            kept, place = np.unique(ranks, return_inverse=True)
            wanted = np.zeros(len(kept), bool)
            wanted[place[unknown]] = True
            self.start_bundle()
            yield from pack_by_block(self.layout, kept, kept, wanted)


class DropFromChunk(beam.DoFn):
    """One chunk -> what is kept of it; aside dropped rows and names, both by partition of the kept row."""

    def __init__(self, layout: RowLayout, sources: Sequence[Source], partitions: int):
        self.layout, self.sources, self.partitions = layout, list(sources), partitions
        self.tally = Tally(PART_ROWS)

    def start_bundle(self) -> None:
        """Nothing waits."""
        self.waiting: dict[tuple[str, int], list[Any]] = {}  # by output and partition
        self.bytes = 0

    def process(self, element: tuple[int, dict[str, list[bytes]]], before: Mapping[int, int]) -> Iterator[Any]:
        """A hub's block gives names only. `before`: lines of its file before each chunk."""
        number, sides = element
        sought = sought_texts(sides["lookups"])
        if number < 0:
            self.put_names(hub_names(sides["rows"], sought))
        else:
            for payload in sides["rows"]:  # one at most: a chunk is read whole
                yield from self.drop(number, payload, sides["decisions"], sought, before)
        if self.bytes >= SENT_BYTES:
            yield from self.send()

    def finish_bundle(self) -> Iterator[TaggedOutput]:
        """Sends the rest."""
        for output in self.send():
            yield TaggedOutput(output.tag, GlobalWindows.windowed_value(output.value))

    def drop(
        self, number: int, payload: bytes, packs: list[bytes], sought: dict[int, bool], before: Mapping[int, int]
    ) -> Iterator[Any]:
        """A chunk of rows without those that are dropped."""
        chunk = unpack_chunk(payload)
        ranks = chunk_ranks(number, chunk)
        decisions = unpack_decisions(packs)
        at = np.searchsorted(ranks, decisions.dropped)
        lines = split_lines(chunk.lines) if len(at) or sought else []
        path, first = source_at(self.sources, number << CHUNK_BITS).name, before.get(number, 0)

        def named(i: int) -> tuple[str, str]:
            """The name and the text of a row."""
            row = row_fields(lines[i], self.layout.field)
            return own_id(row) or f"{path}:{first + int(chunk.number[i])}", row[self.layout.field]

        for i in np.flatnonzero(np.isin(ranks, np.fromiter(sought, U64, len(sought)))).tolist():
            rank = int(ranks[i])
            name, text = named(i)
            self.put_names([KeptName(rank, name, text if sought[rank] else "")])
        places = self.partitions_of(decisions.kept).tolist()
        columns = places, at.tolist(), decisions.kept.tolist(), decisions.similarity.tolist()
        for place, i, kept, similarity in zip(*columns, strict=True):
            self.put("dropped", place, DroppedRow(kept, similarity, *named(i)))
        keep = np.ones(len(ranks), bool)
        keep[at] = False
        kept_chunk = chunk.only(keep)
        rows = len(kept_chunk.offset)
        self.tally.inc("kept", rows)
        self.tally.inc("dropped", len(at))
        yield TaggedOutput("counts", {"kept": rows, "dropped": len(at)})
        if rows:
            yield number, KeptRows(kept_chunk, pack_kept(payload, kept_chunk))

    def partitions_of(self, ranks: Numbers) -> Numbers:
        """Where each kept row meets those that it represents: a hash, as neighbours in a file may represent many."""
        return mix(ranks) % U64(self.partitions)

    def put_names(self, names: list[KeptName]) -> None:
        """Has names wait for their partitions."""
        places = self.partitions_of(np.fromiter((name.rank for name in names), U64, len(names)))
        for place, name in zip(places.tolist(), names, strict=True):
            self.put("names", place, name)

    def put(self, side: str, partition: int, row: KeptName | DroppedRow) -> None:
        """Has a row wait for its partition."""
        self.waiting.setdefault((side, partition), []).append(row)
        self.bytes += len(row.text) + ROW_OVERHEAD

    def send(self) -> Iterator[TaggedOutput]:
        """All that waits."""
        waiting = self.waiting
        self.start_bundle()
        for (side, partition), rows in waiting.items():
            yield TaggedOutput(side, (partition, pack_rows(rows)))


def sought_texts(packs: Iterable[bytes]) -> dict[int, bool]:
    """{rank that is looked up: whether its text is wanted}."""
    sought: dict[int, bool] = {}
    for ranks, wanted in map(unpack_arrays, packs):
        for rank, text in zip(ranks.tolist(), wanted.tolist(), strict=True):
            sought[rank] = text or sought.get(rank, False)
    return sought


def hub_names(payloads: Iterable[bytes], sought: Mapping[int, bool]) -> list[KeptName]:
    """Names of personas of a hub: their ids."""
    names: dict[int, KeptName] = {}
    for payload in payloads if sought else ():
        found = unpack_existing(payload).named(sought)
        names |= {rank: KeptName(rank, key, text if sought[rank] else "") for rank, (key, text) in found.items()}
    return list(names.values())
