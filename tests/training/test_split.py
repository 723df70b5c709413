"""Split: whole clusters on one side, no text on both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.training.split import LEAKS, PersonaClusters, RowHashes, Sides, split_rows

Row = tuple[str, str, str]  # persona, question, answer


def split(rows: list[Row], clusters: dict[str, str], share: float) -> Sides:
    hashes, known = RowHashes(), PersonaClusters()
    for persona, question, answer in rows:
        hashes.add(persona, question, (answer,))
    for persona, cluster in clusters.items():
        known.add(persona, cluster)
    return split_rows(hashes, known, share)


def many(personas: int, each: int = 1) -> list[Row]:
    return [(f"p{n}", f"question {n} {i}", "yes") for n in range(personas) for i in range(each)]


LONG = "one two three four five six seven eight {}"
ROWS = st.lists(
    st.tuples(
        st.integers(0, 30).map("p{}".format),
        st.integers(0, 40).map("question {}".format),
        st.one_of(st.just("short"), st.integers(0, 20).map(LONG.format)),
    ),
    max_size=60,
)
CLUSTERS = st.dictionaries(st.integers(0, 30).map("p{}".format), st.integers(0, 6).map("c{}".format))


@given(ROWS, CLUSTERS, st.floats(0.01, 0.9))
def test_no_text_and_no_cluster_is_on_both_sides(rows: list[Row], clusters: dict[str, str], share: float) -> None:
    found = split(rows, clusters, share)
    held_out = [row for row, side in zip(rows, found.sides, strict=True) if side == 1]
    trained = [row for row, side in zip(rows, found.sides, strict=True) if side == 0]
    assert not {row[1] for row in held_out} & {row[1] for row in trained}
    assert not {row[2] for row in held_out} & {row[2] for row in trained} - {"short"}
    group = (lambda row: clusters.get(row[0], row[0])) if found.by == "cluster" else (lambda row: row[0])
    assert not {group(row) for row in held_out} & {group(row) for row in trained}
    if len({row[0] for row in rows}) > 1:
        assert held_out
    for row, side in zip(rows, found.sides, strict=True):  # what is left out is so for a reason
        if side == LEAKS:
            assert any(row[1] == other[1] or row[2] == other[2] != "short" for other in held_out)


@given(ROWS, CLUSTERS, st.randoms(use_true_random=False))
def test_it_does_not_depend_on_the_order_of_rows(rows: list[Row], clusters: dict[str, str], random) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    found = split(rows, clusters, 0.3).sides
    assert found[order].tolist() == split([rows[i] for i in order], clusters, 0.3).sides.tolist()


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_the_share_is_met_where_groups_are_small(share: float) -> None:
    found = split(many(500), {}, share)
    assert (found.by, found.count(1)) == ("persona", 500 * share)
    clusters = {f"p{n}": f"c{n % 100}" for n in range(500)}
    found = split(many(500), clusters, share)
    assert found.by == "cluster"
    assert abs(found.count(1) - 500 * share) <= 2.5


def test_of_few_clusters_the_smallest_is_held_out() -> None:
    clusters = {f"p{n}": "large" if n < 60 else "small" for n in range(100)}
    found = split(many(100), clusters, 0.1)
    assert np.flatnonzero(found.sides).tolist() == list(range(60, 100))


def test_of_one_cluster_personas_are_held_out_and_of_one_persona_nothing() -> None:
    clusters = {f"p{n}": "only" for n in range(100)}
    assert split(many(100, 2), clusters, 0.1).by == "persona"
    found = split(many(100, 2), clusters, 0.1)
    assert found.count(1) == 20
    assert split(many(1, 5), clusters, 0.1) == (pytest.approx([0] * 5), "")
    assert split([], {}, 0.1).by == ""


def test_no_share_is_no_split() -> None:
    found = split(many(10), {"p1": "a", "p2": "b"}, 0.0)
    assert (found.by, found.sides.tolist()) == ("", [0] * 10)


def test_texts_are_alike_but_for_case_and_white_space() -> None:
    rows = [(f"p{n}", f"q{n}", "-") for n in range(20)]
    side = split(rows, {}, 0.1).sides.tolist()
    tested, trained = rows[side.index(1)], rows[side.index(0)]
    copied = [*rows, (trained[0], f"  {tested[1].upper()} ", "-")]
    assert split(copied, {}, 0.1).sides.tolist()[-1] == LEAKS
