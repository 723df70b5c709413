"""ClusterPersonas: the personas of a version and their vectors -> clusters, and which one each belongs to.

Centroids stay until a version has twice the vectors that trained them, so of a refresh only the new personas get a row.
Sizes, languages, examples and labels are counted anew each time, over all that the version shows: what is taken down
leaves nothing behind in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsIter, AsSingleton, TaggedOutput

from persona_hub.transforms.cluster_personas.sample import SampleVectors, VectorSample
from persona_hub.transforms.cluster_personas.statistics import (
    PersonaRow,
    Statistics,
    added_up,
    described,
    statistics_of,
)
from persona_hub.transforms.clusters.tree import Tree, assign, read_tree, train_tree, whole_rows
from persona_hub.transforms.counting.counts import Equation, Key, Sizes, count_records
from persona_hub.transforms.counting.stages import CLUSTER_PERSONAS
from persona_hub.transforms.records import Cluster, Member, Persona
from persona_hub.transforms.similarity.ranks import ID_TYPE
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.wire.batches import Batch, batches
from persona_hub.transforms.wire.packing import KeyedArrays, unpack_arrays

GROWTH = 2  # times the vectors that trained them: from there on centroids are trained anew


class PersonasAndVectors(NamedTuple):
    """All that a version shows, by block; vectors of others are left aside."""

    personas: tuple[beam.PCollection[tuple[int, Batch[Persona]]], ...]
    new_vectors: beam.PCollection[KeyedArrays]  # ids and vectors: of those that get a row of their own
    stored_vectors: tuple[beam.PCollection[KeyedArrays], ...] = ()
    clusters: tuple[beam.PCollection[Batch[Cluster]], ...] = ()  # of the version that it adds to


class Clustered(NamedTuple):
    """Rows of the tables."""

    members: beam.PCollection[Batch[Member]]  # of the new ones; of all, if the tree is new
    clusters: beam.PCollection[Batch[Cluster]]
    counts: Sizes

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Whoever has a vector belongs to a cluster."""
        return (Equation(CLUSTER_PERSONAS, "personas", ("clustered", "without-vector")),)


class ChosenTree(NamedTuple):
    """The tree that rows are put into, None if there are no vectors."""

    tree: Tree | None
    is_new: bool


@dataclass(kw_only=True)
class ClusterPersonas(beam.PTransform):
    """PersonasAndVectors -> Clustered. With `everybody` all get a row, whether the tree is new or not."""

    everybody: bool = False

    def expand(self, given: PersonasAndVectors) -> Clustered:
        """Personas meet their vectors by block; what is known of clusters is added up over the blocks."""
        vectors = (given.new_vectors, *given.stored_vectors) | "Vectors" >> beam.Flatten()
        none = given.new_vectors.pipeline | "NoClusters" >> beam.Create([], reshuffle=False)
        before = given.clusters[0] if given.clusters else none
        chosen = (
            vectors
            | "VectorSample" >> beam.CombineGlobally(SampleVectors())
            | "Tree" >> beam.Map(chosen_tree, AsIter(before))
        )
        rows = [
            personas | f"Rows {part}" >> beam.MapTuple(rows_of).with_output_types(tuple[int, Batch])
            for part, personas in enumerate(given.personas)
        ]
        stored = given.stored_vectors[0] if given.stored_vectors else none
        found = (
            {"rows": rows | "AllRows" >> beam.Flatten(), "new": given.new_vectors, "stored": stored}
            | "ByBlock" >> beam.CoGroupByKey()
            | "Assign"
            >> beam.ParDo(AssignBlock(self.everybody), AsSingleton(chosen))
            .with_output_types(Any, members=Batch, counts=tuple[Key, int])
            .with_outputs("members", "counts", main="statistics")
        )
        clusters = (
            found["statistics"]
            | "AddUp" >> beam.CombineGlobally(added_up)
            | "Describe" >> beam.FlatMap(clusters_of, AsSingleton(chosen)).with_output_types(Batch)
        )
        trained = chosen | "Trained" >> beam.FlatMap(trained_count).with_output_types(tuple[Key, int])
        counts = (found["counts"], trained, *count_records(CLUSTER_PERSONAS, "clusters", clusters))
        return Clustered(found["members"], clusters, counts)


