"""A version's clusters: what it is about, and where each of its personas belongs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import numpy.typing as npt

from persona_hub.transforms.clusters.tree import path_order
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.table_files import read_file
from persona_hub.transforms.hub.tombstones import number_of
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Cluster, Member
from persona_hub.transforms.wire.batches import Batch

NO_CLUSTERS = (
    "has no clusters: they are made of vectors (none with --embedding_threshold 1.0), by releases from this one on; "
    "`persona-hub compact` or the next refresh adds them"
)


def paths_of_clusters(hub: Hub) -> list[str]:
    """Full paths of the files of the latest table: each version has all clusters anew."""
    paths = hub.paths("clusters")
    latest = max(map(number_of, paths), default=0)
    return [path for path in paths if number_of(path) == latest]


def read_clusters(hub: Hub) -> list[Cluster]:
    """The clusters of a version, parents before children; none of a hub without vectors, or of an earlier release."""
    rows = [row for path in paths_of_clusters(hub) for row in read_file(path, Cluster)]
    return sorted(rows, key=lambda row: path_order(row.cluster))


@dataclass(kw_only=True)
class ReadClusters(beam.PTransform):
    """Pipeline -> batches of the clusters of a version."""

    hub: Hub

    def expand(self, root: beam.Pipeline) -> beam.PCollection[Batch[Cluster]]:
        """A few files."""
        return (
            root
            | "Files" >> beam.Create(paths_of_clusters(self.hub), reshuffle=False)
            | "Read" >> beam.Map(lambda path: Batch(read_file(path, Cluster))).with_output_types(Batch)
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
