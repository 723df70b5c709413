"""DropRows: rows and decisions -> the rows that are kept, and the dropped ones, each with its representative's name."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import orjson
from apache_beam.pvalue import AsSingleton, TaggedOutput

from persona_hub.transforms.counting.stages import PART_ROWS
from persona_hub.transforms.counting.tally import Tally
from persona_hub.transforms.dedup.chunk_rows import RowLayout, chunk_ranks, unpack_chunk
from persona_hub.transforms.dedup.chunks import Chunk, parse_row, parse_texts, split_lines
from persona_hub.transforms.dedup.edge_payloads import unpack_decisions
from persona_hub.transforms.dedup.layout import KeyedPayload, lookups_of_kept
from persona_hub.transforms.dedup.persona_rows import fill_similarities, unpack_existing
from persona_hub.transforms.dedup.sources import CHUNK_BITS, Source, source_at
from persona_hub.transforms.similarity.arrays import U64, Numbers
from persona_hub.transforms.wire.packing import KeyedArrays, unpack_arrays

OWN_ID_FIELDS = ("persona_id", "id", "_id", "uuid", "doc_id")  # what a row may call itself, best first


class RowName(NamedTuple):
    """What is said of a row that represents others."""

    own_id: str  # "" if it has none
    number: int  # of its line or row
    text: str


class DroppedRow(NamedTuple):
    """A row that is dropped."""

    representative: int  # its rank
    similarity: float
    text: str


class RowsDropped(NamedTuple):
    """What is kept and what is not."""

    kept: beam.PCollection[tuple[int, Chunk]]
    dropped: beam.PCollection[bytes]  # lines of JSON
    counts: beam.PCollection[Mapping[str, int]]


@dataclass(kw_only=True)
class DropRows(beam.PTransform):
    """{"rows", "decisions", "lines"} -> RowsDropped.

    "decisions" are as of `FindDuplicates`; "lines" has how many lines stand before each chunk of a file.
    """

    kind: str  # "text" | "meaning"
    layout: RowLayout
    sources: Sequence[Source]

    def expand(self, given: Mapping[str, beam.PCollection[Any]]) -> RowsDropped:
        """Two look-ups: in the chunk of the dropped, then in that of the kept."""
        lookups = given["decisions"] | "LookUp" >> beam.FlatMap(lookups_of_kept, self.layout).with_output_types(
            KeyedArrays
        )
        sides = (
            {"rows": given["rows"], "decisions": given["decisions"], "lookups": lookups}
            | "ByChunk" >> beam.CoGroupByKey()
            | "Drop"
            >> beam.ParDo(DropFromChunk(self.layout))
            .with_output_types(tuple[int, Chunk], dropped=KeyedPayload, names=KeyedPayload, counts=Any)
            .with_outputs("dropped", "names", "counts", main="kept")
        )
        name = beam.FlatMap(dropped_lines, self.kind, list(self.sources), AsSingleton(given["lines"]))
        dropped = (
            {side: sides[side] for side in ("dropped", "names")}
            | "ByKept" >> beam.CoGroupByKey()
            | "Name" >> name.with_output_types(bytes)
        )
        return RowsDropped(sides["kept"], dropped, sides["counts"])


class DropFromChunk(beam.DoFn):
    """One chunk -> what is kept of it; aside the dropped rows, by chunk of the kept one, and the names looked up."""

    def __init__(self, layout: RowLayout):
        self.layout = layout
        self.tally = Tally(PART_ROWS)

    def process(self, element: tuple[int, dict[str, list[bytes]]]) -> Iterator[Any]:
        """A hub's block gives names only."""
        number, sides = element
        sought = {rank for packed in sides["lookups"] for rank in unpack_arrays(packed)[0].tolist()}
        if number < 0:
            yield from self.names(number, hub_names(sides["rows"], sought))
            return
        for payload in sides["rows"]:  # one at most: a chunk is read whole
            chunk = unpack_chunk(payload)
            ranks = chunk_ranks(number, chunk)
            decisions = unpack_decisions(sides["decisions"])
            at = np.searchsorted(ranks, decisions.dropped)
            lines = split_lines(chunk.lines) if len(at) or sought else []
            yield from self.names(number, self.row_names(chunk, ranks, lines, sought))
            yield from self.dropped([lines[i] for i in at.tolist()], decisions.kept, decisions.similarity)
            keep = np.ones(len(ranks), bool)
            keep[at] = False
            kept = chunk.only(keep)
            self.tally.inc("kept", len(kept.offset))
            self.tally.inc("dropped", len(at))
            yield TaggedOutput("counts", {"kept": len(kept.offset), "dropped": len(at)})
            if len(kept.offset):
                yield number, kept

    def names(self, number: int, names: dict[int, RowName]) -> Iterator[TaggedOutput]:
        """The names that were looked up, if any."""
        if names:
            yield TaggedOutput("names", (number, pickle.dumps(names)))

    def row_names(self, chunk: Chunk, ranks: Numbers, lines: list[bytes], sought: set[int]) -> dict[int, RowName]:
        """Names of rows of a chunk, by rank."""
        names = {}
        for i in np.flatnonzero(np.isin(ranks, np.fromiter(sought, U64, len(sought)))).tolist():
            row = row_fields(lines[i], self.layout.field)
            names[int(ranks[i])] = RowName(own_id(row), int(chunk.number[i]), row[self.layout.field])
        return names

    def dropped(self, lines: list[bytes], kept: Numbers, similarity: Numbers) -> Iterator[TaggedOutput]:
        """Dropped rows, by the block of the row that represents each."""
        by_block: dict[int, list[DroppedRow]] = {}
        blocks = self.layout.locate(kept).tolist()
        for block, line, rank, near in zip(blocks, lines, kept.tolist(), similarity.tolist(), strict=True):
            text = row_fields(line, self.layout.field)[self.layout.field]
            by_block.setdefault(block, []).append(DroppedRow(rank, near, text))
        for block, rows in by_block.items():
            yield TaggedOutput("dropped", (block, pickle.dumps(rows)))


