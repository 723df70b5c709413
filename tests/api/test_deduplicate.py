"""Distinct texts: every text that comes in comes out once, whatever the order."""

from __future__ import annotations

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline as BeamTestPipeline
from apache_beam.testing.util import assert_that, equal_to

from persona_hub import DeduplicateByMeaning, DeduplicateByWords, DuplicateText
from persona_hub.transforms.api.deduplicate import unique_texts

LONG = "a nurse who writes to the ward about long night shifts and hot tea"


@pytest.mark.parametrize("step", [DeduplicateByWords(threshold=0.8), DeduplicateByMeaning(threshold=0.9)])
@pytest.mark.parametrize("reverse", [False, True])
def test_every_text_is_kept_or_has_a_kept_neighbour(step: beam.PTransform, reverse: bool) -> None:
    texts = sorted([LONG, f"{LONG} again", "a carpenter", "A Carpenter", ""], reverse=reverse)
    with BeamTestPipeline() as p:
        found = p | beam.Create(texts) | step
        of = found.duplicates | beam.Map(lambda one: ({one.text, one.duplicate_of}, 0.8 <= one.similarity < 1))
        assert_that(
            found.kept | beam.Filter(lambda text: not text.startswith("a nurse")), equal_to(["A Carpenter", ""])
        )
        assert_that(of, equal_to([({LONG, f"{LONG} again"}, True)]), "Duplicates")
        assert_that(found.dead_letters, equal_to([]), "DeadLetters")


def test_texts_that_differ_in_case_or_white_space_are_one() -> None:
    ((block, batch),) = unique_texts(3, iter(["a  nurse", "A nurse", "a nurse"]))
    assert (block, [persona.text for persona in batch]) == (3, ["A nurse"])


def test_values_out_of_range_are_refused_at_construction() -> None:
    with pytest.raises(ValueError, match="blocks is 0"):
        DeduplicateByWords(partitions=0)
    with pytest.raises(ValueError, match="embedding_threshold"):
        DeduplicateByMeaning(threshold=0.3)


def test_a_duplicate_reads_as_a_tuple() -> None:
    assert DuplicateText("a", "b", 0.9)[:2] == ("a", "b")
