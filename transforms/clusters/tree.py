"""A tree of clusters: spherical k-means in whole numbers, once over all rows and again within each cluster.

The mean of a cluster's rows is taken off before they are parted: sentence vectors have 0.4 of their length in common,
and those of one subject more. A row r goes where (r - mean) * c is largest; as r * c and mean * c are whole numbers
below 2^24, an `offset` of mean * c with each centroid is as good as the mean itself, and every machine agrees:

    mean (1000, 0), centroid (0, 4000)        offset 0
    mean (1000, 0), centroid (4000, 0)        offset 4,000,000
    row (3000, 2645)                          products 10,580,000 and 12,000,000 - 4,000,000: the first
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.records import Cluster
from persona_hub.transforms.similarity.ranks import ID_TYPE
from persona_hub.transforms.vectors import kmeans
from persona_hub.transforms.vectors.arrays import Positions, Ranks
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.vectors.quantised import QUANTISED_NORM, Quantised, quantise, rescaled
from persona_hub.transforms.vectors.sketches import projection

DEPTH = 3  # levels, at most
WIDTH = 512  # coordinates of a centroid; of longer vectors so many projected ones
FEWEST = 50  # rows of a cluster, unless it is the only one: a smaller one is dissolved
# Of each level: rows from which it is cut, rows that a part has on average, and parts at most.
LEVELS = ((100, 75, 20), (150, 75, 10), (600, 150, 10))
SAMPLE_ROWS = 20_000  # that a tree is trained on
LEAST_SAMPLE = 8  # rows of the sample for each part
BEGINNINGS, TRIED_ROWS = 4, 5000  # beginnings, and rows that they are compared on
ITERATIONS = 10
ASSIGNED_ROWS = 4096  # of a block: 8 MB of float32
SEED = 1
ALL = "1"  # the cluster of a hub that has only one


class TreeNode(NamedTuple):
    """A cluster as rows are compared with it."""

    cluster: str  # path: "3.1"
    offset: int
    centroid: Quantised  # shape (WIDTH or less,); (0,) where it is the only one


class Tree(NamedTuple):
    """All clusters, parents before children."""

    rows: int  # vectors of the version that trained it
    nodes: tuple[TreeNode, ...]

    @property
    def width(self) -> int:
        """Coordinates of a centroid; 0 if nothing is compared."""
        return max((len(node.centroid) for node in self.nodes), default=0)


class Assigned(NamedTuple):
    """Of each row and level the number of its node, -1 below its leaf, and how well it fits."""

    nodes: npt.NDArray[np.int32]  # shape (rows, DEPTH)
    products: npt.NDArray[np.float32]  # shape (rows, DEPTH): less the offsets, whole numbers

    @property
    def leaves(self) -> npt.NDArray[np.int32]:
        """The deepest node of each row, shape (rows,)."""
        depth = (self.nodes >= 0).sum(axis=1) - 1
        return self.nodes[np.arange(len(self.nodes)), depth]


def path_order(cluster: str) -> tuple[int, ...]:
    """Sort key of paths: 2 before 10, a parent before its children."""
    return tuple(int(part) for part in cluster.split("."))


def parent_of(cluster: str) -> str:
    """The path above: "3" of "3.1", "" of "3"."""
    return cluster.rpartition(".")[0]


def id_keys(ids: npt.NDArray[np.bytes_]) -> Ranks:
    """The first 16 hex digits of ids as numbers, shape (rows,); by them a sample is drawn."""
    digits = np.ascontiguousarray(ids.astype(ID_TYPE)).astype("S16")
    return np.frombuffer(bytes.fromhex(b"".join(digits.tolist()).decode()), ">u8").astype(np.uint64)


def whole_rows(vectors: StoredVectors) -> Quantised:
    """Stored vectors as whole numbers, shape (rows, WIDTH or less)."""
    rows = quantise(vectors)
    return rows if rows.shape[1] <= WIDTH else rows @ projection(rows.shape[1], WIDTH, SEED)


def parts_for(rows: float, level: int) -> int:
    """Into how many clusters of this level, from 1, a hub or cluster of so many rows is cut; 1: not at all.

    >>> [parts_for(rows, 1) for rows in (99, 100, 300, 100_000)]
    [1, 2, 4, 20]
    """
    if level > DEPTH:
        return 1
    least, mean, most = LEVELS[level - 1]
    return 1 if rows < least else max(2, min(most, int(rows // mean)))


def train_tree(keys: Ranks, vectors: StoredVectors, rows: int) -> Tree:
    """The tree of a hub with `rows` vectors, out of a sample of them, in any order."""
    order = kmeans.sample_positions(keys, len(keys), SEED)
    part = whole_rows(vectors[order])
    nodes = list(grown(part, rows / max(1, len(part)), "", 1))
    return Tree(rows, tuple(nodes or [TreeNode(ALL, 0, np.zeros(0, np.float32))]))


def grown(part: Quantised, weight: float, parent: str, level: int) -> Iterator[TreeNode]:
    """The clusters of `part` under `parent`, each followed by its own; a row of the sample stands for `weight`."""
    count = min(parts_for(len(part) * weight, level), len(part) // LEAST_SAMPLE)
    if count < 2:
        return
    mean = np.rint(part.sum(axis=0, dtype=np.float64) / len(part)).astype(np.float32)
    centroids = trained(rescaled(part - mean, QUANTISED_NORM), count, weight)
    offsets = centroids.astype(np.float64) @ mean.astype(np.float64)
    nearest = np.argmax(part @ centroids.T - offsets.astype(np.float32), axis=1)
    sizes = np.bincount(nearest, minlength=len(centroids))
    chosen = [one for one in np.argsort(-sizes, kind="stable").tolist() if sizes[one]]
    if len(chosen) < 2:
        return
    for number, one in enumerate(chosen, 1):
        cluster = f"{parent}.{number}".removeprefix(".")
        yield TreeNode(cluster, int(offsets[one]), centroids[one])
        yield from grown(part[nearest == one], weight, cluster, level + 1)


def trained(rows: Quantised, count: int, weight: float) -> Quantised:
    """At most `count` centroids: of several beginnings the best, without clusters of fewer than FEWEST."""
    some = rows[:TRIED_ROWS]
    best, most = rows[:count], -1.0
    for attempt in range(BEGINNINGS):
        start = some[np.arange(attempt * count, (attempt + 1) * count) % len(some)]
        centroids = moved(some, start)
        fit = float((some @ centroids.T).max(axis=1).sum(dtype=np.float64))
        if fit > most:
            best, most = centroids, fit
    best = moved(rows, best)
    while len(best) > 1:
        sizes = np.bincount(kmeans.nearest_centroids(rows, best), minlength=len(best)) * weight
        if sizes.min() >= FEWEST:
            break
        left = np.delete(best, int(np.argmin(sizes)), axis=0)
        best = moved(rows, left)
    return best


def moved(rows: Quantised, start: Quantised) -> Quantised:
    """The centroids `start` after at most ITERATIONS steps, each to the mean direction of the rows nearest to it.

    As `kmeans.train_centroids`, for few cells of many rows: their sums, exact in float64, take a tenth of the time of
    `np.add.reduceat`.
    """
    centroids, before = start.copy(), np.full(len(rows), -1, np.intp)
    for _ in range(ITERATIONS):
        nearest = kmeans.nearest_centroids(rows, centroids)
        if np.array_equal(nearest, before):
            break
        before = nearest
        order = np.argsort(nearest, kind="stable")
        ends = np.cumsum(np.bincount(nearest, minlength=len(centroids)))
        for cell, members in enumerate(np.split(rows[order], ends[:-1])):
            total = members.sum(axis=0, dtype=np.float64)
            if norm := math.sqrt(math.fsum((total * total).tolist())):  # rounded once, so alike on every machine
                centroids[cell] = np.rint(total / norm * QUANTISED_NORM)
    return centroids


def assign(vectors: StoredVectors, tree: Tree) -> Assigned:
    """The nodes of each row, from the top down: at each level the nearest, and then its children."""
    nodes = np.full((len(vectors), DEPTH), -1, np.int32)
    products = np.zeros((len(vectors), DEPTH), np.float32)
    if not tree.width:
        nodes[:, 0] = 0
        return Assigned(nodes, products)
    parts = children_of(tree)
    for start in range(0, len(vectors), ASSIGNED_ROWS):
        rows = whole_rows(vectors[start : start + ASSIGNED_ROWS])
        end = start + len(rows)
        descend(rows, "", parts, tree, Assigned(nodes[start:end], products[start:end]))
    return Assigned(nodes, products)


class Children(NamedTuple):
    """The children of one node."""

    numbers: npt.NDArray[np.int32]  # of nodes
    centroids: Quantised
    offsets: npt.NDArray[np.float32]


def children_of(tree: Tree) -> dict[str, Children]:
    """{path of a parent: its children}; "" is that of the top."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, node in enumerate(tree.nodes):
        numbers[parent_of(node.cluster)].append(number)
    return {
        parent: Children(
            np.array(found, np.int32),
            np.stack([tree.nodes[number].centroid for number in found]),
            np.array([tree.nodes[number].offset for number in found], np.float32),
        )
        for parent, found in numbers.items()
    }


