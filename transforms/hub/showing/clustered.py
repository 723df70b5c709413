"""Personas with their clusters, as exports have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from persona_hub.transforms.hub.clusters import ClusterLookup, full_labels, read_clusters
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Persona
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, batches

CLUSTER_COLUMNS = {
    "cluster": "Path of the cluster, of which a prefix is a parent; empty where the persona has no vector",
    "cluster_label": "Its label after those above it. Untrusted.",
}


def personas_with_clusters(hub: Hub, personas: Iterable[Persona]) -> Iterator[tuple[Persona, dict[str, str]]]:
    """(persona, its cluster columns) of some that a version shows; no columns where the version has no clusters."""
    labels = full_labels(read_clusters(hub))
    lookup = ClusterLookup.of_version(hub) if labels else None
    for batch in batches(personas, ARRAY_RECORDS):
        found = lookup.of_ids([persona.persona_id for persona in batch]) if lookup else [""] * len(batch)
        for persona, cluster in zip(batch, found, strict=True):
            yield persona, {"cluster": cluster, "cluster_label": labels.get(cluster, "")} if lookup else {}


def with_cluster_columns(schema: pa.Schema, hub: Hub) -> pa.Schema:
    """The schema of personas with the columns, where the version has clusters."""
    if not hub.paths("clusters"):
        return schema
    for name, doc in CLUSTER_COLUMNS.items():
        schema = schema.append(pa.field(name, pa.string(), nullable=False, metadata={"doc": doc}))
    return schema
