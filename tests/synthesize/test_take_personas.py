"""The same personas are taken at every run."""

from __future__ import annotations

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.synthesize.take_personas import SmallestIds, TakePersonas, up_to
from persona_hub.transforms.wire.batches import Batch
from tests.material.personas import persona

HUB = [persona(f"A baker of {n} kinds of bread") for n in range(20)]
SMALLEST = sorted(p.persona_id for p in HUB)


@pytest.mark.parametrize(("n", "size"), [(0, 3), (7, 3), (7, 20), (20, 4), (50, 7)])
def test_the_smallest_ids_whatever_the_batches(n: int, size: int) -> None:
    blocks = [(i, Batch(HUB[i : i + size])) for i in range(0, len(HUB), size)]
    with beam.Pipeline(runner=FnApiRunner()) as p:
        taken = p | beam.Create(blocks) | TakePersonas(n=n) | beam.FlatMap(lambda batch: [x.persona_id for x in batch])
        assert_that(taken, equal_to(SMALLEST[: n or 20]))


def test_an_empty_hub() -> None:
    with beam.Pipeline(runner=FnApiRunner()) as p:
        assert_that(p | beam.Create([], reshuffle=False) | TakePersonas(n=3), equal_to([]))


@given(
    st.lists(st.lists(st.text("0123456789abcdef", min_size=4, max_size=4), max_size=5), max_size=6), st.integers(1, 9)
)
def test_the_bound_is_the_same_however_the_ids_come_together(lists: list[list[str]], n: int) -> None:
    combine = SmallestIds(n)
    parts = [combine.add_input(combine.create_accumulator(), ids) for ids in lists]
    halves = [combine.merge_accumulators(parts[::2]), combine.merge_accumulators(parts[1::2])]
    everyone = sorted(one for ids in lists for one in ids)
    assert combine.extract_output(combine.merge_accumulators(halves)) == (everyone[:n] or [""])[-1]


def test_a_batch_of_which_nobody_is_taken_is_not_put_out() -> None:
    assert list(up_to(Batch(HUB), SMALLEST[0])) == [Batch(p for p in HUB if p.persona_id == SMALLEST[0])]
    assert list(up_to(Batch(HUB), "")) == []
