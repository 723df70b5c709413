"""Avro: one record a row."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import fastavro

from persona_hub.transforms.corpus.corpus_records import (
    FETCH_FILE,
    TEXT_FIELDS,
    BrokenError,
    CorpusRecord,
    Damage,
    Limits,
    Piece,
)
from persona_hub.transforms.corpus.fields.row_fields import record_of_fields
from persona_hub.transforms.corpus.formats.avro_blocks import AvroBlock, blocks_in, read_header
from persona_hub.transforms.corpus.formats.plain_text import UNDECODABLE
from persona_hub.transforms.corpus.streams import open_raw, refuse_compressed
from persona_hub.transforms.records import excerpt


def read_avro(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """What each record of the piece's blocks holds; a damaged block is one damage, and the next is looked for."""
    with open_raw(piece.file) as stream:
        try:
            refuse_compressed(stream)
            header = read_header(stream)
            require_text_field(header.schema, text_field)
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
            for number, record in enumerate(records_in(block, header.schema), 1):
                place = f"record {before + number}" if piece.whole else f"block at byte {block.start}, record {number}"
                if isinstance(record, BrokenError):
                    yield Damage(place, record.reason, record.detail)
                else:
                    yield _record_of_row(record, place, text_field)
            before += number


def require_text_field(schema: Any, text_field: str) -> None:
    """Raises BrokenError if no field of the schema can be the text's."""
    names = [field["name"] for field in schema.get("fields", ())] if isinstance(schema, dict) else []
    wanted = (text_field,) if text_field else TEXT_FIELDS
    if not set(wanted) & set(names):
        listed = excerpt(", ".join(names) or "none at all")
        detail = f"no field {' or '.join(wanted)}, but {listed}. Name the text field with --text_field."
        raise BrokenError("field-missing", detail)


def records_in(block: AvroBlock, schema: Any) -> Iterator[dict[str, Any] | BrokenError]:
    """The records of a block; where one cannot be decoded, the error in its place, and no more."""
    stream = io.BytesIO(block.data)
    for left in range(block.records - 1, -1, -1):
        try:
            record: Any = fastavro.schemaless_reader(stream, schema, handle_unicode_errors="surrogateescape")
        except Exception as error:  # fastavro raises whatever the bytes lead it to
            detail = f"cannot be decoded ({excerpt(str(error))}), nor the {left} after it in its block. {FETCH_FILE}"
            yield BrokenError("avro-damaged", detail)
            return
        yield record


def _record_of_row(record: dict[str, Any], place: str, text_field: str) -> CorpusRecord:
    """What one record holds. Its text may be of type bytes, and bytes that are no UTF-8 are lone surrogates in it."""
    field = text_field or next(name for name in TEXT_FIELDS if name in record)
    if isinstance(record[field], bytes):
        record[field] = record[field].decode("utf-8", "surrogateescape")
    if isinstance(record[field], str) and UNDECODABLE.search(record[field]):
        seen = record[field].encode("utf-8", "replace").decode("utf-8")
        return Damage(place, "invalid-utf-8", "the text is no UTF-8. Write the file again from UTF-8.", seen)
    return record_of_fields(record, place, field)
