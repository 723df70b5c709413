"""What is known of clusters while blocks of personas are put into them: it adds up in any order."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import orjson

from persona_hub.transforms.clusters.labels import LeafTexts, labels
from persona_hub.transforms.clusters.tree import Assigned, Tree, id_keys
from persona_hub.transforms.records import Cluster
from persona_hub.transforms.vectors.kmeans import rank_hashes

EXAMPLES = 3
LABEL_TEXTS = 100  # personas of a leaf whose words are counted, those of the lowest hashes
TEXT_SEED = 2

PersonaRow = tuple[str, str, str]  # persona_id, language, text
NearPersona = tuple[float, str]  # what it fits less, id
SampledText = tuple[int, str, str, str]  # hash of the id, then as in a PersonaRow


class NodeStatistics(NamedTuple):
    """Of the personas in one cluster."""

    size: int
    languages: Mapping[str, int]
    examples: tuple[NearPersona, ...]  # the nearest, at most EXAMPLES
    texts: tuple[SampledText, ...]  # of a leaf, at most LABEL_TEXTS


Statistics = dict[int, NodeStatistics]  # by number of the node


def statistics_of(rows: list[PersonaRow], ids: np.ndarray, assigned: Assigned) -> Statistics:
    """Those of some personas, which come by id; `ids` are theirs."""
    hashes = rank_hashes(id_keys(ids), TEXT_SEED)
    leaves = assigned.leaves
    found: Statistics = {}
    for level in range(assigned.nodes.shape[1]):
        of_level = assigned.nodes[:, level]
        for node in np.unique(of_level[of_level >= 0]).tolist():
            inside = np.flatnonzero(of_level == node)
            fit = assigned.products[inside, level]
            nearest = inside[np.argsort(-fit, kind="stable")[:EXAMPLES]]
            is_leaf = leaves[inside[0]] == node
            least = inside[np.argsort(hashes[inside], kind="stable")[:LABEL_TEXTS]] if is_leaf else inside[:0]
            found[node] = NodeStatistics(
                len(inside),
                Counter(rows[i][1] for i in inside.tolist()),
                tuple((-float(assigned.products[i, level]), rows[i][0]) for i in nearest.tolist()),
                tuple((int(hashes[i]), *rows[i]) for i in least.tolist()),
            )
    return found


def added_up(parts: Iterable[Statistics]) -> Statistics:
    """Statistics of several blocks as one."""
    by_node: dict[int, list[NodeStatistics]] = {}
    for part in parts:
        for node, one in part.items():
            by_node.setdefault(node, []).append(one)
    return {node: joined_statistics(ones) for node, ones in by_node.items()}


def joined_statistics(parts: list[NodeStatistics]) -> NodeStatistics:
    """Of one node."""
    if len(parts) == 1:
        return parts[0]
    languages: Counter[str] = Counter()
    for part in parts:
        languages.update(part.languages)
    return NodeStatistics(
        sum(part.size for part in parts),
        languages,
        tuple(heapq.nsmallest(EXAMPLES, (one for part in parts for one in part.examples))),
        tuple(heapq.nsmallest(LABEL_TEXTS, (one for part in parts for one in part.texts))),
    )


def described(statistics: Statistics, tree: Tree) -> list[Cluster]:
    """The rows of the table: clusters that somebody belongs to, with their labels."""
    names = {node: tree.nodes[node].cluster for node in statistics}
    main = {names[node]: most_first(one.languages)[0][0] for node, one in statistics.items()}
    leaves = {
        names[node]: LeafTexts(one.size, tuple((language, text) for _, _, language, text in one.texts))
        for node, one in statistics.items()
        if one.texts
    }
    label = labels(leaves, main)
    return [
        Cluster(
            cluster=names[node],
            level=names[node].count(".") + 1,
            label=label[names[node]],
            language=main[names[node]],
            size=statistics[node].size,
            languages=languages_json(statistics[node].languages),
            examples=" ".join(persona for _, persona in statistics[node].examples),
            rows=tree.rows,
            offset=tree.nodes[node].offset,
            centroid=tree.nodes[node].centroid.astype("<i2").tobytes(),
        )
        for node in sorted(statistics)
    ]


def most_first(languages: Mapping[str, int]) -> list[tuple[str, int]]:
    """(language, personas), the most first; equal ones by code."""
    return sorted(languages.items(), key=lambda one: (-one[1], one[0]))


def languages_json(languages: Mapping[str, int]) -> str:
    """A JSON object in that order."""
    return orjson.dumps(dict(most_first(languages))).decode()
