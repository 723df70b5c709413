"""Avro: one record a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from persona_hub.transforms.corpus.corpus_records import (
    FETCH_FILE,
    SOURCE_FIELDS,
    TEXT_FIELDS,
    BrokenError,
    CorpusRecord,
    Damage,
    Limits,
    Piece,
)
from persona_hub.transforms.corpus.fields.avro_schema import AvroType
from persona_hub.transforms.corpus.fields.avro_values import ValueFault, record_reader
from persona_hub.transforms.corpus.fields.row_fields import record_of_fields
from persona_hub.transforms.corpus.formats.avro_blocks import AvroBlock, blocks_in, read_header
from persona_hub.transforms.corpus.streams import open_raw, refuse_compressed
from persona_hub.transforms.records import excerpt

Decoded = TypeVar("Decoded")


def read_avro(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """What each record of the piece's blocks holds; a damaged block is one damage, and the next is looked for."""
    with open_raw(piece.file) as stream:
        try:
            refuse_compressed(stream)
            header = read_header(stream)
            require_text_field(header.record, text_field)
            read = record_reader(header.record, (text_field,) if text_field else TEXT_FIELDS, SOURCE_FIELDS)
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
                else:
                    yield record_of_fields(record, place, text_field)
            before += number


def require_text_field(record: AvroType, text_field: str) -> None:
    """Raises BrokenError if no field of the schema can be the text's."""
    names = [name for name, _ in record.fields]
    wanted = (text_field,) if text_field else TEXT_FIELDS
    if not set(wanted) & set(names):
        listed = excerpt(", ".join(names) or "none at all")
        detail = f"no field {' or '.join(wanted)}, but {listed}. Name the text field with --text_field."
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
