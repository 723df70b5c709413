"""A tree of clusters: the same for every order of the rows, none too small, and children within their parents."""

from __future__ import annotations

import numpy as np
import pytest

from persona_hub.transforms.clusters.tree import (
    ALL,
    DEPTH,
    FEWEST,
    Tree,
    assign,
    id_keys,
    parent_of,
    parts_for,
    path_order,
    read_tree,
    train_tree,
)
from persona_hub.transforms.records import Cluster
from persona_hub.transforms.vectors.arrays import Ranks
from persona_hub.transforms.vectors.float16 import StoredVectors

SUBJECTS, DIMENSION = 6, 64


def rows_of(n: int, seed: int = 3, dimension: int = DIMENSION) -> tuple[Ranks, StoredVectors, np.ndarray]:
    """Keys, vectors about SUBJECTS directions that have one in common, and the subject of each."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(SUBJECTS, dimension)) + 2 * rng.normal(size=dimension)
    subject = rng.integers(0, SUBJECTS, n)
    vectors = centres[subject] + 0.5 * rng.normal(size=(n, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return rng.integers(0, 2**63, n).astype(np.uint64), vectors.astype(np.float16), subject


@pytest.fixture(scope="module")
def planted() -> tuple[Ranks, StoredVectors, np.ndarray]:
    return rows_of(2000)


@pytest.fixture(scope="module")
def tree(planted: tuple[Ranks, StoredVectors, np.ndarray]) -> Tree:
    keys, vectors, _ = planted
    return train_tree(keys, vectors, len(keys))


def test_clusters_hold_rows_of_one_subject(planted: tuple[Ranks, StoredVectors, np.ndarray], tree: Tree) -> None:
    _, vectors, subject = planted
    top = assign(vectors, tree).nodes[:, 0]
    most = sum(np.bincount(subject[top == node]).max() for node in np.unique(top))
    assert most > 0.97 * len(vectors)


def test_no_cluster_is_small_and_each_row_goes_down_one_branch(
    planted: tuple[Ranks, StoredVectors, np.ndarray], tree: Tree
) -> None:
    found = assign(planted[1], tree)
    top = np.bincount(found.nodes[:, 0])
    assert top[top > 0].min() >= FEWEST
    assert len(np.unique(found.leaves)) == sum(
        not any(parent_of(other.cluster) == node.cluster for other in tree.nodes) for node in tree.nodes
    )
    for nodes in found.nodes[:200].tolist():
        names = [tree.nodes[node].cluster for node in nodes if node >= 0]
        assert names
        assert [parent_of(name) for name in names] == ["", *names[:-1]]
    assert max(node.cluster.count(".") for node in tree.nodes) < DEPTH


def test_the_order_of_rows_and_the_size_of_blocks_make_no_difference(
    planted: tuple[Ranks, StoredVectors, np.ndarray], tree: Tree
) -> None:
    keys, vectors, _ = planted
    back = train_tree(keys[::-1], vectors[::-1], len(keys))
    assert [node.cluster for node in back.nodes] == [node.cluster for node in tree.nodes]
    assert all(np.array_equal(a.centroid, b.centroid) for a, b in zip(back.nodes, tree.nodes, strict=True))
    whole = assign(vectors, tree)
    parts = [assign(vectors[i : i + 77], tree) for i in range(0, len(vectors), 77)]
    assert np.array_equal(whole.nodes, np.concatenate([part.nodes for part in parts]))
    assert np.array_equal(whole.products, np.concatenate([part.products for part in parts]))


def test_larger_clusters_have_lower_numbers(planted: tuple[Ranks, StoredVectors, np.ndarray], tree: Tree) -> None:
    sizes = np.bincount(assign(planted[1], tree).nodes[:, 0])
    of_top = [sizes[number] for number, node in enumerate(tree.nodes) if "." not in node.cluster]
    assert of_top == sorted(of_top, reverse=True)


def test_a_table_gives_the_tree_back(planted: tuple[Ranks, StoredVectors, np.ndarray], tree: Tree) -> None:
    stored = [
        Cluster(one.cluster, 1, "", "en", 9, "{}", "", tree.rows, one.offset, one.centroid.astype("<i2").tobytes())
        for one in reversed(tree.nodes)
    ]
    again = read_tree(stored)
    assert again
    assert again.rows == tree.rows
    assert np.array_equal(assign(planted[1], again).nodes, assign(planted[1], tree).nodes)
    assert read_tree([]) is None


def test_few_rows_are_one_cluster_that_keeps_no_vector() -> None:
    keys, vectors, _ = rows_of(99)
    tree = train_tree(keys, vectors, 99)
    assert [(node.cluster, len(node.centroid)) for node in tree.nodes] == [(ALL, 0)]
    assert set(assign(vectors, tree).leaves.tolist()) == {0}


def test_equal_rows_are_one_cluster() -> None:
    vectors = np.repeat(rows_of(1)[1], 400, axis=0)
    tree = train_tree(np.arange(400, dtype=np.uint64), vectors, 400)
    assert [node.cluster for node in tree.nodes] == [ALL]


def test_long_vectors_are_projected() -> None:
    keys, vectors, subject = rows_of(600, dimension=1536)
    tree = train_tree(keys, vectors, 600)
    assert tree.width == 512
    top = assign(vectors, tree).nodes[:, 0]
    assert sum(np.bincount(subject[top == node]).max() for node in np.unique(top)) > 570


def test_a_sample_stands_for_the_hub_it_is_of() -> None:
    keys, vectors, _ = rows_of(300)
    assert len(train_tree(keys, vectors, 30_000).nodes) > len(train_tree(keys, vectors, 300).nodes)


def test_parts_grow_with_rows_up_to_a_bound() -> None:
    assert [parts_for(rows, 2) for rows in (149, 150, 1000, 10**6)] == [1, 2, 10, 10]
    assert parts_for(10**9, DEPTH + 1) == 1


def test_paths_are_in_the_order_of_their_numbers() -> None:
    assert sorted(["10", "2", "2.10", "2.9", "1.1.1"], key=path_order) == ["1.1.1", "2", "2.9", "2.10", "10"]
    assert [parent_of(path) for path in ("3", "3.1", "3.1.4")] == ["", "3", "3.1"]


def test_keys_are_the_first_half_of_ids() -> None:
    ids = np.array([b"00000000000000ff" + b"a" * 16, b"f" * 32], "S32")
    assert id_keys(ids).tolist() == [255, 2**64 - 1]
