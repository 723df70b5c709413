"""Equal personas become one, whatever the order they come in."""

from __future__ import annotations

from dataclasses import replace

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.expand_persona.unique_personas import (
    PersonasAndKnownIds,
    UniquePersonas,
    first_of_each_id,
    packed_ids,
)
from persona_hub.transforms.records import partition_of
from persona_hub.transforms.wire.batches import Batch, split_by_block
from tests.material.personas import persona

baker, twin, smith = persona("A baker"), persona("a  BAKER", document_id="2" * 32), persona("A smith")


def test_the_first_of_equal_personas_stands_for_them() -> None:
    assert first_of_each_id([smith, twin, baker], known=set()) == (
        sorted([baker, smith], key=lambda p: p.persona_id),
        [twin],
    )


def test_a_persona_of_an_earlier_hop_wins() -> None:
    later = replace(baker, hop=2, document_id="0" * 32)
    assert first_of_each_id([later, baker], known=set()) == ([baker], [later])


def test_who_is_known_is_not_new() -> None:
    assert first_of_each_id([baker, smith], known={bytes.fromhex(smith.persona_id)}) == ([baker], [smith])


@given(st.lists(st.sampled_from([baker, twin, smith, replace(baker, hop=1)]), max_size=8), st.randoms())
def test_order_does_not_matter(personas, random) -> None:
    shuffled = list(personas)
    random.shuffle(shuffled)
    assert first_of_each_id(personas, set()) == first_of_each_id(shuffled, set())


def test_ids_of_a_block_lie_together() -> None:
    for block, batch in split_by_block(Batch([baker, smith]), blocks=4):
        assert all(partition_of(p.persona_id, 4) == block for p in batch)


def test_across_hops() -> None:
    with beam.Pipeline(runner=FnApiRunner()) as p:
        first = p | "first" >> beam.Create([Batch([baker])], reshuffle=False)
        second = p | "second" >> beam.Create([Batch([twin, smith]), Batch([smith])], reshuffle=False)
        known = PersonasAndKnownIds(first) | "Unique first" >> UniquePersonas(blocks=4)
        ids = known.personas | "Known ids" >> beam.MapTuple(packed_ids).with_output_types(tuple[int, bytes])
        new = PersonasAndKnownIds(second, (ids,)) | "Unique second" >> UniquePersonas(blocks=4)
        found = new.personas | beam.FlatMap(lambda pair: [p.persona_id for p in pair[1]])
        assert_that(found, equal_to([smith.persona_id]), label="new")
        again = new.identical | "Again" >> beam.FlatMap(lambda batch: [p.persona_id for p in batch])
        assert_that(again, equal_to([baker.persona_id, smith.persona_id]), label="again")


def test_of_equal_personas_of_one_hop_the_smallest_document_then_parent_stands() -> None:
    same = [replace(baker, hop=1, document_id=d * 32, parent_id=p * 32) for d, p in ("12", "11", "21", "13")]
    kept, identical = first_of_each_id(same, known=set())
    assert [(one.document_id[0], one.parent_id[0]) for one in kept] == [("1", "1")]
    assert [(one.document_id[0], one.parent_id[0]) for one in identical] == [("1", "2"), ("1", "3"), ("2", "1")]
