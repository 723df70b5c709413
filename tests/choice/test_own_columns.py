"""A table of one's own: it is read row by row, and one of another hub is refused."""

from __future__ import annotations

import pytest

from persona_hub.transforms.choice.choice import Choice, parse_method
from persona_hub.transforms.choice.columns import ChoiceError, JoinedRow
from persona_hub.transforms.choice.own_columns import OwnColumns, own_columns, rows_by_persona
from persona_hub.transforms.choice.where import parse_where
from persona_hub.transforms.records import Attributes

FIRST, SECOND = "a" * 32, "b" * 32


def row(persona_id: str, line: int = 1, given: str = "{}") -> OwnColumns:
    return OwnColumns(persona_id, given, "w.jsonl", line)


def test_rows_are_read_with_their_place() -> None:
    lines = [f'{{"persona_id":"{FIRST}","quota":1}}\n'.encode(), b"\n", f'{{"persona_id":"{SECOND}"}}'.encode()]
    found = list(own_columns("w.jsonl", lines))
    assert [(one.persona_id, one.line) for one in found] == [(FIRST, 1), (SECOND, 3)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", r"--columns w.jsonl: line 1: no JSON .*; each line must be an object with persona_id"),
        ("[1]", "--columns w.jsonl: line 1: no persona_id of 32 hex digits"),
        ('{"id": 1}', "--columns w.jsonl: line 1: no persona_id"),
        ('{"persona_id": "x"}', "--columns w.jsonl: line 1: no persona_id"),
    ],
)
def test_what_is_no_row_is_told(line: str, said: str) -> None:
    with pytest.raises(ChoiceError, match=said):
        list(own_columns("w.jsonl", [line.encode()]))


def test_a_row_of_no_persona_and_two_of_one_are_refused() -> None:
    assert rows_by_persona([row(FIRST)], [FIRST, SECOND]) == {FIRST: row(FIRST)}
    with pytest.raises(ChoiceError, match=f"line 7: no persona {SECOND} is in the hub's version; .* write it anew"):
        rows_by_persona([row(FIRST), row(SECOND, 7)], [FIRST])
    with pytest.raises(ChoiceError, match=f"line 3: persona {FIRST} stands in w.jsonl, line 2, too"):
        rows_by_persona([row(FIRST, 3), row(FIRST, 2)], [FIRST])


def test_a_condition_reads_the_own_column_before_the_given_one() -> None:
    said = Attributes(FIRST, "en", "", "", "", "", "", "", '{"quota": 0, "age": 7}')
    own = row(FIRST, given='{"quota": 1}')
    condition = parse_where("given.quota=1 and given.age<9")
    assert condition.holds(JoinedRow(None, said, None, own))  # type: ignore[arg-type]
    assert not condition.holds(JoinedRow(None, said))  # type: ignore[arg-type]
    assert not condition.holds(JoinedRow(None, None, None, own))  # type: ignore[arg-type]


def test_a_choice_asks_for_the_table_where_a_column_is_named_and_tells_its_digest() -> None:
    files = {"own_files": ("w.jsonl",), "own_digest": "12"}
    assert Choice(where="given.quota=1", **files).tables == ("attributes", "columns")  # type: ignore[arg-type]
    assert Choice(method=parse_method("stratified:given.x"), **files).tables == ("attributes", "columns")  # type: ignore[arg-type]
    assert Choice(where="hop<2", **files).tables == ()  # type: ignore[arg-type]
    assert Choice(where="given.quota=1", **files).told == "where given.quota=1 columns 12"  # type: ignore[arg-type]
