"""JSON Lines: one record a line, its text in a field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson

from persona_hub.transforms.corpus.corpus_records import (
    SOURCE_FIELDS,
    BrokenError,
    CorpusRecord,
    Damage,
    Limits,
    MakeRecord,
    Piece,
)
from persona_hub.transforms.corpus.fields.deep_json import fields_of_deep
from persona_hub.transforms.corpus.fields.row_fields import NumberAsWritten, record_of_fields
from persona_hub.transforms.corpus.formats.lines import Line, lines_in_piece

ONE_A_LINE = "More follows the first value: write one a line with no comma between, as with jq -c ."
# How lines of JSON begin in encodings of two or four bytes a character, with a byte order mark and without.
WIDE = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"{\0\0\0", "utf-32le"),
    (b"\0\0\0{", "utf-32be"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"{\0", "utf-16le"),
    (b"\0{", "utf-16be"),
)


def read_json_lines(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """Text, skip or damage of each line that begins in `piece`."""
    yield from read_objects(piece, limits, partial(record_of_fields, text_field=text_field))


def read_objects(piece: Piece, limits: Limits, make: MakeRecord) -> Iterator[CorpusRecord]:
    """What `make` makes of the object of each line that begins in `piece`; damage of the others."""
    broken_run = 0
    for line in lines_in_piece(piece, limits):
        if line.place in ("line 1", "byte 0"):
            _refuse_other_formats(line.data)
        found = record_of_object(line, limits, make)
        broken_run = broken_run + 1 if isinstance(found, Damage) else 0
        if broken_run > limits.broken_run:
            detail = (
                f"{limits.broken_run:,} broken lines in a row: the rest is left. Is it JSON Lines? Else force --format."
            )
            raise BrokenError("not-json-lines", detail)
        yield found


def record_of_line(line: Line, text_field: str, limits: Limits) -> CorpusRecord:
    """What one line holds."""
    return record_of_object(line, limits, partial(record_of_fields, text_field=text_field))


def record_of_object(line: Line, limits: Limits, make: MakeRecord) -> CorpusRecord:
    """What `make` makes of the object of one line, or its damage."""
    if line.too_long:
        detail = f"a line of more than {limits.record_bytes:,} bytes. Split the record or leave it out."
        return Damage(line.place, "record-too-large", detail, line.data.decode("utf-8", "replace"))
    try:
        record = orjson.loads(line.data)
        if isinstance(record, dict) and any(type(record.get(name)) in (float, list) for name in SOURCE_FIELDS):
            record = tolerant_loads(line.data)  # orjson rounds a number of more than 64 bits
    except orjson.JSONDecodeError as error:
        try:
            record = tolerant_loads(line.data)
        except ValueError:
            return _broken_line(line, error)
    if not isinstance(record, dict):
        detail = f"a JSON object is wanted, not {type(record).__name__}. Mend or remove the line."
        return Damage(line.place, "not-an-object", detail, line.data[:1024].decode("utf-8", "replace"))
    return make(record, line.place)


def tolerant_loads(line: bytes) -> Any:
    """JSON that orjson refuses and is data to us, numbers as they are written. Raises ValueError for what is no JSON.

    That is escapes of lone surrogates, NaN, numbers of any size, control characters, any depth, and bytes that
    are no UTF-8: strings that have them are bytes.
    """
    text = line.decode("utf-8", "surrogateescape")
    try:
        record = json.loads(text, strict=False, parse_int=NumberAsWritten, parse_float=NumberAsWritten)
    except RecursionError:
        record = fields_of_deep(text)
    if isinstance(record, dict) and not _is_utf8(line):
        return {name: _as_bytes(value) for name, value in record.items()}
    return record


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _as_bytes(value: Any) -> Any:
    """A string that holds bytes which are no UTF-8, as bytes."""
    if type(value) is str and not value.isascii():
        try:
            return value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # a lone surrogate by its escape
            return value
    return value


def _broken_line(line: Line, error: ValueError) -> Damage:
    shown = line.data[:1024].decode("utf-8", "replace")
    try:
        line.data.decode("utf-8")
    except UnicodeDecodeError as wrong:
        detail = f"invalid UTF-8 at byte {wrong.start} of the line. Convert the file, as with iconv."
        return Damage(line.place, "invalid-utf-8", detail, shown)
    remedy = ONE_A_LINE if _goes_on(line.data) else "Mend or remove the line."
    return Damage(line.place, "broken-json", f"no JSON: {error}. {remedy}", shown)


def _goes_on(data: bytes) -> bool:
    """Whether a whole JSON value begins the line, and something follows it."""
    try:
        json.JSONDecoder(strict=False).raw_decode(data.decode("utf-8").lstrip())
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_other_formats(first: bytes) -> None:
    """Raises BrokenError if the first line shows that the file is not JSON Lines: one dead letter, not one a line."""
    for beginning, name in WIDE:
        if first.startswith(beginning):
            detail = f"the file is {name.upper()}. Convert it, as with iconv -f {name} -t utf-8."
            raise BrokenError("not-utf-8", detail)
    stripped = first.strip()
    if stripped.startswith(b"["):
        raise BrokenError("not-json-lines", "a JSON array, not JSON Lines. Convert it, as with jq -c '.[]'.")
    if stripped == b"{":
        raise BrokenError("not-json-lines", "one JSON object over many lines. Convert it, as with jq -c '.'.")
