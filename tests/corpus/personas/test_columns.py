"""The columns of a row that are kept, within their bounds, and what is said to be left out."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.corpus.fields.row_fields import NumberAsWritten
from persona_hub.transforms.corpus.personas.columns import (
    LONGEST_NAME,
    LONGEST_VALUE,
    MOST_COLUMNS,
    ROW_CHARACTERS,
    columns_of,
)

ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)) | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def test_scalars_are_kept_by_name_and_the_text_is_not() -> None:
    row = {"persona": "A nurse", "sex": "f", "age": 41, "score": 0.5, "urban": True, "area": "", "note": None}
    assert columns_of(row, "persona") == ('{"age":41,"score":0.5,"sex":"f","urban":true}', ())


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (1 << 70, str(1 << 70)),
        (NumberAsWritten("1" * 30), "1" * 30),
        (Decimal("1.50"), "1.50"),
        (datetime(2026, 1, 31, 12), "2026-01-31T12:00:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("half \ud83d of a pair".encode("utf-8", "surrogatepass"), "68616c6620eda0bd206f6620612070616972"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
    ],
)
def test_other_scalars_are_written_out(value: object, kept: str) -> None:
    assert orjson.loads(columns_of({"x": value}, "").given) == {"x": kept}


@pytest.mark.parametrize("value", [["a"], {"a": 1}, float("nan"), Decimal("Infinity"), object()])
def test_what_is_no_scalar_is_left_out_and_told(value: object) -> None:
    assert columns_of({"labels": value, "age": 7}, "") == ('{"age":7}', (("no-scalar", "labels"),))


def test_columns_that_were_not_read_are_told() -> None:
    assert columns_of({"age": 7}, "", ("embedding",)).left_out == (("no-scalar", "embedding"),)


def test_long_values_and_names_are_left_out() -> None:
    row = {"a": "x" * LONGEST_VALUE, "b": "x" * (LONGEST_VALUE + 1), "n" * (LONGEST_NAME + 1): "x"}
    kept, left = columns_of(row, "")
    assert list(orjson.loads(kept)) == ["a"]
    assert left == (("too-long", "b"), ("too-long", "n" * LONGEST_NAME))


def test_a_row_has_a_bound_of_columns_and_of_characters() -> None:
    kept, left = columns_of({f"c{n:03}": n for n in range(MOST_COLUMNS + 2)}, "")
    assert len(orjson.loads(kept)) == MOST_COLUMNS
    assert left == (("too-many", f"c{MOST_COLUMNS:03}"), ("too-many", f"c{MOST_COLUMNS + 1:03}"))
    kept, left = columns_of({f"c{n}": "x" * LONGEST_VALUE for n in range(9)}, "")
    assert ROW_CHARACTERS - LONGEST_VALUE < len(kept) < ROW_CHARACTERS + 100
    assert {why for why, _ in left} == {"too-many"}


@given(st.dictionaries(st.text(st.characters(codec=None)), ANY_VALUE, max_size=5))
def test_any_row_gives_json_and_every_value_is_kept_told_or_empty(row: dict[str, object]) -> None:
    kept, left = columns_of(row, "")
    found = orjson.loads(kept) if kept else {}
    empty = [name for name, value in row.items() if value is None or value in ("", b"", [], {}) or name == ""]
    assert len(found) + len(left) >= len(row) - len(empty) - 1  # two names may differ in what no encoding carries
    assert all(isinstance(value, str | int | float | bool) for value in found.values())
