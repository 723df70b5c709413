"""The same personas are taken at every run."""

from __future__ import annotations

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to

from tests.personas import persona
from transforms.records import Batch
from transforms.take_personas import TakePersonas

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
