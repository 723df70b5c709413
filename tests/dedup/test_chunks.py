"""Rows of a chunk: what can be used comes out as it was, what cannot is named, and both readers of JSON agree."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from persona_hub.transforms.dedup.chunks import (
    BLANK_LINE,
    TOO_LONG_LINE,
    Chunk,
    as_line,
    check_rows,
    cut_into_chunks,
    fault_of,
    parse_texts,
    split_lines,
)
from persona_hub.transforms.dedup.row_files import text_lines
from persona_hub.transforms.dedup_rows.row_names import own_id, row_fields


def texts(lines: bytes, field: str = "text") -> list[str]:
    found = parse_texts(lines, field)
    pairs = zip(found.offsets[:-1], found.offsets[1:], strict=True)
    return [found.data[i:j].decode() for i, j in pairs]


def checked(lines: list[bytes], field: str = "text") -> tuple[Chunk, list[Any]]:
    """As a part of a file of these lines is checked."""
    ends = np.cumsum([0, *map(len, lines)])
    parsed, unusable = check_rows(ends[:-1], np.arange(1, len(lines) + 1), b"".join(lines), field)
    again = parse_texts(parsed.chunk.lines, field)
    assert (parsed.texts.data, parsed.texts.offsets.tolist()) == (again.data, again.offsets.tolist())
    return parsed.chunk, unusable


TEXT = st.text(max_size=12)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
ROWS = st.dictionaries(TEXT.filter(lambda key: key != "text"), VALUES, max_size=3)


@st.composite
def good_lines(draw: st.DrawFn) -> tuple[bytes, str]:
    row, text = draw(ROWS), draw(st.text(max_size=30))
    row = {**row, "text": text} if draw(st.booleans()) else {"text": text, **row}
    return orjson.dumps(row) + b"\n", text


@given(st.lists(good_lines(), max_size=6))
def test_every_row_with_a_text_is_used_as_it_is(rows: list[tuple[bytes, str]]) -> None:
    lines = [line for line, _ in rows]
    chunk, broken = checked(lines)
    assert (chunk.lines, broken) == (b"".join(lines), [])
    assert texts(chunk.lines) == [text for _, text in rows]


DEEP = b'{"text": "a", "n": ' + b"[" * 2000 + b"]" * 2000 + b"}"
BAD = st.one_of(
    st.binary(max_size=30).map(lambda data: data.replace(b"\n", b"")),
    st.sampled_from(
        [
            b"", b"  \t", b"null", b"[]", b"{}", b'{"text": 1}', b'{"text": null}', b'{"text": "cut', b'{"text": "a"}}',
            b'{"text": "a"} {"text": "b"}', b'{"text": "\xff"}', b'{"text": "\\ud800"}', b'{"text": "a", "n": NaN}',
            b'{"text": "a", "n": 1e400}', b'{"text": "a", "text": "b"}', b'{"text": "a", "text": 5}', b'{"text": {}}',
            b"{'text': 'a'}", b'{"text": "a",}', b'{"text": "\\x41"}', b'{"text": "a"}//', b'\xef\xbb\xbf{"text": "a"}',
            b'{"n": 123456789012345678901234567890, "text": "a"}', b'{"text": "tab\tin it"}', b'{"text": "a\x00b"}',
            b"[" * 2000, DEEP, b'{"text": ' + b"[" * 200 + b"]" * 200 + b"}", b'"a line that is too long"',
        ]
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    "lines", [[b'{"text": "a"} {"text": "b"}\n', b"\n"], [b'{"text":\n', b'"a"} {"text": "b"}\n', b'{"text": "c"}\n']]
)
def test_lines_that_come_to_as_many_rows_are_not_taken_for_one_each(lines: list[bytes]) -> None:
    numbers = np.arange(1, len(lines) + 1)
    (chunk, _), broken = check_rows(numbers, numbers, b"".join(lines), "text")
    assert [row.reason for row in broken] == ["broken-json"] * len([line for line in lines[:2] if line.strip()])
    assert chunk.lines == b"".join(lines[2:])


@settings(max_examples=300)
@given(st.lists(st.one_of(good_lines().map(lambda row: row[0]), BAD.map(lambda line: line + b"\n")), max_size=6))
@example([b'{"text": "a", "n": 1}\n', b'{"text": "a", "n": [1]}\n'])
def test_whatever_stands_in_a_file_each_line_is_used_or_named_or_blank(lines: list[bytes]) -> None:
    chunk, broken = checked(lines)
    used, named = set(chunk.number.tolist()), {row.number for row in broken}
    assert not used & named
    assert all(lines[n - 1].isspace() for n in range(1, len(lines) + 1) if n not in used | named)
    assert chunk.lines == b"".join(lines[n - 1] for n in chunk.number.tolist())
    assert len(texts(chunk.lines)) == len(used), "the next step reads what this one let through"
    for n, text in zip(chunk.number.tolist(), texts(chunk.lines), strict=True):
        assert row_fields(lines[n - 1], "text")["text"] == text
    alone = [checked([line]) for line in lines]
    assert [bool(len(chunk.number)) for chunk, _ in alone] == [n in used for n in range(1, len(lines) + 1)], (
        "a row's lot does not hang on its neighbours"
    )
    for row in broken:
        assert row.reason
        assert row.detail
        assert "\n" not in row.detail + row.excerpt
        assert len(row.detail) + len(row.excerpt) < 1000


@pytest.mark.parametrize(
    ("line", "reason", "said"),
    [
        (b'{"text": "cut\n', "broken-json", "Mend or remove the line"),
        (b"[1]\n", "not-an-object", "not list"),
        (b'{"body": "a", "n": 1}\n', "field-missing", "the fields are: body, n. Name the text field with"),
        (b"{}\n", "field-missing", "there are none at all"),
        (b'{"text": null}\n', "field-missing", "no text in field 'text'"),
        (b'{"text": ["a"]}\n', "field-not-text", "but list"),
        (b'{"text": "\xff"}\n', "invalid-utf-8", "iconv"),
        (TOO_LONG_LINE, "record-too-large", "more than 32 MB"),
    ],
)
def test_a_fault_has_a_reason_and_a_remedy(line: bytes, reason: str, said: str) -> None:
    fault = fault_of(line, "text")
    assert fault is not None
    assert fault[0] == reason
    assert said in fault[1]


def test_a_blank_line_is_no_fault_and_a_good_one_has_none() -> None:
    assert fault_of(b" \r\n", "text") == BLANK_LINE
    assert fault_of(b'{"text": ""}\n', "text") is None


# ---- cutting, and other kinds of rows


@given(st.lists(st.integers(1, 40), max_size=30), st.integers(1, 6))
def test_rows_are_cut_into_chunks_by_their_place(steps: list[int], bits: int) -> None:
    places = np.cumsum(steps).tolist()
    rows = [(place, n, b"%d\n" % n) for n, place in enumerate(places, 1)]
    back = []
    numbers = []
    for chunk, offset, number, lines in cut_into_chunks(rows, bits):
        numbers.append(chunk)
        assert all(0 <= at < 1 << bits for at in offset.tolist())
        positions = (offset + (chunk << bits)).tolist()
        back += list(zip(positions, number.tolist(), split_lines(lines), strict=True))
    assert back == rows
    assert numbers == sorted(set(numbers))


def test_rows_of_a_chunk_may_hold_carriage_returns() -> None:
    lines = [b'{"text": "a"}\r\n', b'{"text": "b\\r"}\n', b'{"text":\r "c"}\n']
    chunk, _ = checked(lines)
    assert chunk.only(np.array([True, False, True])).lines == lines[0] + lines[2]
    assert chunk.only(np.array([True] * 3)) is chunk


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"caf\xc3\xa9 \xff", "café �"),
        (Decimal("1.50"), "1.50"),
        (datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC), "2026-01-02T03:04:00+00:00"),
        ({1: "a key that is a number"}, {"1": "a key that is a number"}),
        ([None, 1.5, "x"], [None, 1.5, "x"]),
    ],
    ids=["bytes", "decimal", "time", "map", "list"],
)
def test_a_row_of_a_table_becomes_json_whatever_it_holds(value: Any, shown: Any) -> None:
    assert orjson.loads(as_line({"text": "a", "more": value})) == {"text": "a", "more": shown}


def test_lines_of_text_keep_their_places() -> None:
    begin, lines = text_lines(b"first\r\n\n  \nsecond \xff\n", "persona")
    assert begin.tolist() == [0, 7, 8, 11]
    assert split_lines(lines) == [b'{"persona":"first"}\n', b"\n", b"\n", '{"persona":"second �"}\n'.encode()]


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"id": 7, "persona_id": "abc"}, "abc"),
        ({"_id": 0}, "0"),
        ({"id": "", "uuid": "u"}, "u"),
        ({"id": True, "doc_id": 3}, "3"),
        ({"id": None, "text": "t"}, ""),
        ({"id": ["x"]}, ""),
        ({"id": "  "}, ""),
    ],
)
def test_what_a_row_calls_itself(row: dict[str, Any], name: str) -> None:
    assert own_id(row) == name


@pytest.mark.parametrize(
    "odd",
    [
        "1e400",
        "NaN",
        "-Infinity",
        "9" * 5000,
        r'"\\ud83d"',
        "[" * 3000 + "]" * 3000,
        '{"k": 1, "k": [2, "x"]}',
        '1, "n": 2',
    ],
    ids=["1e400", "NaN", "infinity", "5,000 digits", "surrogate", "deep", "key twice within", "key twice"],
)
def test_a_value_in_a_field_that_is_not_read_loses_no_row(odd: str) -> None:
    lines = [b'{"text": "a", "n": 1}\n', f'{{"n": {odd}, "text": "b"}}\n'.encode(), b'{"text": "c", "n": "x"}\n']
    (chunk, texts), broken = check_rows(np.arange(3), np.arange(1, 4), b"".join(lines), "text")
    assert (chunk.lines, broken) == (b"".join(lines), [])
    assert (texts.data, texts.offsets.tolist()) == (b"abc", [0, 1, 2, 3])
    assert parse_texts(chunk.lines, "text").data == b"abc"


def test_a_lone_surrogate_in_a_text_is_replaced_where_texts_are_compared() -> None:
    line = b'{"text": "a \\ud83d b"}\n'
    (chunk, texts), broken = check_rows(np.arange(1), np.arange(1, 2), line, "text")
    assert (chunk.lines, texts.data.decode(), broken) == (line, "a \ufffd b", [])
