"""PartRows: rows and decisions -> the rows that stay, and those that go, each with the name of the one that stays."""

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
from persona_hub.transforms.dedup.chunks import Chunk, row_of, split, texts_of
from persona_hub.transforms.dedup.persona_rows import PersonaLayout, similarities, unpack_held
from persona_hub.transforms.dedup.read_rows import chunk_of
from persona_hub.transforms.dedup.rows import Packed, by_block
from persona_hub.transforms.dedup.sources import CHUNK_BITS, POSITION_BITS, Source, source_at
from persona_hub.transforms.similarity.arrays import I64, U64, Numbers
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.similarity.shingles import Tokens, tokenise_utf8
from persona_hub.transforms.wire.packing import unpack_arrays

ID_FIELDS = ("persona_id", "id", "_id", "uuid", "doc_id")  # what a row may call itself, best first
POSITION = (1 << POSITION_BITS) - 1

Name = tuple[str, int, str]  # the row's own id or "", the number of its line or row, its text


class Parted(NamedTuple):
    """What stays and what does not."""

    kept: beam.PCollection[tuple[int, Chunk]]
    dropped: beam.PCollection[bytes]  # lines of JSON
    counts: beam.PCollection[Mapping[str, int]]


@dataclass(frozen=True)
class RowLayout:
    """Rows of files by chunk; and the personas of a hub, whose block b goes by the number -1 - b."""

    field: str
    hub_blocks: int = 1

    def read(self, block: int, payload: bytes) -> tuple[Numbers, Tokens]:
        """Ranks and tokens of an element."""
        if block < 0:
            return PersonaLayout(self.hub_blocks).read(-1 - block, payload)
        chunk = chunk_of(payload)
        return ranks_in(block, chunk), tokenise_utf8(*texts_of(chunk.lines, self.field))

    def locate(self, ranks: Numbers) -> Numbers:
        """The chunk or the block of each rank."""
        chunk = ((ranks & U64(POSITION)) >> U64(CHUNK_BITS)).astype(I64)
        return np.where(ranks >= U64(NEW), chunk, -1 - PersonaLayout(self.hub_blocks).locate(ranks))


def ranks_in(number: int, chunk: Chunk) -> Numbers:
    """The ranks of a chunk's rows: new, in order of position."""
    return chunk.offset.astype(U64) + U64(NEW + (number << CHUNK_BITS))


@dataclass(kw_only=True)
class PartRows(beam.PTransform):
    """{"rows", "decisions", "lines"} -> Parted.

    "decisions" are as of `FindDuplicates`; "lines" tells how many lines stand before each chunk of a file.
    """

    kind: str  # "text" | "meaning"
    layout: RowLayout
    sources: Sequence[Source]

    def expand(self, given: Mapping[str, beam.PCollection[Any]]) -> Parted:
        """Two look-ups: in the chunk of the dropped, then in that of the kept."""
        wanted = given["decisions"] | "Wanted" >> beam.FlatMap(wanted_names, self.layout).with_output_types(Packed)
        parted = (
            {"rows": given["rows"], "decisions": given["decisions"], "wanted": wanted}
            | "ByChunk" >> beam.CoGroupByKey()
            | "Part"
            >> beam.ParDo(Part(self.layout))
            .with_output_types(tuple[int, Chunk], dropped=Packed, names=Packed, counts=Any)
            .with_outputs("dropped", "names", "counts", main="kept")
        )
        sides = {side: parted[side] for side in ("dropped", "names")}
        name = beam.FlatMap(name_kept, self.kind, list(self.sources), AsSingleton(given["lines"]))
        dropped = sides | "ByKept" >> beam.CoGroupByKey() | "Name" >> name.with_output_types(bytes)
        return Parted(parted["kept"], dropped, parted["counts"])


def wanted_names(element: Packed, layout: RowLayout) -> Iterator[Packed]:
    """(block of the kept, the ranks there whose names are asked for)."""
    kept = np.unique(unpack_arrays(element[1])[1])
    yield from by_block(layout, kept, kept)


