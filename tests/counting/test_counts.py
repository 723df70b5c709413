"""Counts as data, and the equations that hold them to account."""

from __future__ import annotations

from collections import Counter

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.counting.counts import (
    Count,
    CountDeadLetters,
    CountsDoNotAddUp,
    Equation,
    count_batch,
    count_dead_letters,
    count_records,
    nested,
    verify,
)
from persona_hub.transforms.records import DeadLetter, Duplicate
from persona_hub.transforms.wire.batches import Batch
from tests.material.personas import persona

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


def test_an_equation_of_a_pattern_of_stages_holds_in_each_of_them() -> None:
    answered = Equation("synthesize_*", "asked", ("answered", "lost-*"))
    math, tool = {"asked": 5, "answered": 5}, {"asked": 5, "answered": 3, "lost-timeout": 1}
    assert answered.check({"synthesize_math": math}) == ""
    assert answered.check({}) == ""
    fault = answered.check({"synthesize_math": math, "synthesize_tool": tool})
    assert fault == "synthesize_tool: asked 5 is not answered 3 + lost-* 1 (off by +1)"


def test_several_collections_are_counted_under_one_name() -> None:
    with beam.Pipeline(runner=FnApiRunner()) as p:
        one, other = p | "One" >> beam.Create([DUPLICATES]), p | "Other" >> beam.Create([(7, DUPLICATES)])
        counts = count_records("dedup", "dropped", one, other, times=2) | beam.Flatten() | beam.CombinePerKey(sum)
        assert_that(counts, equal_to([(("dedup", "dropped"), 12)]))


def test_what_does_not_add_up_is_said_with_numbers() -> None:
    counts = {"read_corpus": {"records": 10, "document": 6, "skipped-a": 1}}
    said = r"nothing was published.*: records 10 is not document 6 \+ skipped-\* 1 \+ lost-\* 0 \(off by \+3\)"
    with pytest.raises(CountsDoNotAddUp, match=said):
        verify(counts, [READ])


def test_a_count_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a name, a field, or both"):
        Count(stage="dedup")


names = st.sampled_from(["document", "repeated", "skipped-short", "skipped-language", "lost-json", "lost-gzip"])
fates = st.lists(names, max_size=30)


@given(fates, st.integers(1, 4))
def test_an_account_of_every_record_holds_however_it_is_counted(outcomes: list[str], pieces: int) -> None:
    parts = [outcomes[i::pieces] for i in range(pieces)]
    counted = [(("read_corpus", name), n) for part in parts for name, n in Counter(part).items()]
    counts = nested([*counted, *((("read_corpus", "records"), len(part)) for part in parts)])
    equation = Equation("read_corpus", "records", ("document", "repeated", "skipped-*", "lost-*"))
    assert equation.check(counts) == ""
    verify(counts, [equation])


@given(fates, st.sampled_from([-1, 1]))
def test_one_record_lost_or_made_twice_is_noticed(outcomes: list[str], error: int) -> None:
    counts = nested((("read_corpus", name), 1) for name in outcomes)
    counts.setdefault("read_corpus", {})["records"] = len(outcomes) + error
    equation = Equation("read_corpus", "records", ("document", "repeated", "skipped-*", "lost-*"))
    assert f"off by {error:+}" in equation.check(counts)


def test_a_star_matches_within_its_stage_alone() -> None:
    counts = {"a": {"x-1": 1, "x-2": 2, "y": 4}, "b": {"x-1": 8}}
    assert Equation("a", "y", ("x-*", "x-1")).check(counts) == ""
    assert Equation("a", "b/x-1", ("x-*", "y")).check(counts) == "a: b/x-1 8 is not x-* 3 + y 4 (off by +1)"
    assert Equation("a", "X-1", ("none",)).check(counts) == ""  # capitals are other names


def test_all_faults_are_said_at_once() -> None:
    counts = {"a": {"in": 2, "out": 1}, "b": {"in": 5}}
    with pytest.raises(CountsDoNotAddUp, match=r"a: in 2 is not out 1 .*; b: in 5 is not out 0 \(off by \+5\)"):
        verify(counts, [Equation("a", "in", ("out",)), Equation("b", "in", ("out",)), Equation("c", "in", ("out",))])


def test_a_record_may_stand_for_several_questions() -> None:
    assert list(count_batch(DUPLICATES, "expand", "asked", "", 3)) == [(("expand", "asked"), 9)]


def test_counting_in_a_pipeline_keyed_or_not() -> None:
    letters = Batch([DeadLetter("read_corpus", "gzip-truncated", "f", "")] * 2)
    with beam.Pipeline(runner=FnApiRunner()) as p:
        keyed = p | "Keyed" >> beam.Create([(1, DUPLICATES), (2, DUPLICATES[:1])]) | Count(stage="dedup", name="kept")
        kinds = p | "Plain" >> beam.Create([DUPLICATES]) | "Kinds" >> Count(stage="dedup", name="of-", field="kind")
        lost = p | "Letters" >> beam.Create([letters]) | CountDeadLetters()
        total = (keyed, kinds, lost) | beam.Flatten() | beam.CombinePerKey(sum)
        assert_that(
            total,
            equal_to(
                [
                    (("dedup", "kept"), 4),
                    (("dedup", "of-text"), 2),
                    (("dedup", "of-meaning"), 1),
                    (("read_corpus", "lost-gzip-truncated"), 2),
                ]
            ),
        )
