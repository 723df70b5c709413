"""Rows of files as the rows of a search for near-duplicates: how they lie in chunks, and how they travel."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from persona_hub.transforms.dedup.chunks import NO_TEXTS, Chunk, ParsedChunk, parse_texts
from persona_hub.transforms.dedup.persona_rows import PersonaLayout
from persona_hub.transforms.dedup.row_files import SourceRange, read_source_range
from persona_hub.transforms.dedup.sources import CHUNK_BITS, POSITION_BITS, Source, source_at
from persona_hub.transforms.similarity.arrays import I64, U8, U32, U64, Numbers
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.similarity.shingles import Tokens, tokenise_utf8
from persona_hub.transforms.wire.packing import pack_arrays, unpack_arrays

POSITION = (1 << POSITION_BITS) - 1


@dataclass(frozen=True)
class RowLayout:
    """Rows of files by chunk; and the personas of a hub, whose block b goes by the number -1 - b."""

    field: str
    hub_blocks: int = 1

    def read(self, block: int, payload: bytes) -> tuple[Numbers, Tokens]:
        """Ranks and tokens of an element."""
        if block < 0:
            return PersonaLayout(self.hub_blocks).read(-1 - block, payload)
        chunk, texts = unpack_parsed(payload, self.field)
        return chunk_ranks(block, chunk), tokenise_utf8(*texts)

    def locate(self, ranks: Numbers) -> Numbers:
        """The chunk or the block of each rank."""
        chunk = ((ranks & U64(POSITION)) >> U64(CHUNK_BITS)).astype(I64)
        return np.where(ranks >= U64(NEW), chunk, -1 - PersonaLayout(self.hub_blocks).locate(ranks))


def chunk_ranks(number: int, chunk: Chunk) -> Numbers:
    """The ranks of a chunk's rows: new, in order of position."""
    return chunk.offset.astype(U64) + U64(NEW + (number << CHUNK_BITS))


ALL_ROWS = np.empty(0, U32)  # in place of the numbers of the rows of a chunk: all can be used
REFERENCE_ARRAYS = 2  # of a payload that says where a chunk can be read again; a chunk itself has three


class LastParsed:
    """The chunk that was parsed last, under the payload it was packed to: a cache of one entry.

    `ReadRange` parses a chunk to check it, and `RowLayout.read` wants it, with its texts, right after, in the next step
    of the same stage: without the cache every row would be read and parsed twice. The key is the payload's content, so
    that an entry is right wherever it is found. It is replaced as a whole: runners run bundles in threads side by side.
    """

    def __init__(self) -> None:
        self.entry: tuple[bytes, ParsedChunk] = (b"", ParsedChunk(Chunk(np.empty(0), np.empty(0), b""), NO_TEXTS))

    def put(self, payload: bytes, parsed: ParsedChunk) -> None:
        """Remembers `parsed` in place of what was remembered before."""
        self.entry = payload, parsed

    def get(self, payload: bytes) -> ParsedChunk | None:
        """What was remembered for `payload`, if it is what was remembered last."""
        known, parsed = self.entry
        return parsed if known == payload else None


_last_parsed = LastParsed()


def pack_read(parsed: ParsedChunk, where: SourceRange, lines: int, field: str) -> bytes:
    """A chunk, just read out of so many lines, as a payload: where it can be read again by itself, only how.

    Rows are wanted twice, when they are read and when all is decided. FnApiRunner copies what lies in between six
    times, which costs more than reading a local file again; elsewhere reading again costs what shuffling would.
    """
    chunk = parsed.chunk
    sound = ALL_ROWS if len(chunk.number) == lines else chunk.number
    payload = pack_reference(where, field, sound) if where.source.split else pack_chunk(chunk)
    _last_parsed.put(payload, parsed)
    return payload


def pack_chunk(chunk: Chunk) -> bytes:
    """A chunk as a payload, all of it; spilled where large values are."""
    return pack_arrays(chunk.offset, chunk.number, np.frombuffer(chunk.lines, U8))


def pack_reference(where: SourceRange, field: str, sound: Numbers) -> bytes:
    """Where a chunk can be read again, as a payload. `sound`: numbers of its rows that can be used, or ALL_ROWS."""
    return pack_arrays(np.frombuffer(pickle.dumps((where, field)), U8), sound.astype(U32))


def pack_kept(payload: bytes, kept: Chunk) -> bytes:
    """Some rows of the chunk that `payload` holds, as a payload of the same kind."""
    reference = unpack_reference(unpack_arrays(payload))
    return pack_reference(*reference[:2], kept.number) if reference else pack_chunk(kept)


def unpack_reference(arrays: tuple[Numbers, ...]) -> tuple[SourceRange, str, Numbers] | None:
    """What `pack_reference` was given; None for a chunk itself."""
    if len(arrays) != REFERENCE_ARRAYS:
        return None
    (where, field), sound = pickle.loads(arrays[0].data), arrays[1]
    return where, field, sound


def unpack_chunk(payload: bytes) -> Chunk:
    """The chunk of a payload; where that is a reference, it is read again."""
    remembered = _last_parsed.get(payload)
    if remembered is not None:
        return remembered.chunk
    arrays = unpack_arrays(payload)
    reference = unpack_reference(arrays)
    if reference is None:
        offset, number, lines = arrays
        return Chunk(offset, number, lines.tobytes())
    where, field, sound = reference
    raw = next(read_source_range(where, field))
    chunk = Chunk(raw.offset, raw.number, raw.lines)
    return chunk.only(np.isin(chunk.number, sound)) if len(sound) else chunk


def unpack_parsed(payload: bytes, field: str) -> ParsedChunk:
    """The chunk of a payload with its texts."""
    remembered = _last_parsed.get(payload)
    if remembered is not None:
        return remembered
    chunk = unpack_chunk(payload)
    return ParsedChunk(chunk, parse_texts(chunk.lines, field))


def lines_before(counts: Iterable[Numbers], sources: Sequence[Source]) -> dict[int, int]:
    """{chunk: lines of its file before it}, from rows (chunk, lines).

    Of a file with the chunks 3, 4 and 5 of 10, 20 and 5 lines: {3: 0, 4: 10, 5: 30}.
    """
    before: dict[int, int] = {}
    path, total = "", 0
    for chunk, lines in sorted(row.tolist() for row in counts):
        source = source_at(sources, chunk << CHUNK_BITS)
        if source.path != path:
            path, total = source.path, 0
        before[chunk] = total
        total += lines
    return before
