"""Avro: one record a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from persona_hub.transforms.corpus.corpus_records import (
    FETCH_FILE,
    SOURCE_FIELDS,
    TEXT_FIELDS,
    BrokenError,
    CorpusRecord,
    Damage,
    Limits,
    MakeRecord,
    Piece,
)
from persona_hub.transforms.corpus.fields.avro_schema import AvroType
from persona_hub.transforms.corpus.fields.avro_values import ValueFault, record_reader
from persona_hub.transforms.corpus.fields.row_bounds import OversizedRow
from persona_hub.transforms.corpus.fields.row_fields import record_of_fields
from persona_hub.transforms.corpus.formats.avro_blocks import AvroBlock, blocks_in, read_header
from persona_hub.transforms.corpus.streams import open_raw, refuse_compressed
from persona_hub.transforms.records import excerpt

Decoded = TypeVar("Decoded")
ReadRow = Callable[[bytes, int], tuple[Any, int]]  # (data, place) -> (the record there, the place after it)


def read_avro(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """What each record of the piece's blocks holds; a damaged block is one damage, and the next is looked for."""
    wanted = (text_field,) if text_field else TEXT_FIELDS

    def reader_of(record: AvroType) -> ReadRow:
        require_field(record, wanted, "Name the text field with --text_field.")
        return record_reader(record, wanted, SOURCE_FIELDS)

    yield from read_records(piece, limits, reader_of, partial(record_of_fields, text_field=text_field))


def read_records(
    piece: Piece, limits: Limits, reader_of: Callable[[AvroType], ReadRow], make: MakeRecord
) -> Iterator[CorpusRecord]:
    """What `make` makes of each record of the piece's blocks, as the reader reads it that `reader_of` has for a type.

    `reader_of` raises BrokenError for a type without a text.
    """
    with open_raw(piece.file) as stream:
        try:
            refuse_compressed(stream)
            header = read_header(stream)
            read = reader_of(header.record)
        except BrokenError:
            if piece.start:  # the first piece reports it
                return
            raise
        before = 0  # records of the blocks before
        for block in blocks_in(stream, header, piece, limits):
            if isinstance(block, Damage):
                yield block
                continue
            number = 0
            for number, record in enumerate(records_in(block, read), 1):
                place = f"record {before + number}" if piece.whole else f"block at byte {block.start}, record {number}"
                if isinstance(record, BrokenError):
                    yield Damage(place, record.reason, record.detail)
                elif isinstance(record, OversizedRow):
                    yield Damage(place, record.reason, "more values or bytes than a row may have. Leave it out.")
                else:
                    yield make(record, place)
            before += number


def require_field(record: AvroType, wanted: Sequence[str], remedy: str) -> None:
    """Raises BrokenError with `remedy` if a schema has no field of `wanted`."""
    names = [name for name, _ in record.fields]
    if not set(wanted) & set(names):
        listed = excerpt(", ".join(names) or "none at all")
        detail = f"no field {' or '.join(wanted)}, but {listed}. {remedy}"
        raise BrokenError("field-missing", detail)


def records_in(block: AvroBlock, read: Callable[[bytes, int], tuple[Decoded, int]]) -> Iterator[Decoded | BrokenError]:
    """The records of a block as `read` reads them; where one cannot be decoded, the error in its place, and no more."""
    at = 0
    for left in range(block.records - 1, -1, -1):
        try:
            record, at = read(block.data, at)
        except (ValueFault, IndexError) as error:
            detail = f"cannot be decoded ({excerpt(str(error))}), nor the {left} after it in its block. {FETCH_FILE}"
            yield BrokenError("avro-damaged", detail)
            return
        yield record
