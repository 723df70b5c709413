"""Counts as data, and the equations that hold them to account."""

from __future__ import annotations

import pytest

from tests.personas import persona
from transforms.count import Count, CountsDoNotAddUp, Equation, count_batch, count_dead_letters, nested, verify
from transforms.records import Batch, DeadLetter, Duplicate

NURSE = persona("A nurse.")
DUPLICATES = Batch([Duplicate.of(NURSE, "2", kind, 1.0) for kind in ("text", "meaning", "text")])
READ = Equation("read_corpus", "records", ("document", "skipped-*", "lost-*"))


def test_a_batch_is_counted_under_a_name() -> None:
    assert list(count_batch(DUPLICATES, "dedup", "dropped", "")) == [(("dedup", "dropped"), 3)]
    assert list(count_batch((7, DUPLICATES), "dedup", "dropped", "")) == [(("dedup", "dropped"), 3)]


def test_or_by_the_value_of_a_field() -> None:
    counted = list(count_batch(DUPLICATES, "dedup", "duplicate-", "kind"))
    assert counted == [(("dedup", "duplicate-meaning"), 1), (("dedup", "duplicate-text"), 2)]


def test_dead_letters_say_themselves_where_they_count() -> None:
    letters = Batch([DeadLetter("read_corpus", "gzip-truncated", "f", ""), DeadLetter("filter", "too-short", "p", "")])
    assert dict(count_dead_letters(letters)) == {
        ("read_corpus", "lost-gzip-truncated"): 1,
        ("filter", "lost-too-short"): 1,
    }


def test_counts_are_added_and_sorted() -> None:
    assert nested([(("b", "y"), 1), (("a", "x"), 2), (("b", "y"), 3)]) == {"a": {"x": 2}, "b": {"y": 4}}


def test_an_equation_adds_up_over_patterns_and_stages() -> None:
    counts = {"read_corpus": {"records": 10, "document": 6, "skipped-a": 1, "skipped-b": 2, "lost-c": 1}}
    assert READ.check(counts) == ""
    assert Equation("extract", "read_corpus/document", ("asked",)).check(counts | {"extract": {"asked": 6}}) == ""
    assert READ.check({}) == ""  # nothing came, and nothing came of it


def test_what_does_not_add_up_is_said_with_numbers() -> None:
    counts = {"read_corpus": {"records": 10, "document": 6, "skipped-a": 1}}
    said = r"nothing was published.*: records 10 is not document 6 \+ skipped-\* 1 \+ lost-\* 0 \(off by \+3\)"
    with pytest.raises(CountsDoNotAddUp, match=said):
        verify(counts, [READ])


def test_a_count_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a name, a field, or both"):
        Count(stage="dedup")