def hub_names(payloads: Iterable[bytes], sought: set[int]) -> dict[int, RowName]:
    """Names of personas of a hub: their ids."""
    names: dict[int, RowName] = {}
    for payload in payloads if sought else ():
        found = unpack_existing(payload).named(sought)
        names |= {rank: RowName(key, 0, text) for rank, (key, text) in found.items()}
    return names


def row_fields(line: bytes, field: str) -> Mapping[str, Any]:
    """The row in a line that pyarrow has read; of one that only pyarrow reads (a thousand levels deep), the text."""
    try:
        row: Mapping[str, Any] = parse_row(line)
    except ValueError:
        row = {field: parse_texts(line, field).data.decode("utf-8", "replace")}
    return row


def own_id(row: Mapping[str, Any]) -> str:
    """What a row calls itself; "" if it does not."""
    for field in OWN_ID_FIELDS:
        value = row.get(field)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value)
    return ""


def dropped_lines(
    element: tuple[int, dict[str, list[bytes]]], kind: str, sources: Sequence[Source], lines: Mapping[int, int]
) -> Iterator[bytes]:
    """The dropped rows that one chunk's rows represent -> lines of JSON."""
    number, sides = element
    names: dict[int, RowName] = {}
    for packed in sides["names"]:
        names.update(pickle.loads(packed))
    path = source_at(sources, max(0, number) << CHUNK_BITS).path
    first = lines.get(number, 0)
    out = []
    for packed in sides["dropped"]:
        rows: list[DroppedRow] = pickle.loads(packed)
        kept = [names[row.representative] for row in rows]
        near = fill_similarities([row.similarity for row in rows], [row.text for row in rows], [k.text for k in kept])
        for row, name, similarity in zip(rows, kept, near, strict=True):
            duplicate_of = name.own_id or f"{path}:{first + name.number}"
            line = {"text": row.text, "duplicate_of": duplicate_of, "kind": kind, "similarity": similarity}
            out.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    if out:
        yield b"".join(out)
