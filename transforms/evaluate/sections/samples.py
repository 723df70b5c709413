"""What vectors say of samples: whether they tell whose they are, how many are distinct, which clusters they reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from persona_hub.transforms.contamination.masks import masked
from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.embedding.registry import open_embedder
from persona_hub.transforms.evaluate.sample_sums import SampledSample, SampleSums
from persona_hub.transforms.evaluate.sampled import Sampled, stored_vectors
from persona_hub.transforms.evaluate.sections.diversity import LEAST_TEXTS, cluster_figures, group_meaning
from persona_hub.transforms.evaluation.demographics.reference import Reference
from persona_hub.transforms.evaluation.diversity.distinct_clusters import cluster_labels
from persona_hub.transforms.evaluation.fidelity.by_vectors import DRAWN, matched
from persona_hub.transforms.evaluation.figures import Figure, clipped
from persona_hub.transforms.evaluation.group_means import GroupMeans
from persona_hub.transforms.evaluation.hash_sample import row_keys
from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.vectors.float16 import StoredVectors, to_stored

MATCHED = 500  # of the sampled samples: embedded as they are, and with numbers and names masked
TEXTS_AT_ONCE = 256
Owner = tuple[str, bytes]  # of a sample's persona: cluster, vector


@dataclass(frozen=True)
class BesideHub:
    """What a hub is looked at with, plain values."""

    persona_threshold: float  # cosine from which two personas are neighbours, and of one cluster
    sample_threshold: float  # from which two masked samples are
    embedder: EmbedderConfig | None  # that made the vectors; None where it is not in this process
    cost_usd: float = 0.0  # paid for the personas
    references: Mapping[str, Reference] = field(default_factory=dict)  # of attributes, in place of the package's
    reference_texts: Sequence[str] = ()  # of people, to compare words with
    runs: Sequence[tuple[str, RunManifest]] = ()  # of samples, by use case


@dataclass(frozen=True)
class SamplesTold:
    """What vectors say of sampled samples."""

    matched: Mapping[str, Figure] = field(default_factory=dict)
    distinct: Mapping[str, Figure] = field(default_factory=dict)
    reached: Mapping[str, int] | None = None  # samples by the cluster of their persona
    beside: Sequence[Mapping[str, Any]] = ()  # samples and a reference by meaning


def told_of_samples(
    samples: SampleSums, sampled: Sampled, owners: Mapping[str, Owner], compared: BesideHub
) -> SamplesTold:
    """Whether samples tell whose they are, and how many are distinct; nothing without samples or vectors."""
    accepted: list[SampledSample] = samples.accepted.payloads
    known = [at for at, one in enumerate(accepted) if owners.get(one.persona_id, ("", b""))[1]]
    reached: dict[str, int] = {}
    for at in known:
        cluster = owners[accepted[at].persona_id][0]
        if cluster:
            reached[cluster] = reached.get(cluster, 0) + 1
    reach = reached if known else None
    if compared.embedder is None or not accepted:
        return SamplesTold(reached=reach)
    some = known[:MATCHED]
    compared_texts = {"samples": [one.text for one in accepted], "reference": list(compared.reference_texts)}
    masks = {name: [masked(text) for text in texts[:MATCHED]] for name, texts in compared_texts.items() if texts}
    texts = [accepted[at].text for at in some]
    vectors, *of_masks = embedded([texts, *masks.values()], compared.embedder)
    found: dict[str, Figure] = {}
    if known and len(sampled.with_vector) > DRAWN:
        people = [accepted[at].persona_id for at in some]
        pool = [sampled.personas.ids[at] for at in sampled.with_vector]
        own = stored_vectors([owners[one][1] for one in people])
        names = [samples.accepted.ids[at] for at in some]
        hits = matched(names, vectors, people, own, pool, sampled.vectors)
        means = GroupMeans.of("matched").add(row_keys(people), hits)
        found = {f"own_persona_nearest_of_{DRAWN}": clipped(means.figure("matched"), 0.0, 1.0)}
    by_name = dict(zip(masks, of_masks, strict=True))
    distinct = cluster_figures(cluster_labels(by_name["samples"], compared.sample_threshold))
    return SamplesTold(found, distinct, reach, meaning_beside(by_name, compared.sample_threshold))


def meaning_beside(vectors: Mapping[str, StoredVectors], threshold: float) -> list[dict[str, Any]]:
    """A row for samples and one for the reference, of as many masked texts each; nothing without a reference."""
    number = min(map(len, vectors.values()))
    if len(vectors) < 2 or number < LEAST_TEXTS:
        return []
    return [{"of": name, "texts": number} | group_meaning(rows[:number], threshold) for name, rows in vectors.items()]


def embedded(parts: Sequence[Sequence[str]], config: EmbedderConfig) -> list[StoredVectors]:
    """The vectors of each part of some texts."""
    rows = embedded_texts([text for part in parts for text in part], config)
    return np.split(rows, np.cumsum([len(part) for part in parts])[:-1].tolist())


def embedded_texts(texts: Sequence[str], config: EmbedderConfig) -> StoredVectors:
    """The vectors of texts."""
    embedder = open_embedder(config)
    parts = [embedder.embed(texts[i : i + TEXTS_AT_ONCE]) for i in range(0, len(texts), TEXTS_AT_ONCE)]
    return to_stored(np.concatenate(parts))
