"""Of samples of one text the first is kept, whatever the order and the parts they come in."""

from __future__ import annotations

import random
from dataclasses import replace

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.records import Sample, content_id, text_id
from persona_hub.transforms.synthesize.unique_samples import KeepFirst, UniqueSamples, split_by_text
from persona_hub.transforms.wire.batches import Batch, batches

PROBLEM = "A ferry carries 12 cars. How many trips do 60 cars take?"


def sample(who: int, text: str, number: int = 0) -> Sample:
    persona = content_id(str(who))
    return Sample(persona, f"persona {who}", "math", text, "math problem", "m", "h", number, 10, 5)


def by_id(samples: list[Sample]) -> list[Sample]:
    return sorted(samples, key=lambda one: (one.persona_id, one.number))


def test_the_first_by_persona_and_number_is_kept_and_the_others_are_letters() -> None:
    equal = by_id([sample(n, PROBLEM, number) for n in range(3) for number in range(2)])
    equal[2:4] = [replace(one, text=f"  {PROBLEM.upper()}\n") for one in equal[2:4]]
    other = sample(7, PROBLEM.replace("60", "72"))
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        found = (
            pipeline
            | beam.Create([Batch([equal[4], other, equal[1]]), Batch([equal[5], equal[0]]), Batch(equal[2:4])])
            | UniqueSamples(stage="synthesize_math", partitions=4)
        )
        kept = found.samples | "S" >> beam.FlatMap(lambda batch: batch)
        dead = found.dead_letters | "D" >> beam.FlatMap(
            lambda batch: [(one.stage, one.reason, one.key, one.detail[:8]) for one in batch]
        )
        assert_that(kept, equal_to([equal[0], other]), "kept")
        letters = [("synthesize_math", "repeats-sample", one.persona_id, f"sample {one.number}") for one in equal[1:]]
        assert_that(dead, equal_to(letters), "dead")


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), max_size=30), st.integers(1, 5), st.randoms())
def test_what_is_kept_depends_on_neither_order_nor_parts(pairs: list, partitions: int, chance: random.Random) -> None:
    samples = [sample(who, f"{PROBLEM} {text}") for who, text in dict(pairs).items()]
    wanted = list({text_id(one.text): one for one in reversed(by_id(samples))}.values())
    chance.shuffle(samples)
    parts: dict[int, list] = {}
    for batch in batches(samples, 4):
        for part, keyed in split_by_text(batch, partitions):
            parts.setdefault(part, []).append(keyed)
    assert all(0 <= part < partitions for part in parts)
    found = [out for group in parts.items() for out in KeepFirst("synthesize_math").process(group)]
    kept = [one for out in found if isinstance(out, Batch) for one in out]
    assert by_id(kept) == by_id(wanted)
    dead = [letter for out in found if not isinstance(out, Batch) for letter in out.value]
    assert len(kept) + len(dead) == len(samples)


@pytest.mark.parametrize("text", ["health", "12 apples", '{"sector": "health", "senior": true}', "卫生", ""])
def test_labels_may_repeat(text: str) -> None:
    keyed = [item for _, group in split_by_text(Batch([sample(1, text), sample(2, text)]), 1) for item in group]
    assert [key for key, _ in keyed] == ["", ""]
    (out,) = KeepFirst("synthesize_math").process((0, [Batch(keyed)]))
    assert len(out) == 2
