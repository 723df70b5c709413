"""The fields of a row -> its text and its addresses: of JSON Lines, Avro and Parquet alike."""

from __future__ import annotations

import itertools
import math
import reprlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from persona_hub.transforms.corpus.charsets.decoding import Undecodable, decode
from persona_hub.transforms.corpus.corpus_records import (
    SOURCE_FIELDS,
    TEXT_FIELDS,
    CorpusRecord,
    Damage,
    SkippedRecord,
    TextRecord,
)
from persona_hub.transforms.records import excerpt

MOST_ADDRESSES = 100  # of one row; a page that was met at more is none that anybody would look up
LONGEST_ADDRESS = 8192  # bytes or characters looked at; fewer are kept
UUID_BYTES = 16


class NumberAsWritten(str):
    """The digits of a number: neither a float nor Python's limit of 4,300 digits keeps those of every id."""

    __slots__ = ()


def record_of_fields(record: Mapping[str, Any], place: str, text_field: str) -> CorpusRecord:
    """What the fields of a record hold. Texts are strings, or bytes, which are to be UTF-8.

    Without a `text_field`, the first of TEXT_FIELDS that is filled has the text: schemas that were merged leave the
    others null or empty.
    """
    field = field_with_text(record, text_field)
    if field not in record:
        wanted = f"no field {text_field!r}" if text_field else f"none of the fields {', '.join(TEXT_FIELDS)}"
        names = excerpt(", ".join(map(str, record)) or "none at all")
        detail = f"{wanted}, but {names}. Name the text field with --text_field."
        return Damage(place, "field-missing", detail)
    text, (source, others) = record[field], sources_of_fields(record)
    if text is None:
        return SkippedRecord(place, source, "no-text", others)
    if isinstance(text, bytes):
        try:
            return TextRecord(place, source, text_of_bytes(text), others)
        except Undecodable as wrong:
            return Damage(place, wrong.reason, wrong.detail, text[:1024].decode("utf-8", "replace"))
    if not _is_text(text):
        kind = "a number" if isinstance(text, NumberAsWritten) else type(text).__name__
        detail = f"field {field!r} holds no text but {kind}. Name the text field with --text_field."
        return Damage(place, "field-not-text", detail, reprlib.repr(text)[:1024])
    return TextRecord(place, source, text, others)


def field_with_text(record: Mapping[str, Any], text_field: str) -> str:
    """`text_field`, else the first of TEXT_FIELDS that is filled, else the first that there is, else ""."""
    return text_field or filled_field(record, TEXT_FIELDS)


def filled_field(record: Mapping[str, Any], names: Iterable[str]) -> str:
    """The first of `names` that is filled, else the first that there is, else ""."""
    present = [name for name in names if name in record]
    return next((name for name in present if _is_filled(record[name])), present[0] if present else "")


def text_of_bytes(text: bytes) -> str:
    """A text whose bytes are to be UTF-8, with U+FFFD for a few that are not. Raises Undecodable."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return decode(text, "utf-8").text


def _is_text(value: Any) -> bool:
    return isinstance(value, str | bytes) and not isinstance(value, NumberAsWritten)


def _is_filled(value: Any) -> bool:
    return _is_text(value) and bool(value) and not value.isspace()


def sources_of_fields(record: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """(where a person would look the record up, further addresses of the field that says so); "" if none does."""
    for name in SOURCE_FIELDS:
        value = record.get(name)
        if value is None:
            continue
        if type(value) is str and len(value) < LONGEST_ADDRESS and value.isascii() and value.isprintable():
            if address := value.strip():  # nearly all are so, and this is the quickest way
                return address, ()
            continue
        if found := dict.fromkeys(itertools.islice(addresses_of(value), MOST_ADDRESSES)):
            address, *others = found
            return address, tuple(others)
    return "", ()


def addresses_of(value: Any) -> Iterator[str]:
    """The addresses or ids in a value of an address field, each on one line; none in what can be neither.

    >>> [*addresses_of(10**30)], [*addresses_of(5.0)], [*addresses_of(["a", None, " b "])], [*addresses_of(bytes(16))]
    (['1000000000000000000000000000000'], ['5.0'], ['a', 'b'], ['00000000-0000-0000-0000-000000000000'])
    """
    if isinstance(value, list | tuple):
        for member in value:
            if not isinstance(member, list | tuple):
                yield from addresses_of(member)
        return
    if address := " ".join(_written(value)[:LONGEST_ADDRESS].split()):
        yield address


def _written(value: Any) -> str:
    """A value as a person would write it; "" for what is no address: truth values, times, records."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, str):
        if not value.isascii():
            return value[:LONGEST_ADDRESS].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return str(value)
    if isinstance(value, bytes):
        return written_bytes(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else ""
    return str(value) if isinstance(value, int | uuid.UUID) else ""


def written_bytes(value: bytes) -> str:
    """Bytes as the text that they hold, else as a UUID, else in hexadecimal digits."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and all(map(str.isprintable, text.split())):
        return text
    return str(uuid.UUID(bytes=value)) if len(value) == UUID_BYTES else value[: LONGEST_ADDRESS // 2].hex()