def rows_of(block: int, personas: Batch[Persona]) -> tuple[int, Batch[PersonaRow]]:
    """What clusters need of personas."""
    return block, Batch((one.persona_id, one.language, one.text) for one in personas)


def chosen_tree(sample: VectorSample, stored: Iterable[Batch[Cluster]]) -> ChosenTree:
    """The stored tree if it fits the vectors and their number, else a new one."""
    if not sample.rows:
        return ChosenTree(None, False)
    tree = read_tree(row for batch in stored for row in batch)
    if tree and sample.rows < GROWTH * tree.rows and tree.width in (0, whole_rows(sample.vectors[:1]).shape[1]):
        return ChosenTree(tree, False)
    return ChosenTree(train_tree(sample.keys, sample.vectors, sample.rows), True)


def trained_count(chosen: ChosenTree) -> Iterator[tuple[Key, int]]:
    """A count that says that the tree is new: members of earlier versions do not belong to it."""
    if chosen.is_new:
        yield (CLUSTER_PERSONAS, "trained"), 1


def clusters_of(statistics: Statistics, chosen: ChosenTree) -> Iterator[Batch[Cluster]]:
    """The table."""
    if chosen.tree and statistics:
        yield Batch(described(statistics, chosen.tree))


class AssignBlock(beam.DoFn):
    """A block's rows and vectors -> statistics of its clusters; aside its members, and counts."""

    def __init__(self, everybody: bool):
        self.everybody = everybody

    def process(self, element: tuple[int, dict[str, Any]], chosen: ChosenTree) -> Iterator[Any]:
        """All of a block at once: 20 MB of vectors."""
        rows: list[PersonaRow] = sorted({row[0]: row for batch in element[1]["rows"] for row in batch}.values())
        ids = np.array([row[0].encode() for row in rows], ID_TYPE)
        at, vectors, are_new = vectors_of_rows(ids, element[1]["new"], element[1]["stored"])
        mine = [rows[i] for i in at.tolist()]
        named = 0
        if chosen.tree and len(at):
            assigned = assign(vectors, chosen.tree)
            yield statistics_of(mine, ids[at], assigned)
            leaves = [chosen.tree.nodes[leaf].cluster for leaf in assigned.leaves.tolist()]
            wanted = np.ones(len(at), bool) if chosen.is_new or self.everybody else are_new
            members = [Member(mine[i][0], leaves[i]) for i in np.flatnonzero(wanted).tolist()]
            named = len(members)
            for batch in batches(members):
                yield TaggedOutput("members", batch)
        counted = {
            "personas": len(rows),
            "clustered": len(at),
            "without-vector": len(rows) - len(at),
            "assigned": named,
        }
        for name, n in counted.items():
            if n:
                yield TaggedOutput("counts", ((CLUSTER_PERSONAS, name), n))


def vectors_of_rows(
    ids: np.ndarray, new: Iterable[bytes], stored: Iterable[bytes]
) -> tuple[np.ndarray, StoredVectors, np.ndarray]:
    """(positions of the ids, which ascend, that have a vector; the vectors; whether each is new), by position."""
    found = np.zeros(len(ids), bool)
    parts: list[tuple[np.ndarray, StoredVectors, np.ndarray]] = []
    for are_new, packs in ((True, new), (False, stored)):
        for keys, vectors in map(unpack_arrays, packs):
            if not len(ids):
                continue
            at = np.minimum(np.searchsorted(ids, keys), len(ids) - 1)
            known = (ids[at] == keys) & ~found[at]
            known[known] = first_of_each(at[known])
            found[at[known]] = True
            parts.append((at[known], vectors[known], np.full(int(known.sum()), are_new)))
    if not parts:
        return np.zeros(0, np.intp), np.zeros((0, 0), np.float16), np.zeros(0, bool)
    at, vectors, are_all_new = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(at)
    return at[order], vectors[order], are_all_new[order]


def first_of_each(values: np.ndarray) -> np.ndarray:
    """Which of the values have not stood before."""
    first = np.zeros(len(values), bool)
    first[np.unique(values, return_index=True)[1]] = True
    return first
