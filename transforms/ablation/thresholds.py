"""From which cosine on two samples are of one kind (a property of the embedder), and what gain is worth having."""

from __future__ import annotations

from persona_hub.transforms.embedding.thresholds import default_threshold, embedder_named

LEAST_GAIN = 0.05  # the smallest gain worth having: 5 more distinct clusters of 100 samples
# Of problems whose numbers and names are masked. With `use` at 0.95, 93% of number-swapped copies are joined; without
# masks, a third.
OF_MASKED_SAMPLES = {"use": 0.95}


def cluster_threshold(embedder: str) -> float:
    """The cosine that counts where none is given: the embedder's own for personas where none was measured."""
    backend = embedder_named(embedder).partition(":")[0]
    return OF_MASKED_SAMPLES.get(backend, default_threshold(embedder))