def descend(rows: Quantised, top: str, parts: dict[str, Children], tree: Tree, out: Assigned) -> None:
    """Fills in the nodes of a block of rows."""
    waiting: list[tuple[str, int, Positions]] = [(top, 0, np.arange(len(rows)))]
    while waiting:
        parent, level, at = waiting.pop()
        part = parts.get(parent)
        if part is None or level == DEPTH:
            continue
        fit = (rows if len(at) == len(rows) else rows[at]) @ part.centroids.T - part.offsets
        nearest = np.argmax(fit, axis=1)
        out.nodes[at, level] = part.numbers[nearest]
        out.products[at, level] = fit[np.arange(len(at)), nearest]
        for one in np.unique(nearest).tolist():
            waiting.append((tree.nodes[part.numbers[one]].cluster, level + 1, at[nearest == one]))


def read_tree(clusters: Iterable[Cluster]) -> Tree | None:
    """The tree of a stored table, None where there is none, or centroids differ in length."""
    rows = sorted(clusters, key=lambda one: path_order(one.cluster))
    if len({len(one.centroid) for one in rows}) != 1:
        return None
    nodes = (TreeNode(one.cluster, one.offset, np.frombuffer(one.centroid, "<i2").astype(np.float32)) for one in rows)
    return Tree(max(one.rows for one in rows), tuple(nodes))
