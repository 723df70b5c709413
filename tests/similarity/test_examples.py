"""The worked examples that stand in the comments of `dense`, `bitwise`, `edges` and `representatives`."""

from __future__ import annotations

import numpy as np
import pytest

from persona_hub.transforms.similarity import bitwise, dense
from persona_hub.transforms.similarity.arrays import spans
from persona_hub.transforms.similarity.dense import DenseJoin, cross_pairs, first_elements, inner_pairs, weight_classes
from persona_hub.transforms.similarity.edges import Edges, ImplicitEdges
from persona_hub.transforms.similarity.jaccard import Threshold
from persona_hub.transforms.similarity.join import GroupedSets, collapse_equal_sets
from persona_hub.transforms.similarity.ranks import NEW, rank_of
from persona_hub.transforms.similarity.representatives import ImplicitMembers, decide, later_rows
from persona_hub.transforms.similarity.shingles import TokenSets
from tests.material.personas import persona

ROWS = [[1, 2, 3, 10], [1, 2, 3, 11], [1, 2, 3, 12, 13], [1, 2, 12, 13, 14]]
ALL = np.arange(4)


@pytest.fixture
def join() -> DenseJoin:
    tokens = np.array([token for row in ROWS for token in row], np.uint32)
    count = np.array([len(row) for row in ROWS])
    return DenseJoin(tokens, spans(count)[:-1], count, np.arange(4).astype(np.uint64) + NEW, Threshold(1, 2))


def test_differences_are_from_what_most_rows_have(join: DenseJoin) -> None:
    found = join.differences(ALL)
    assert found.size.tolist() == [1, 1, 2, 4]
    assert found.element.tolist() == [3, 4, 6, 7, 2, 5, 6, 7]
    assert found.owner.tolist() == [0, 1, 2, 2, 3, 3, 3, 3]
    assert found.weight.tolist() == [-1, -1, 1, 7]


def test_weights_part_the_rows_into_two_classes_that_share_two_elements(join: DenseJoin) -> None:
    differences = join.differences(ALL)
    light, heavy = weight_classes(differences, unit=6)
    assert (light.rows.tolist(), light.least_weight, light.largest_size) == ([0, 1, 2], -1, 2)
    assert (heavy.rows.tolist(), heavy.least_weight, heavy.largest_size) == ([3], 7, 4)
    begin = spans(differences.size)[:-1]
    sides = [first_elements(side.rows, differences, begin, 1) for side in (light, heavy)]
    assert [side.row.tolist() for side in sides] == [[0, 1, 2, 2], [3, 3, 3, 3]]
    pairs = [
        (i, j)
        for left, right in join.buckets(ALL, differences.weight, sides, 0)
        for i, j in zip(left, right, strict=True)
    ]
    assert pairs == [(2, 3), (2, 3)]


def test_light_rows_imply_each_other_and_the_heavy_one_is_a_candidate(
    join: DenseJoin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "ALL_PAIRS_ROWS", 2)
    pairs = {(int(i), int(j)) for left, right in join.pairs(ALL) for i, j in zip(left, right, strict=True)}
    assert pairs == {(2, 3)}
    (implicit,) = join.implicit
    assert (implicit.rank - NEW).tolist() == [0, 1, 2]
    assert implicit.weight.tolist() == [-1, -1, 1]
    assert implicit.similarity.tolist() == [1, 3 / 5, 3 / 6]


def test_pairs_of_a_bucket_lie_across_its_sides_or_within_it() -> None:
    one = np.array([3])
    across = cross_pairs(one, np.array([2]), np.array([2]))
    assert list(zip(*(side.tolist() for side in across), strict=True)) == [(3, 5), (3, 6), (4, 5), (4, 6)]
    within = inner_pairs(one, np.array([3]))
    assert list(zip(*(side.tolist() for side in within), strict=True)) == [(3, 4), (3, 5), (4, 5)]


def test_a_group_as_bits() -> None:
    tokens = np.array([1, 2, 3, 1, 2, 4, 1, 2, 3, 9], np.uint32)
    bits = bitwise.bits_of(tokens, np.array([3, 3, 4]), np.array([3]))
    assert [column.tolist() for column in bits] == [[1, 0, 1], [0], [1], [2], [3], [1]]


def test_implicit_edges_join_a_row_to_a_lighter_one_before_it() -> None:
    rank = np.array([5, 6, 8], np.uint64)
    assert later_rows(ImplicitEdges(rank, np.array([-1, -1, 1]), np.ones(3))).tolist() == [6, 8]
    assert later_rows(ImplicitEdges(rank, np.array([-1, 3, 2]), np.ones(3))).tolist() == []


def test_the_lightest_before_a_row_is_one_of_its_own_set() -> None:
    sets = [ImplicitEdges(np.arange(2), np.array(weight), np.ones(2)) for weight in ([2, -1], [0, 3])]
    members = ImplicitMembers.of(np.arange(4), sets)
    least, place = members.lightest(np.ones(4, bool))
    assert least.tolist() == [4, 2, 4, 0]
    assert place[[1, 3]].tolist() == [0, 2]


def test_of_a_chain_of_four_every_other_row_is_kept() -> None:
    rank = np.arange(1, 5).astype(np.uint64) + NEW
    decisions = decide(Edges(rank[:-1], rank[1:], np.full(3, 0.9)))
    assert (decisions.dropped - NEW).tolist() == [2, 4]
    assert (decisions.kept - NEW).tolist() == [1, 3]


def test_equal_sets_of_a_group_are_represented_by_the_first() -> None:
    sets = TokenSets(np.array([4, 5, 4, 5, 4, 6], np.uint32), np.array([2, 2, 2]))
    rows = GroupedSets.of(np.array([1, 1, 1], np.uint64), np.array([9, 7, 8], np.uint64), sets)
    first, equal = collapse_equal_sets(rows)
    assert first.tolist() == [1, 2]
    assert (equal.first.tolist(), equal.second.tolist()) == ([7], [9])


def test_a_rank_is_a_digit_for_hops_and_the_beginning_of_an_id() -> None:
    one = persona("somebody", hop=2)
    assert f"{rank_of(one):016x}" == "a" + one.persona_id[:15]
