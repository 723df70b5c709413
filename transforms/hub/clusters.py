"""A version's clusters: what it is about, and where each of its personas belongs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import orjson

from persona_hub.transforms.clusters.tree import WIDTH, path_order
from persona_hub.transforms.hub.places import HubError, as_told
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.tombstones import number_of
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Cluster, Member
from persona_hub.transforms.wire.batches import Batch

NO_VECTORS = "has no clusters: they are made of vectors, and it has none (--embedding_threshold 1.0)"
NO_CLUSTERS = "has no clusters: an earlier release made it; `persona-hub compact` or the next refresh adds them"
CLUSTER_PATH = re.compile(r"[1-9]\d{0,3}(\.[1-9]\d{0,3}){0,2}", re.ASCII)
CENTROID_BYTES = range(0, 2 * WIDTH + 1, 2)


def paths_of_clusters(hub: Hub) -> list[str]:
    """Full paths of the files of the latest table: each version has all clusters anew."""
    paths = hub.paths("clusters")
    latest = max(map(number_of, paths), default=0)
    return [path for path in paths if number_of(path) == latest]


def read_clusters(hub: Hub) -> list[Cluster]:
    """The clusters of a version, parents before children; none of a hub without vectors, or of an earlier release."""
    rows = [row for path in paths_of_clusters(hub) for row in read_cluster_file(path)]
    return sorted(rows, key=lambda row: path_order(row.cluster))


def read_cluster_file(path: str) -> Iterator[Cluster]:
    """The rows of one file. Raises HubError for what is no cluster: the hub may be a stranger's."""
    for row in read_file(path, Cluster):
        if not is_cluster(row):
            raise HubError(f"{path}: {as_told(row.cluster)} is no row of a cluster; restore the file from a copy")
        yield row


def is_cluster(row: Cluster) -> bool:
    """Whether a row has the form of one."""
    try:
        languages = orjson.loads(row.languages)
    except orjson.JSONDecodeError:
        return False
    are_counts = isinstance(languages, dict) and all(type(n) is int for n in languages.values())
    return are_counts and CLUSTER_PATH.fullmatch(row.cluster) is not None and len(row.centroid) in CENTROID_BYTES


@dataclass(kw_only=True)
class ReadClusters(beam.PTransform):
    """Pipeline -> batches of the clusters of a version."""

    hub: Hub

    def expand(self, root: beam.Pipeline) -> beam.PCollection[Batch[Cluster]]:
        """A few files."""
        return (
            root
            | "Files" >> beam.Create(paths_of_clusters(self.hub), reshuffle=False)
            | "Read" >> beam.Map(lambda path: Batch(read_cluster_file(path))).with_output_types(Batch)
        )


@dataclass(frozen=True)
class ClusterLookup:
    """Which cluster personas belong to, at 18 bytes each."""

    ids: npt.NDArray[np.bytes_]  # "S32" ascending
    numbers: npt.NDArray[np.int32]  # of `names`
    names: Sequence[str]

    @classmethod
    def of_version(cls, hub: Hub) -> ClusterLookup:
        """Of the personas of a version."""
        return cls.of(read_table(hub, "members", Member))

    @classmethod
    def of(cls, rows: Iterable[Member]) -> ClusterLookup:
        """Of members in any order; of two rows of one persona the later holds."""
        names: dict[str, int] = {}
        found: dict[str, int] = {}
        for row in rows:
            found[row.persona_id] = names.setdefault(row.cluster, len(names))
        keys = np.array([key.encode() for key in found], "S32")
        order = np.argsort(keys)
        return cls(keys[order], np.fromiter(found.values(), np.int32, len(found))[order], list(names))

    def of_ids(self, ids: Sequence[str]) -> list[str]:
        """The leaf of each persona, "" where it has none."""
        if not len(self.ids):
            return [""] * len(ids)
        keys = np.array([key.encode() for key in ids], "S32")
        at = np.minimum(np.searchsorted(self.ids, keys), len(self.ids) - 1)
        known = self.ids[at] == keys
        numbers = np.where(known, self.numbers[at], -1).tolist()
        return [self.names[number] if number >= 0 else "" for number in numbers]


def full_labels(clusters: Iterable[Cluster]) -> dict[str, str]:
    """{cluster: its label after those above it}: "software, engineer > java, library"."""
    label = {row.cluster: row.label for row in clusters}
    return {
        cluster: " > ".join(one for depth in range(len(parts)) if (one := label.get(".".join(parts[: depth + 1]), "")))
        for cluster in label
        for parts in [cluster.split(".")]
    }
