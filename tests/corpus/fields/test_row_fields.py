"""A row's text and addresses, whatever types its fields have."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest

from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Damage, SkippedRecord, TextRecord
from persona_hub.transforms.corpus.fields.row_fields import (
    LONGEST_ADDRESS,
    MOST_ADDRESSES,
    NumberAsWritten,
    addresses_of,
    record_of_fields,
)

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def row(**fields: Any) -> CorpusRecord:
    return record_of_fields(fields, "row 1", "")


@pytest.mark.parametrize(
    "fields",
    [
        {"raw_content": None, "text": "x"},
        {"text": "", "content": "x"},
        {"text": " \n", "content": b"x"},
        {"text": 7, "content": "x"},
    ],
    ids=["null", "empty", "blank", "a number"],
)
def test_the_field_that_is_filled_has_the_text(fields: dict[str, Any]) -> None:
    found = row(**fields)
    assert isinstance(found, TextRecord)
    assert found.text == "x"


def test_rows_without_a_text_are_what_they_were() -> None:
    assert row(text=None, content=None, id="i") == SkippedRecord("row 1", "i", "no-text")
    assert row(text="", content=None) == TextRecord("row 1", "", "")
    for value in (7, ["x"], {"a": "x"}, NumberAsWritten("7")):
        found = row(text=value)
        assert isinstance(found, Damage)
        assert found.reason == "field-not-text"


def test_a_field_that_was_named_is_the_only_one() -> None:
    assert record_of_fields({"body": None, "text": "x"}, "row 1", "body") == SkippedRecord("row 1", "", "no-text")


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("https://a.example", ["https://a.example"]),
        (" a\nb ", ["a b"]),
        (123456789012345678901234567890, ["123456789012345678901234567890"]),
        (NumberAsWritten("9" * 5000), ["9" * 5000]),
        (5.0, ["5.0"]),
        (float("nan"), []),
        (float("inf"), []),
        (True, []),
        (None, []),
        ({"url": "u"}, []),
        (Decimal("1E+30"), ["1" + "0" * 30]),
        (Decimal("12.50"), ["12.50"]),
        (uuid.UUID(UUID), [UUID]),
        (uuid.UUID(UUID).bytes, [UUID]),
        (b"doc-7", ["doc-7"]),
        (b"caf\xe9", ["636166e9"]),
        (["a", None, ["b"], " c ", 7], ["a", "c", "7"]),
        ([], []),
        ("caf\ud800", ["caf\ufffd"]),
    ],
    ids=repr,
)
def test_a_value_of_any_type_is_an_address_as_a_person_writes_it(value: Any, addresses: list[str]) -> None:
    assert list(addresses_of(value)) == addresses


def test_the_best_field_that_has_an_address_names_the_source() -> None:
    found = row(text="x", url=[None, ""], id=float("nan"), source=["a", "b", "a"])
    assert found == TextRecord("row 1", "a", "x", ("b",))


def test_addresses_are_bounded() -> None:
    found = row(text="x", url=["u" * 10**6, *map(str, range(1000))])
    assert isinstance(found, TextRecord)
    assert (len(found.source), len(found.others)) == (LONGEST_ADDRESS, MOST_ADDRESSES - 1)


def test_bytes_that_are_no_utf_8_name_the_place_and_the_remedy() -> None:
    found = row(text=b"caf\xe9")
    assert isinstance(found, Damage)
    assert (found.reason, found.excerpt) == ("undecodable", "caf\ufffd")
    assert "Convert it to UTF-8" in found.detail
