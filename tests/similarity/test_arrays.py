"""Tools on arrays, against the plainest Python that says the same."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, combinations, groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.similarity import pairs
from persona_hub.transforms.similarity.arrays import (
    U64,
    distinct,
    groups,
    inverse_and_counts,
    mix,
    partition_of_key,
    ragged,
    runs,
    shared,
    sorted_unique,
    spans,
    sums,
)
from persona_hub.transforms.similarity.dense import Differences, complement, first_elements
from persona_hub.transforms.vectors.arrays import nonzero_2d

COUNTS = st.lists(st.integers(0, 5), max_size=12)
KEYS = st.lists(st.integers(0, 9), max_size=40)


@given(COUNTS)
def test_spans_are_where_rows_begin_and_end(count: list[int]) -> None:
    assert spans(np.array(count, int)).tolist() == [0, *accumulate(count)]


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 5)), max_size=12))
def test_ragged_positions_are_those_of_each_row_after_another(rows: list[tuple[int, int]]) -> None:
    start, count = (np.array(column, int) for column in (zip(*rows, strict=True) if rows else ([], [])))
    assert ragged(start, count).tolist() == [at for begin, n in rows for at in range(begin, begin + n)]


@given(st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=4), max_size=10))
def test_sums_wrap_around_and_are_zero_for_empty_rows(rows: list[list[int]]) -> None:
    values = np.array([value for row in rows for value in row], U64)
    found = sums(values, np.array([len(row) for row in rows], int))
    assert found.tolist() == [sum(row) % 2**64 for row in rows]


@given(KEYS)
def test_runs_are_equal_neighbours(keys: list[int]) -> None:
    begin, length = runs(np.array(keys, int))
    assert length.tolist() == [len(list(same)) for _, same in groupby(keys)]
    assert begin.tolist() == [0, *accumulate(length.tolist())][: len(begin)]


@given(KEYS)
def test_of_ordered_numbers_each_stays_once(keys: list[int]) -> None:
    assert sorted_unique(np.array(sorted(keys), int)).tolist() == sorted(set(keys))


@given(KEYS)
def test_shared_keys_are_those_that_occur_twice(keys: list[int]) -> None:
    found = shared(np.array(keys, int)).tolist()
    assert sorted(found) == [i for i, key in enumerate(keys) if Counter(keys)[key] > 1]
    assert [keys[i] for i in found] == sorted(keys[i] for i in found)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(2**63, 2**63 + 3)), max_size=30))
def test_of_equal_rows_one_is_found(rows: list[tuple[int, int]]) -> None:
    one, two = (np.array(column, U64) for column in (zip(*rows, strict=True) if rows else ([], [])))
    assert sorted(rows[i] for i in distinct(one, two).tolist()) == sorted(set(rows))


@given(st.lists(st.one_of(st.integers(0, 3), st.integers(-(2**40), 2**40)), max_size=30))
def test_groups_ascend_and_keep_the_order_within(labels: list[int]) -> None:
    found = {label: at.tolist() for label, at in groups(np.array(labels, np.int64))}
    assert list(found) == sorted(set(labels))
    assert found == {label: [i for i, other in enumerate(labels) if other == label] for label in set(labels)}


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=50), st.integers(1, 65536))
def test_partitions_of_keys_lie_in_their_range_and_go_by_the_upper_half(keys: list[int], partitions: int) -> None:
    found = partition_of_key(np.array(keys, U64), partitions).tolist()
    assert found == [(key >> 32) * partitions >> 32 for key in keys]


def test_mixed_numbers_are_spread_over_all_partitions() -> None:
    counts = np.bincount(partition_of_key(mix(np.arange(32_000, dtype=U64)), 32).astype(int), minlength=32)
    assert 850 < counts.min() <= counts.max() < 1150  # 1,000 are expected, with a deviation of 31


@given(st.sets(st.integers(0, 2**64 - 1), max_size=50))
def test_mixing_maps_no_two_numbers_to_one(numbers: set[int]) -> None:
    assert len(set(mix(np.array(sorted(numbers), U64)).tolist())) == len(numbers)


def all_pairs(blocks: object) -> list[tuple[int, int]]:
    return sorted((i, j) for left, right in blocks for i, j in zip(left.tolist(), right.tolist(), strict=True))  # type: ignore[attr-defined]


@given(st.integers(0, 9), st.integers(0, 30), st.sampled_from([1, 5, 1 << 16]))
def test_pairs_of_a_group_are_all_of_them_once_whatever_the_block(begin: int, length: int, block: int) -> None:
    before, pairs.PAIRS = pairs.PAIRS, block
    try:
        found = all_pairs(pairs.pairs_within(begin, length))
    finally:
        pairs.PAIRS = before
    assert found == sorted(combinations(range(begin, begin + length), 2))


def test_pairs_of_a_large_group_come_in_blocks_of_bounded_size() -> None:
    blocks = list(pairs.pairs_within(7, 1000))
    assert sum(len(left) for left, _ in blocks) == 499_500
    assert max(len(left) for left, _ in blocks) <= pairs.PAIRS


@given(st.integers(0, 6), st.integers(0, 6), st.data())
def test_true_entries_are_those_of_numpy(rows: int, columns: int, data: st.DataObject) -> None:
    cells = data.draw(st.lists(st.booleans(), min_size=rows * columns, max_size=rows * columns))
    mask = np.array(cells, bool).reshape(rows, columns)
    for ours, theirs in zip(nonzero_2d(mask), np.nonzero(mask), strict=True):
        assert ours.tolist() == theirs.tolist()


@given(st.integers(1, 8), st.integers(1, 5), st.data())
def test_what_is_not_in_a_table_is_its_complement(lines: int, columns: int, data: st.DataObject) -> None:
    every = [(i, j) for i in range(lines) for j in range(columns)]
    given_cells = sorted(data.draw(st.sets(st.sampled_from(every))))
    line, column = (np.array(c, int) for c in (zip(*given_cells, strict=True) if given_cells else ([], [])))
    found = zip(*(cells.tolist() for cells in complement(line, column, lines, columns)), strict=True)
    assert sorted(found) == sorted(set(every) - set(given_cells))


def test_first_elements_are_one_more_than_a_row_may_miss() -> None:
    size, element = np.array([3, 1, 2]), np.array([10, 11, 12, 20, 30, 31])
    differences = Differences(size, element, np.repeat(np.arange(3), size), np.zeros(3))
    found = first_elements(np.arange(3), differences, spans(size)[:-1], least=2)
    assert [column.tolist() for column in found] == [[10, 11, 30], [0, 0, 2]]


@given(st.lists(st.integers(0, 2**32 - 1), max_size=50))
def test_values_are_numbered_as_numpy_numbers_them(values: list[int]) -> None:
    number, often = inverse_and_counts(np.array(values, np.uint32))
    _, inverse, counts = np.unique(np.array(values, np.uint32), return_inverse=True, return_counts=True)
    assert number.tolist() == inverse.tolist()
    assert often.tolist() == counts.tolist()
