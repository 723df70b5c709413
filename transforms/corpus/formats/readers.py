"""The reader of each format: one line here and one file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from persona_hub.transforms.corpus.archives.members import spooled
from persona_hub.transforms.corpus.archives.read_archive import read_archive
from persona_hub.transforms.corpus.content import ARCHIVES, format_of, unread
from persona_hub.transforms.corpus.corpus_records import (
    BrokenError,
    CorpusRecord,
    Damage,
    Limits,
    Piece,
    Reader,
    SkippedRecord,
)
from persona_hub.transforms.corpus.formats.avro import read_avro
from persona_hub.transforms.corpus.formats.json_lines import read_json_lines
from persona_hub.transforms.corpus.formats.pages import read_arc, read_html, read_warc
from persona_hub.transforms.corpus.formats.parquet import read_parquet
from persona_hub.transforms.corpus.formats.plain_text import read_plain_text
from persona_hub.transforms.corpus.local_files import PASSED
from persona_hub.transforms.corpus.streams import head_of, raw_chunks
from persona_hub.transforms.corpus.tables.delimited import read_csv, read_tsv
from persona_hub.transforms.corpus.wiki.mediawiki import read_mediawiki

READERS: dict[str, Reader] = {
    "text": read_plain_text,
    "jsonl": read_json_lines,
    "csv": read_csv,
    "tsv": read_tsv,
    "parquet": read_parquet,
    "avro": read_avro,
    "warc": read_warc,  # WET and WAT too
    "arc": read_arc,
    "html": read_html,
    "mediawiki": read_mediawiki,
}
# Their readers go to and fro, or open a file twice: a member of an archive is copied for them.
SEEKING = frozenset({"parquet", "avro", "mediawiki"})


def read_piece(
    piece: Piece, text_field: str, limits: Limits, readers: Mapping[str, Reader] = READERS
) -> Iterator[CorpusRecord]:
    """Everything that is found in `piece`; where it cannot be read on, that place is the last thing found.

    The content tells how the file is read, unless its format is forced: the name may be wrong.
    """
    file = piece.file
    if file.format in PASSED:
        yield SkippedRecord("the file", "", file.format)
        return
    told = format_of(head_of(file), file.path)
    if file.forced and told not in ARCHIVES:
        told = file.format
    if told != file.format:
        if piece.start:
            return  # split as what it is not, it is read whole by its first piece
        piece = Piece(file if file.forced else replace(file, format=told), 0, max(file.size, 1))
    place = "the start" if not piece.start else f"byte {piece.start}"
    try:
        for found in _records(piece, told, text_field, limits, readers):
            place = f"after {found.place}"
            yield found
    except BrokenError as broken:
        yield Damage(place, broken.reason, broken.detail)
    except (ValueError, LookupError, TypeError, ArithmeticError, RuntimeError) as error:
        # A net for what damage makes of the parsers beneath; a test with random damage has met each reader's own.
        detail = f"the reader of {told} fails with {type(error).__name__}. Fetch or write the file again."
        yield Damage(place, "reader-failed", detail)


def _records(
    piece: Piece, format: str, text_field: str, limits: Limits, readers: Mapping[str, Reader]
) -> Iterator[CorpusRecord]:
    """What the reader of `format` finds. Raises BrokenError for one that is known and not read."""
    if format in ARCHIVES:
        yield from read_archive(piece.file, format, text_field, limits, partial(read_piece, readers=readers))
        return
    if format not in readers:
        raise unread(format)
    stream = piece.file.stream
    if stream is not None and format in SEEKING:
        with spooled(raw_chunks(stream), limits) as copy:
            yield from readers[format](replace(piece, file=replace(piece.file, stream=copy)), text_field, limits)
        return
    yield from readers[format](piece, text_field, limits)
