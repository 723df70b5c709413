"""From which cosine on two samples are of one kind (a property of the embedder), and what gain is worth having."""

from __future__ import annotations

from persona_hub.transforms.embedding.thresholds import default_threshold, embedder_named

LEAST_GAIN = 0.05  # the smallest gain worth having: 5 more distinct clusters of 100 samples
# Of problems whose numbers and names are masked: with other digits in place of theirs, all of 390 of GSM8K are
# joined to the copy by `use` at 0.95 (64% without masks), and of the 75,855 pairs of different questions 2.
OF_MASKED_SAMPLES = {"use": 0.95}


def cluster_threshold(embedder: str) -> float:
    """The cosine that counts where none is given: the embedder's own for personas where none was measured."""
    backend = embedder_named(embedder).partition(":")[0]
    return OF_MASKED_SAMPLES.get(backend, default_threshold(embedder))
