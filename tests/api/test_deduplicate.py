"""Distinct texts: every text that comes in comes out, as often as it came in and whatever the order."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline as BeamTestPipeline
from apache_beam.testing.util import assert_that, equal_to

from persona_hub import DeadLetter, DeduplicateByMeaning, DeduplicateByWords, DuplicateText
from persona_hub.transforms.api.deduplicate import Copies, follow_copies, unique_texts

LONG = "a nurse who writes to the ward about long night shifts and hot tea"


@pytest.mark.parametrize("step", [DeduplicateByWords(threshold=0.8), DeduplicateByMeaning(threshold=0.9)])
@pytest.mark.parametrize("reverse", [False, True])
def test_every_text_is_kept_or_has_a_kept_neighbour(step: beam.PTransform, reverse: bool) -> None:
    texts = sorted([LONG, f"{LONG} again", "a carpenter", "A Carpenter", ""], reverse=reverse)
    with BeamTestPipeline() as p:
        found = p | beam.Create(texts) | step
        of = found.duplicates | beam.Map(
            lambda one: (tuple(sorted([one.text, one.duplicate_of])), 0.8 <= one.similarity < 1)
        )
        assert_that(
            found.kept | beam.Filter(lambda text: not text.startswith("a nurse")), equal_to(["A Carpenter", ""])
        )
        expected = [((LONG, f"{LONG} again"), True), (("A Carpenter", "a carpenter"), False)]
        assert_that(of, equal_to(expected), "Duplicates")
        assert_that(found.dead_letters, equal_to([]), "DeadLetters")


@pytest.mark.parametrize(
    "step",
    [DeduplicateByWords(threshold=0.8), DeduplicateByMeaning(threshold=0.9), DeduplicateByMeaning(threshold=1.0)],
)
def test_each_copy_of_a_kept_text_is_a_duplicate_of_it(step: beam.PTransform) -> None:
    with BeamTestPipeline() as p:
        found = p | beam.Create(["a map", "", "a map", "A MAP", "", "a map"]) | step
        assert_that(found.kept, equal_to(["A MAP", ""]))
        rows = [DuplicateText("a map", "A MAP", 1.0)] * 3 + [DuplicateText("", "", 1.0)]
        assert_that(found.duplicates, equal_to(rows), "Duplicates")
        assert_that(found.dead_letters, equal_to([]), "DeadLetters")


@pytest.mark.parametrize("step", [DeduplicateByWords(threshold=0.8), DeduplicateByMeaning(threshold=0.9)])
def test_each_copy_of_a_dropped_text_is_a_duplicate_of_the_kept_one(step: beam.PTransform) -> None:
    texts = [LONG, f"{LONG} again"] * 3
    with BeamTestPipeline() as p:
        found = p | beam.Create(texts) | step
        everything = (found.kept, found.duplicates | beam.Map(lambda one: one.text)) | beam.Flatten()
        assert_that(everything, equal_to(texts))
        kept = (
            found.duplicates
            | beam.Map(lambda one: one.duplicate_of)
            | beam.Distinct()
            | beam.combiners.Count.Globally()
        )
        assert_that(kept, equal_to([1]), "OneIsKept")


def test_each_copy_of_a_text_without_a_vector_is_a_dead_letter() -> None:
    letter = DeadLetter("embed_dedup", "http-400", "id", "refused", "A map")
    sides: dict[str, list[Any]] = {"copies": [Copies("a map", 2)], "kept": [], "dropped": [], "lost": [letter]}
    assert [(one.tag, one.value.reason, one.value.excerpt) for one in follow_copies("id", sides)] == [
        ("dead_letters", "http-400", "a map")
    ] * 2


def test_texts_that_differ_in_case_or_white_space_are_copies_of_one() -> None:
    counted = [Copies("a  nurse", 1), Copies("A nurse", 3), Copies("a nurse", 2)]
    *copies, (block, batch) = unique_texts(3, iter(counted))
    assert (block, [persona.text for persona in batch]) == (3, ["A nurse"])
    assert sorted(one.value[1] for one in copies) == [("A nurse", 2), ("a  nurse", 1), ("a nurse", 2)]


@pytest.mark.parametrize(
    ("step", "given", "message"),
    [
        (DeduplicateByWords, {"threshold": 0.3}, "^threshold 0.3: a Jaccard similarity from 0.5 to 1.0"),
        (DeduplicateByWords, {"threshold": float("nan")}, "^threshold nan: "),
        (DeduplicateByWords, {"threshold": None}, "^threshold None: "),
        (DeduplicateByWords, {"partitions": 0}, "^partitions 0: "),
        (DeduplicateByMeaning, {"threshold": 0.3}, "^threshold 0.3: a cosine from 0.5 to 0.99"),
        (DeduplicateByMeaning, {"threshold": "a"}, "^threshold 'a': "),
        (DeduplicateByMeaning, {"partitions": 0.5}, "^partitions 0.5: "),
    ],
)
def test_values_out_of_range_are_refused_by_their_names(
    step: type[beam.PTransform], given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        step(**given)


def test_a_duplicate_reads_as_a_tuple() -> None:
    assert DuplicateText("a", "b", 0.9)[:2] == ("a", "b")
