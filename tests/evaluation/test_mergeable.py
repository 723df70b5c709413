"""Sums that merge: samples by hash, means by group, counts of keys."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.evaluation.group_means import GROUPS, GroupMeans
from persona_hub.transforms.evaluation.hash_sample import HashSample, row_keys
from persona_hub.transforms.evaluation.key_counts import KeyCounts

IDS = [f"row {n}" for n in range(300)]


@given(st.lists(st.sampled_from(IDS), unique=True, max_size=60), st.randoms())
@settings(max_examples=30, deadline=None)
def test_a_sample_does_not_depend_on_order_or_sharding(ids: list[str], draws) -> None:
    shuffled = draws.sample(ids, len(ids))
    cut = len(ids) // 3
    whole = HashSample(10).add(ids, ids)
    parts = (
        HashSample(10).add(shuffled[cut:], shuffled[cut:]).merged(HashSample(10).add(shuffled[:cut], shuffled[:cut]))
    )
    assert whole == parts
    keys = dict(zip(ids, row_keys(ids).tolist(), strict=True))
    assert whole.ids == sorted(ids, key=keys.__getitem__)[:10] == whole.payloads
    assert whole.seen == len(ids)


def test_samples_drawn_otherwise_are_others_and_do_not_merge() -> None:
    one, other = HashSample(10).add(IDS, IDS), HashSample(10, "distractors").add(IDS, IDS)
    assert one.ids != other.ids
    with pytest.raises(ValueError, match="does not merge"):
        one.merged(other)
    with pytest.raises(ValueError, match="size is 0"):
        HashSample(0)
    twins = [("a", 1), ("a", 2), ("a", 3)]
    two = [HashSample(2).add([i for i, _ in rows], [p for _, p in rows]) for rows in (twins, twins[::-1])]
    assert two[0] == two[1]


def test_payloads_are_made_of_the_rows_that_may_stay() -> None:
    made: list[int] = []

    def payload(at: int) -> str:
        made.append(at)
        return IDS[at]

    half = HashSample(10).add(IDS[:150], IDS[:150])
    assert half.add_rows(row_keys(IDS[150:]), IDS[150:], payload).ids == HashSample(10).add(IDS, IDS).ids
    assert 0 < len(made) <= 10
    with pytest.raises(ValueError, match="1 ids with 2 payloads"):
        half.add(["a"], ["a", "b"])


def test_means_merge_to_the_last_bit_and_hold_the_truth() -> None:
    draws = np.random.default_rng(4)
    held = 0
    for _ in range(60):
        units = np.repeat(row_keys(map(str, draws.integers(0, 10**9, 100))), 5)  # five rows of each unit go together
        values = np.repeat(draws.normal(3, 1, 100), 5) + draws.normal(0, 0.1, 500)
        both = np.stack([values, np.where(np.arange(500) % 2, np.nan, 1.0)], axis=1)
        whole = GroupMeans.of("x", "one").add(units, both)
        order = draws.permutation(500)
        cut = order[:123], order[123:]
        first, second = (GroupMeans.of("x", "one").add(units[part], both[part]) for part in cut)
        assert second.merged(first).figures == whole.figures
        figure = whole.figures["x"]
        assert figure.value == pytest.approx(values.mean(), abs=1e-5)
        held += (figure.low or 0) <= 3 <= (figure.high or 0)
    assert held >= 53  # 57 expected; 40 if rows were taken for units
    assert whole.figures["one"].value == 1
    assert whole.figures["one"].n == 250
    assert math.isnan(GroupMeans.of("x").figure("x").value)
    assert len(whole.sums) == GROUPS
    with pytest.raises(ValueError, match="do not merge"):
        whole.merged(GroupMeans.of("x"))


def keys_of(words: list[int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2**63, 5000, dtype=np.uint64)[words]


@given(st.lists(st.integers(0, 200), max_size=300), st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_counts_do_not_depend_on_order_or_sharding(words: list[int], cut: int) -> None:
    keys = keys_of(words)
    whole = KeyCounts(32).add(keys, len(words))
    parts = KeyCounts(32).add(keys[::-1][cut:], len(words)).merged(KeyCounts(32).add(keys[::-1][:cut], 0))
    for one in (whole, parts):
        exact = Counter(keys.tolist())
        assert one.counts.tolist() == [exact[key] for key in one.keys.tolist()]
    assert whole.level == parts.level
    assert whole.keys.tolist() == parts.keys.tolist()
    assert len(whole.keys) <= 32
    assert (whole.level == 0) == (len(set(words)) <= 32)


def test_numbers_of_keys_are_estimated() -> None:
    words = np.random.default_rng(2).integers(0, 5000, 6000).tolist()
    counted = KeyCounts(1024).add(keys_of(words), 6000)
    truth = Counter(Counter(words).values())
    assert counted.part < 1
    assert counted.abundance.distinct == pytest.approx(sum(truth.values()), rel=0.12)  # 1.2 / sqrt(1024) is 0.04
    assert counted.abundance.seen_in(1) == pytest.approx(truth[1], rel=0.15)
    assert counted.abundance.units == 6000
    with pytest.raises(ValueError, match="do not merge"):
        counted.merged(KeyCounts(32))
