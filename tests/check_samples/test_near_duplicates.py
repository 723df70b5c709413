"""Of samples that are alike the first is kept, whatever the order and the parts they come in."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.check_samples.near_duplicates import NEAR_DUPLICATE, DropInOnePlace, DropNearDuplicates
from persona_hub.transforms.check_samples.sample_rows import (
    SampleLayout,
    order_of_sample,
    persona_digits,
    ranked,
    ranks_of_samples,
)
from persona_hub.transforms.contamination.bags import bag_tokens
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.records import Rejected, Sample, content_id, partition_of
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.wire.batches import Batch, batches
from tests.helpers.collecting import Collect, collected

FERRY = "Marta runs a ferry that carries 12 cars. How many trips does she need to move 96 cars over the lake?"
FERRY_AGAIN = (
    "Old Ole runs a ferry that carries fifteen cars. How many trips does he need to move 60 cars over the lake?"
)
BAKER = "A baker sells 40 loaves of bread each morning and twice as many rolls. What does he earn if a loaf costs $4?"
WORDS = [
    "rows",
    "boats",
    "lakes",
    "cars",
    "trips",
    "hills",
    "farms",
    "tools",
    "ropes",
    "wells",
    "stones",
    "roads",
    "tents",
    "lamps",
    "coats",
]


def sample(who: int, text: str, number: int = 0) -> Sample:
    return Sample(content_id(str(who)), f"persona {who}", "math", text, "a problem", "m", "h", number, 10, 5)


def ordered(samples: list[Sample]) -> list[Sample]:
    return sorted(samples, key=order_of_sample)


def on_a_runner(
    folder: Path, new: list[Sample], earlier: list[Sample], size: int = 3, **flags: Any
) -> tuple[list[Sample], list[Rejected]]:
    """What the transform puts out of batches of a size, in order."""
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        sides = [
            pipeline | name >> beam.Create(list(batches(side, size)), reshuffle=False).with_output_types(Batch)
            for name, side in (("New", new), ("Earlier", earlier))
        ]
        checked = (sides[0], sides[1]) | DropNearDuplicates(stage="check_math", **flags)
        checked.samples | "Kept" >> Collect(folder, "kept")
        checked.rejected | "Rejected" >> Collect(folder, "rejected")
    kept, rejected = (
        sorted((one for batch in collected(folder, name) for one in batch), key=order_of_sample)
        for name in ("kept", "rejected")
    )
    return kept, rejected


def in_one_place(new: list[Sample], earlier: list[Sample], **flags: Any) -> tuple[list[Sample], list[Rejected]]:
    """The same without a runner."""
    step = DropNearDuplicates(stage="check_math", **flags)
    drop = DropInOnePlace(step.stage, step.plan, SampleLayout(1, step.masks))
    kept: list[Sample] = []
    rejected: list[Rejected] = []
    for out in drop.process((0, [(True, Batch(new)), (False, Batch(earlier))])):
        if isinstance(out, Batch):
            kept += out
        else:
            rejected += out.value
    return kept, rejected


def test_other_names_and_numbers_make_no_other_sample() -> None:
    first, second = ordered([sample(1, FERRY), sample(2, FERRY_AGAIN)])
    other = sample(3, BAKER)
    kept, rejected = in_one_place([second, other, first], [])
    assert kept == ordered([first, other])
    [gone] = rejected
    assert gone == Rejected.of(second, NEAR_DUPLICATE, gone.detail)
    assert gone.detail == f"Jaccard similarity 1.00 to a sample of the persona {first.persona_id[:10]}..."


def test_with_names_and_numbers_they_are_two() -> None:
    both = ordered([sample(1, FERRY), sample(2, FERRY_AGAIN)])
    assert in_one_place(both, [], mask=False) == (both, [])
    assert in_one_place(both, [], threshold=1.0) == (both, [])


def test_earlier_samples_win_and_do_not_come_out() -> None:
    earlier = sample(9, FERRY)
    before = min((sample(n, FERRY_AGAIN) for n in range(20)), key=order_of_sample)
    kept, [gone] = in_one_place([before, sample(3, BAKER)], [earlier, earlier, replace(earlier, model="other")])
    assert [one.text for one in kept] == [BAKER]
    assert gone.detail.endswith(f"made before, of the persona {earlier.persona_id[:10]}...")


def test_several_runs_may_have_made_a_sample_of_one_number() -> None:
    earlier = [sample(9, FERRY), sample(9, BAKER)]
    kept, rejected = in_one_place([sample(1, FERRY_AGAIN), sample(2, BAKER)], earlier)
    assert (kept, len(rejected)) == ([], 2)


def test_what_is_like_a_sample_that_is_dropped_stays() -> None:
    words = [f"word{chr(97 + n)}" for n in range(20)]
    chain = [" ".join(["same", *words[: 20 - n], *(f"new{chr(97 + k)}" for k in range(n))]) for n in range(3)]
    samples = [sample(1, text, number) for number, text in enumerate(chain)]
    kept, rejected = in_one_place(samples, [], threshold=0.9)
    assert [one.number for one in kept] == [0, 2]
    assert [one.number for one in rejected] == [1]


def test_labels_are_not_compared() -> None:
    labels = ordered([sample(n, "Aldric Stone, smith") for n in range(3)])
    assert in_one_place(labels, []) == (labels, [])


def test_lists_of_names_are_told_apart() -> None:
    lists = ordered(
        [sample(1, "Ann, Bob, Cem, Dan, Eve, Fay, Gus, Hal"), sample(2, "Kim, Lea, Max, Ned, Oda, Pia, Rex, Ute")]
    )
    assert in_one_place(lists, []) == (lists, [])


def test_how_often_a_word_stands_counts() -> None:
    three = (
        "Ann is taller than Bob. Cem is taller than Ann. Dan is taller than Cem. Who of them is the smallest in town?"
    )
    five = f"Eve is taller than Dan. Fay is taller than Eve. Gus is taller than Fay. {three}"
    both = ordered([sample(1, three), sample(2, five)])
    assert in_one_place(both, []) == (both, [])


def variants(chance: random.Random, number: int) -> list[Sample]:
    """Samples of some families of near-duplicates, and copies."""
    bases = [" ".join(chance.choices(WORDS, k=chance.choice([12, 25, 80]))) for _ in range(9)]
    out = []
    for n in range(number):
        words = chance.choice(bases).split()
        for _ in range(chance.choice([0, 1, 1, 2])):
            words[chance.randrange(len(words))] = chance.choice(WORDS)
        out.append(sample(n // 2, " ".join(words), n % 2))
    return out


def brute_force(new: list[Sample], earlier: list[Sample], threshold: tuple[int, int]) -> list[Sample]:
    """The new samples that go on, by looking at every pair."""
    p, q = threshold
    bags = {one: set(bag_tokens([one.text], p < q).words()[0]) for one in [*new, *earlier]}
    before = list(earlier)
    kept = []
    for one in ordered(new):
        words = bags[one]
        if not any(q * len(words & bags[other]) >= p * len(words | bags[other]) and words for other in before):
            kept.append(one)
            before.append(one)
    return kept


@pytest.mark.parametrize(("value", "fraction"), [(0.9, (9, 10)), (0.75, (3, 4)), (0.6, (3, 5)), (1.0, (1, 1))])
@pytest.mark.parametrize("seed", range(3))
def test_it_keeps_what_looking_at_every_pair_keeps(value: float, fraction: tuple[int, int], seed: int) -> None:
    samples = variants(random.Random(seed), 120)
    new, earlier = samples[:114], samples[114:]
    kept, rejected = in_one_place(new, earlier, threshold=value)
    assert kept == brute_force(new, earlier, fraction)
    assert len(kept) + len(rejected) == len(new)
    assert 0 < len(rejected) < len(new)


@settings(max_examples=30)
@given(st.randoms(use_true_random=False))
def test_order_makes_no_difference(chance: random.Random) -> None:
    samples = variants(random.Random(7), 40)
    wanted = in_one_place(samples[:30], samples[30:])
    new, earlier = chance.sample(samples[:30], 30), chance.sample(samples[30:], 10)
    assert in_one_place(new, earlier) == wanted


@pytest.mark.parametrize(("blocks", "size"), [(1, 2), (1, 100), (2, 3), (7, 20)])
def test_parts_make_no_difference(tmp_path: Path, blocks: int, size: int) -> None:
    samples = variants(random.Random(3), 60)
    found = on_a_runner(tmp_path, samples[:45], samples[45:], size, blocks=blocks)
    assert found == in_one_place(samples[:45], samples[45:])


@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("earlier", [[], [sample(1, FERRY)]])
def test_nothing_comes_of_nothing(tmp_path: Path, blocks: int, earlier: list[Sample]) -> None:
    assert on_a_runner(tmp_path, [], earlier, blocks=blocks) == ([], [])


def test_ranks_are_in_order_each_its_own_and_tell_the_block() -> None:
    close = [replace(sample(1, FERRY), persona_id=f"0123456789{n:022x}", number=k) for n in range(3) for k in range(4)]
    samples = ordered([*close, *(sample(n, FERRY) for n in range(50))])
    ranks = ranks_of_samples(samples, True)
    assert (np.diff(ranks) > 0).all()
    assert ranks.min() >= NEW > ranks_of_samples(samples, False).max()
    for blocks in (1, 3, 64):
        wanted = [partition_of(one.persona_id, blocks) for one in samples]
        for new in (True, False):
            assert SampleLayout(blocks, True).locate(ranks_of_samples(samples, new)).tolist() == wanted
    assert [persona_digits(rank) for rank in ranks.tolist()] == [one.persona_id[:10] for one in samples]


def test_samples_of_a_block_are_ranked_the_same_however_they_come() -> None:
    samples = [sample(n, FERRY, number) for n in range(3) for number in range(2)]
    one, two = ([(True, Batch(part[:2])), (True, Batch(part[2:]))] for part in (samples, samples[::-1]))
    for (_, ranks, side), (_, others, other) in zip(ranked(one), ranked(two), strict=True):
        assert ranks.tolist() == others.tolist()
        assert side == other


@pytest.mark.parametrize("flags", [{"threshold": 0.4}, {"threshold": 1.01}, {"blocks": 0}])
def test_wrong_values_are_refused(flags: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        DropNearDuplicates(stage="check_math", **flags)