class Part(beam.DoFn):
    """One chunk -> what stays of it; aside the dropped, by chunk of their kept ones, and the names asked for."""

    def __init__(self, layout: RowLayout):
        self.layout = layout
        self.tally = Tally(PART_ROWS)

    def process(self, element: tuple[int, dict[str, list[bytes]]]) -> Iterator[Any]:
        """A hub's block gives names only."""
        number, sides = element
        wanted = {rank for packed in sides["wanted"] for rank in unpack_arrays(packed)[0].tolist()}
        if number < 0:
            yield from self.names(number, hub_names(sides["rows"], wanted))
            return
        for packed in sides["rows"]:  # one at most: a chunk is read whole
            chunk = chunk_of(packed)
            ranks = ranks_in(number, chunk)
            columns = [unpack_arrays(each) for each in sides["decisions"]]
            gone, keeper, similarity = (
                np.concatenate(column) for column in (zip(*columns, strict=True) if columns else ([[]], [[]], [[]]))
            )
            at = np.searchsorted(ranks, gone.astype(U64))
            lines = split(chunk.lines) if len(at) or wanted else []
            yield from self.names(number, self.row_names(chunk, ranks, lines, wanted))
            yield from self.dropped([lines[i] for i in at.tolist()], keeper.astype(U64), similarity)
            keep = np.ones(len(ranks), bool)
            keep[at] = False
            kept = chunk.only(keep)
            self.tally.inc("kept", len(kept.offset))
            self.tally.inc("dropped", len(at))
            yield TaggedOutput("counts", {"kept": len(kept.offset), "dropped": len(at)})
            if len(kept.offset):
                yield number, kept

    def names(self, number: int, names: dict[int, Name]) -> Iterator[TaggedOutput]:
        """The names asked for, if any."""
        if names:
            yield TaggedOutput("names", (number, pickle.dumps(names)))

    def row_names(self, chunk: Chunk, ranks: Numbers, lines: list[bytes], wanted: set[int]) -> dict[int, Name]:
        """Names of rows of a chunk."""
        names = {}
        for i in np.flatnonzero(np.isin(ranks, np.fromiter(wanted, U64, len(wanted)))).tolist():
            row = fields_of(lines[i], self.layout.field)
            names[int(ranks[i])] = (own_id(row), int(chunk.number[i]), row[self.layout.field])
        return names

    def dropped(self, lines: list[bytes], keeper: Numbers, similarity: Numbers) -> Iterator[TaggedOutput]:
        """Rows that do not stay, by the block of the ones that do."""
        groups: dict[int, list[tuple[int, float, str]]] = {}
        homes = self.layout.locate(keeper).tolist()
        for home, line, rank, near in zip(homes, lines, keeper.tolist(), similarity.tolist(), strict=True):
            text = fields_of(line, self.layout.field)[self.layout.field]
            groups.setdefault(home, []).append((rank, near, text))
        for home, rows in groups.items():
            yield TaggedOutput("dropped", (home, pickle.dumps(rows)))


def hub_names(payloads: Iterable[bytes], wanted: set[int]) -> dict[int, Name]:
    """Names of personas of a hub: their ids."""
    names: dict[int, Name] = {}
    for payload in payloads if wanted else ():
        names |= {rank: (key, 0, text) for rank, (key, text) in unpack_held(payload).named(wanted).items()}
    return names


def fields_of(line: bytes, field: str) -> Mapping[str, Any]:
    """The row in a line that pyarrow has read; of one that only pyarrow reads (a thousand levels deep), the text."""
    try:
        row: Mapping[str, Any] = row_of(line)
    except ValueError:
        row = {field: texts_of(line, field).data.decode("utf-8", "replace")}
    return row


def own_id(row: Mapping[str, Any]) -> str:
    """What a row calls itself; "" if it does not."""
    for field in ID_FIELDS:
        value = row.get(field)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value)
    return ""


def name_kept(
    element: tuple[int, dict[str, list[bytes]]], kind: str, sources: Sequence[Source], lines: Mapping[int, int]
) -> Iterator[bytes]:
    """The dropped of one chunk of kept ones -> lines of JSON."""
    number, sides = element
    names: dict[int, Name] = {}
    for packed in sides["names"]:
        names.update(pickle.loads(packed))
    before = f"{source_at(sources, max(0, number) << CHUNK_BITS).path}:"
    first = lines.get(number, 0)
    places = {rank: own or f"{before}{first + line}" for rank, (own, line, _) in names.items()}
    out = []
    for packed in sides["dropped"]:
        ranks, found, texts = zip(*pickle.loads(packed), strict=True)
        nearness = similarities(found, texts, [names[rank][2] for rank in ranks])
        for rank, near, text in zip(ranks, nearness, texts, strict=True):
            row = {"text": text, "duplicate_of": places[rank], "kind": kind, "similarity": near}
            out.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    if out:
        yield b"".join(out)


def lines_before(counts: Iterable[Numbers], sources: Sequence[Source]) -> dict[int, int]:
    """{chunk: lines of its file before it}, from rows (chunk, lines)."""
    before: dict[int, int] = {}
    path, total = "", 0
    for chunk, lines in sorted(row.tolist() for row in counts):
        source = source_at(sources, chunk << CHUNK_BITS)
        if source.path != path:
            path, total = source.path, 0
        before[chunk] = total
        total += lines
    return before
