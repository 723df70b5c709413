"""The map of a hub: where its personas lie by meaning, in the plane in which they differ most."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from persona_hub.pipelines.pages.report.form import MapCluster, MapPoint, PersonaMap
from persona_hub.transforms.hub.clusters import read_clusters
from persona_hub.transforms.hub.reading import read_personas, read_table
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Member, Vector

MAP_POINTS = 10_000


def projected(vectors: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float64], float]:
    """(the first two principal components, of shape (n, 2); their share of the variance) of vectors of shape (n, d).

    A component's largest loading is positive, so that the same vectors give the same picture.
    """
    centred = np.asarray(vectors, np.float64)
    centred = centred - centred.mean(0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    plane = axes[:, [-1, -2]]
    plane = plane * np.sign(plane[np.abs(plane).argmax(0), [0, 1]])
    total = float(values.sum())
    return centred @ plane, float(values[-2:].sum()) / total if total > 0 else 0.0


def map_of(hub: Hub, most: int = MAP_POINTS) -> PersonaMap | None:
    """The map of a version; None where it has no vectors. Ids are hashes, so the lowest are a hash sample."""
    chosen = heapq.nsmallest(most, read_table(hub, "vectors", Vector), key=lambda row: row.persona_id)
    if len(chosen) < 3:
        return None
    ids = [row.persona_id for row in chosen]
    places, explained = projected(np.stack([np.frombuffer(row.vector, "<f2").astype(np.float32) for row in chosen]))
    texts = persona_texts(hub, ids)
    cluster_of = {row.persona_id: row.cluster for row in read_table(hub, "members", Member) if row.persona_id in texts}
    points = [
        MapPoint(round(float(x), 4), round(float(y), 4), texts.get(one, ""), cluster_of.get(one, ""))
        for one, (x, y) in zip(ids, places, strict=True)
    ]
    return PersonaMap(points, named_clusters(hub, points), hub.manifest.records_of("vectors"), explained)


def persona_texts(hub: Hub, ids: Sequence[str]) -> Mapping[str, str]:
    """{persona_id: text} of some personas."""
    wanted = set(ids)
    return {one.persona_id: one.text for one in read_personas(hub) if one.persona_id in wanted}


def named_clusters(hub: Hub, points: Sequence[MapPoint]) -> list[MapCluster]:
    """The clusters at the top, each in the middle of its points."""
    found = []
    for row in read_clusters(hub):
        own = [(point.x, point.y) for point in points if point.cluster.partition(".")[0] == row.cluster]
        if row.level == 1 and own:
            x, y = np.median(own, axis=0)
            label = ", ".join(row.label.split(", ")[:2])
            found.append(MapCluster(row.cluster, label, row.size, round(float(x), 4), round(float(y), 4)))
    return found
