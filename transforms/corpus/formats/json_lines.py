"""JSON Lines: one record a line, its text in a field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from persona_hub.transforms.corpus.corpus_records import (
    SOURCE_FIELDS,
    TEXT_FIELDS,
    BrokenError,
    CorpusRecord,
    Damage,
    Limits,
    Piece,
    SkippedRecord,
    TextRecord,
)
from persona_hub.transforms.corpus.formats.lines import Line, lines_in_piece
from persona_hub.transforms.records import excerpt

UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_json_lines(piece: Piece, text_field: str, limits: Limits) -> Iterator[CorpusRecord]:
    """Text, skip or damage of each line that begins in `piece`."""
    broken_run = 0
    for line in lines_in_piece(piece, limits):
        if line.place in ("line 1", "byte 0"):
            _refuse_other_formats(line.data)
        found = record_of_line(line, text_field, limits)
        broken_run = broken_run + 1 if isinstance(found, Damage) else 0
        if broken_run > limits.broken_run:
            detail = (
                f"{limits.broken_run:,} broken lines in a row: the rest is left. Is it JSON Lines? Else force --format."
            )
            raise BrokenError("not-json-lines", detail)
        yield found


def record_of_line(line: Line, text_field: str, limits: Limits) -> CorpusRecord:
    """What one line holds."""
    if line.too_long:
        detail = f"a line of more than {limits.record_bytes:,} bytes. Split the record or leave it out."
        return Damage(line.place, "record-too-large", detail, line.data.decode("utf-8", "replace"))
    try:
        record = orjson.loads(line.data)
    except orjson.JSONDecodeError as error:
        try:
            # Escapes of lone surrogates, NaN and control characters are refused by orjson, and are data to us.
            record = json.loads(line.data.decode("utf-8"), strict=False)
        except UnicodeDecodeError as wrong:
            detail = f"invalid UTF-8 at byte {wrong.start} of the line. Convert the file, as with iconv."
            return Damage(line.place, "invalid-utf-8", detail, line.data[:1024].decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            detail = f"no JSON: {error}. Mend or remove the line."
            return Damage(line.place, "broken-json", detail, line.data[:1024].decode("utf-8", "replace"))
    if not isinstance(record, dict):
        detail = f"a JSON object is wanted, not {type(record).__name__}. Mend or remove the line."
        return Damage(line.place, "not-an-object", detail, line.data[:1024].decode("utf-8", "replace"))
    return record_of_fields(record, line.place, text_field)


def record_of_fields(record: Mapping[str, Any], place: str, text_field: str) -> CorpusRecord:
    """What the fields of a record hold: of JSON, Parquet and Avro alike."""
    field = text_field if text_field else next((name for name in TEXT_FIELDS if name in record), "")
    if field not in record:
        wanted = f"no field {text_field!r}" if text_field else f"none of the fields {', '.join(TEXT_FIELDS)}"
        names = excerpt(", ".join(map(str, record)) or "none at all")
        detail = f"{wanted}, but {names}. Name the text field with --text_field."
        return Damage(place, "field-missing", detail)
    text, source = record[field], source_of_fields(record)
    if text is None:
        return SkippedRecord(place, source, "no-text")
    if not isinstance(text, str):
        detail = f"field {field!r} holds no text but {type(text).__name__}. Name the text field with --text_field."
        return Damage(place, "field-not-text", detail, str(text)[:1024])
    return TextRecord(place, source, text)


def source_of_fields(record: Mapping[str, Any]) -> str:
    """Where a person would look the record up, as its fields say; "" if they do not."""
    for name in SOURCE_FIELDS:
        value = record.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""


def _refuse_other_formats(first: bytes) -> None:
    """Raises BrokenError if the first line shows that the file is not JSON Lines: one dead letter, not one a line."""
    if first.startswith(UTF_16):
        raise BrokenError("not-utf-8", "the file is UTF-16. Convert it, as with iconv -f utf-16 -t utf-8.")
    stripped = first.strip()
    if stripped.startswith(b"["):
        raise BrokenError("not-json-lines", "a JSON array, not JSON Lines. Convert it, as with jq -c '.[]'.")
    if stripped == b"{":
        raise BrokenError("not-json-lines", "one JSON object over many lines. Convert it, as with jq -c '.'.")
