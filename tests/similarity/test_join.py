"""The exact check and the keys before it, against brute force over all pairs."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_hub.transforms.similarity import bitwise, dense, jaccard
from persona_hub.transforms.similarity.edges import VerifiedEdges
from persona_hub.transforms.similarity.jaccard import Threshold, overlaps
from persona_hub.transforms.similarity.join import GroupedSets, Sketch, verify_groups
from persona_hub.transforms.similarity.partition_keys import partition_keys
from persona_hub.transforms.similarity.plan import Plan, bands_for
from persona_hub.transforms.similarity.prefix_keys import frequencies, prefix_keys
from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.similarity.representatives import decide, extend_to_equals
from persona_hub.transforms.similarity.shingles import TokenSets

Sets = list[frozenset[int]]
TOKENS = st.one_of(st.integers(0, 12), st.integers(0, 2**32 - 3))
THRESHOLDS = st.one_of(st.sampled_from([0.5, 0.6, 2 / 3, 0.7, 0.75, 0.8, 0.9, 0.95, 1.0]), st.floats(0.5, 1.0))


@st.composite
def sets_of_tokens(draw: st.DrawFn, least: int = 1, most: int = 14) -> Sets:
    """Sets, many of them variants of one another."""
    rows: Sets = []
    for _ in range(draw(st.integers(2, most))):
        if draw(st.booleans()) and rows:
            words = set(draw(st.sampled_from(rows)))
            for word in draw(st.lists(TOKENS, max_size=3)):
                words ^= {word}
        else:
            words = draw(st.sets(TOKENS, min_size=least, max_size=16))
        if len(words) >= least:
            rows.append(frozenset(words))
    return rows


def token_sets(rows: Sets) -> TokenSets:
    tokens = np.array([token for row in rows for token in sorted(row)], np.uint32)
    return TokenSets(tokens, np.array([len(row) for row in rows], np.int64))


def similar(one: frozenset[int], other: frozenset[int], threshold: Threshold) -> bool:
    return len(one | other) > 0 and Fraction(len(one & other), len(one | other)) >= Fraction(threshold.p, threshold.q)


# ---- thresholds


@pytest.mark.parametrize(
    ("value", "fraction"), [(0.9, (9, 10)), (0.95, (19, 20)), (0.5, (1, 2)), (1.0, (1, 1)), (0.857, (857, 1000))]
)
def test_a_decimal_threshold_is_the_fraction_that_was_meant(value: float, fraction: tuple[int, int]) -> None:
    threshold = Threshold.of(value)
    assert (threshold.p, threshold.q) == fraction
    assert str(threshold) == f"{value:g}"


@given(st.integers(1, 80), THRESHOLDS)
def test_sizes_outside_the_bounds_cannot_be_duplicates(size: int, value: float) -> None:
    threshold, count = Threshold.of(value), np.array([size])
    least, most = int(threshold.smallest(count)[0]), int(threshold.largest(count)[0])
    assert 1 <= least <= size <= most
    for other in range(1, 2 * size + 2):
        best = Fraction(min(size, other), max(size, other))  # one within the other
        assert (best >= Fraction(threshold.p, threshold.q)) == (least <= other <= most)


@given(st.integers(1, 60), st.integers(1, 60), THRESHOLDS)
def test_slack_is_how_many_tokens_may_differ(one: int, other: int, value: float) -> None:
    threshold = Threshold.of(value)
    sizes = np.array([one + other])
    for common in range(min(one, other) + 1):
        true = Fraction(common, one + other - common) >= Fraction(threshold.p, threshold.q)
        assert bool(threshold.reached(np.array([common]), sizes)[0]) == true
        assert (one + other - 2 * common <= int(threshold.slack(sizes)[0])) == true


@given(sets_of_tokens(least=0, most=8), st.sampled_from([16, 1 << 17]))
def test_overlaps_whatever_the_block_and_the_width(rows: Sets, block: int) -> None:
    sets = token_sets(rows)
    left, right = np.triu_indices(len(rows), 1)
    before, jaccard.BLOCK_VALUES = jaccard.BLOCK_VALUES, block
    try:
        found = overlaps(sets.tokens, sets.size, left, right)
    finally:
        jaccard.BLOCK_VALUES = before
    assert found.tolist() == [len(a & b) for a, b in combinations(rows, 2)]


def test_overlaps_of_long_sets() -> None:
    rows = [frozenset(range(n, n + size)) for n, size in ((0, 63), (10, 64), (30, 65), (0, 700), (400, 1300))]
    sets = token_sets(rows)
    left, right = np.triu_indices(len(rows), 1)
    assert overlaps(sets.tokens, sets.size, left, right).tolist() == [len(a & b) for a, b in combinations(rows, 2)]


# ---- keys


def meet(keys: np.ndarray, owner: np.ndarray, i: int, j: int) -> bool:
    return bool(set(keys[owner == i].tolist()) & set(keys[owner == j].tolist()))


@settings(max_examples=200)
@given(sets_of_tokens(), st.floats(0.8, 0.999))
def test_of_two_duplicates_one_part_is_equal(rows: Sets, value: float) -> None:
    threshold = Threshold.of(value)
    keys, owner = partition_keys(token_sets(rows), np.arange(len(rows)), threshold)
    for i, j in combinations(range(len(rows)), 2):
        assert meet(keys, owner, i, j) or not similar(rows[i], rows[j], threshold)


@settings(max_examples=200)
@given(sets_of_tokens(), st.floats(0.5, 0.7), st.booleans())
def test_of_two_duplicates_one_of_the_rarest_tokens_is_common(rows: Sets, value: float, counted: bool) -> None:
    threshold, sets = Threshold.of(value), token_sets(rows)
    table = frequencies(sets.tokens) if counted else np.arange(1 << 16)[::-1]  # any table is right, a true one fast
    keys, owner = prefix_keys(sets, np.arange(len(rows)), threshold, table)
    for i, j in combinations(range(len(rows)), 2):
        assert meet(keys, owner, i, j) or not similar(rows[i], rows[j], threshold)


def test_keys_of_some_rows_are_those_they_have_among_all() -> None:
    rows = [frozenset(range(n, n + 20)) for n in range(0, 60, 7)]
    sets, threshold, some = token_sets(rows), Threshold.of(0.9), np.array([1, 4, 6])
    every, owner = partition_keys(sets, np.arange(len(rows)), threshold)
    few, few_owner = partition_keys(sets, some, threshold)
    for row in some:
        assert sorted(few[few_owner == row].tolist()) == sorted(every[owner == row].tolist())


def test_unrelated_sets_share_hardly_a_key() -> None:
    draw = np.random.default_rng(0)
    rows = [frozenset(draw.integers(0, 2**32 - 3, 24).tolist()) for _ in range(2000)]
    keys, owner = partition_keys(token_sets(rows), np.arange(2000), Threshold.of(0.9))
    assert len(keys) < 4 * 2000, "3.5 keys a row at 0.9"
    assert len(np.unique(keys)) > 0.995 * len(keys)
    assert set(owner.tolist()) == set(range(2000))


@given(st.floats(0.7, 0.9999), st.floats(0.5, 0.9999))
def test_bands_reach_the_recall_asked_for_within_128_hashes(threshold: float, recall: float) -> None:
    bands, rows = bands_for(threshold, recall)
    assert 1 - (1 - threshold**rows) ** bands >= recall - 1e-9
    assert bands * rows <= 128
    more = rows + 1  # more selective bands would be too many, or find too little
    assert more > 128 or 1 - (1 - threshold**more) ** (128 // more) < recall


@pytest.mark.parametrize(
    ("given_plan", "said"),
    [
        ((0.4, "minhash", 0.999), "--minhash_threshold 0.4: a Jaccard similarity from 0.5 to 1.0"),
        ((float("nan"), "minhash", 0.999), "--minhash_threshold nan"),
        ((0.9, "simhash", 0.999), "--bucket_keys simhash: one of minhash, partition"),
        ((0.9, "minhash", 1.0), "recall 1.0"),
        ((0.79, "partition", 0.999), "from 0.8, not 0.79; leave the flag out"),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused(given_plan: tuple[float, str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Plan.of(*given_plan)


# ---- the check


def found_by(rows: Sets, group: list[int], threshold: Threshold, small: int) -> VerifiedEdges:
    sets = token_sets(rows)
    ranks = np.arange(len(rows)).astype(np.uint64) + NEW
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dense, "ALL_PAIRS_ROWS", small)
        patch.setattr(bitwise, "LEAST_IMPLICIT", small)
        patch.setattr(bitwise, "MOST_WORDS", small)
        patch.setattr(bitwise, "PAIRS_AT_ONCE", small * small)
        return verify_groups(GroupedSets.of(np.array(group, np.uint64), ranks, sets), threshold)


@settings(max_examples=200)
@given(sets_of_tokens(most=24), THRESHOLDS, st.integers(1, 3), st.sampled_from([2, 256]), st.randoms())
def test_what_a_join_finds_is_what_all_pairs_within_the_groups_are(
    rows: Sets, value: float, groups: int, small: int, random: object
) -> None:
    threshold = Threshold.of(value)
    group = [random.randrange(groups) for _ in rows]  # type: ignore[attr-defined]
    found = found_by(rows, group, threshold, small)
    true = {
        (i, j)
        for i, j in combinations(range(len(rows)), 2)
        if group[i] == group[j] and similar(rows[i], rows[j], threshold)
    }
    near = zip((found.near.first - NEW).tolist(), (found.near.second - NEW).tolist(), strict=True)
    equal = set(zip((found.equal.first - NEW).tolist(), (found.equal.second - NEW).tolist(), strict=True))
    edges = dict(zip(near, found.near.similarity.tolist(), strict=True))
    assert edges.keys() | equal <= true
    for (i, j), similarity in edges.items():
        assert similarity == pytest.approx(len(rows[i] & rows[j]) / len(rows[i] | rows[j]))
    assert all(rows[i] == rows[j] for i, j in equal)
    # Of equal rows in a group the first stands for all. Listed and implicit edges between the others are all there are.
    leaders = {j for _, j in equal}
    implied = {
        (int(a - NEW), int(b - NEW))
        for each in found.implicit
        for (a, v), (b, w) in combinations(zip(each.rank, each.weight, strict=True), 2)
        if v + w <= 0
    }
    assert implied <= true
    assert {(i, j) for i, j in true if not {i, j} & leaders} <= edges.keys() | implied


@settings(max_examples=100)
@given(sets_of_tokens(most=30), THRESHOLDS)
def test_no_two_kept_are_duplicates_and_each_dropped_has_a_kept_one_before_it(rows: Sets, value: float) -> None:
    threshold = Threshold.of(value)
    found = found_by(rows, [0] * len(rows), threshold, 2)
    dropped, keeper, _ = extend_to_equals(found.equal, decide(found.near, found.implicit))
    gone = dict(zip((dropped - NEW).tolist(), (keeper - NEW).tolist(), strict=True))
    kept = [row for row in range(len(rows)) if row not in gone]
    assert not any(similar(rows[i], rows[j], threshold) for i, j in combinations(kept, 2))
    for row, stays in gone.items():
        assert stays < row
        assert stays in kept
        assert similar(rows[stays], rows[row], threshold)


def test_a_sketch_never_exceeds_the_true_difference() -> None:
    draw = np.random.default_rng(1)
    rows = [frozenset(draw.integers(0, 60, 30).tolist()) for _ in range(100)]
    sets = token_sets(rows)
    sketch = Sketch(GroupedSets.of(np.zeros(100, np.uint64), np.arange(100), sets))
    left, right = np.triu_indices(100, 1)
    true = np.array([len(rows[i] ^ rows[j]) for i, j in zip(left, right, strict=True)])
    bits = sketch.differing(left, right)
    assert (bits <= true).all()
    assert (bits > 0.6 * true).mean() > 0.9, "and tells most pairs apart"
