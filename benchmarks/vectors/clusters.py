"""CPU of clusters by step, on real vectors of `use`, on one thread; and what the clusters of the top are called.

    python -m benchmarks.vectors.clusters --data DATA --cache FILE.npy [--rows 100000]

FILE.npy holds the vectors of `benchmarks.vectors.real_texts`, and is written if it is not there. The peer is faiss' own
k-means (`pip install -r requirements-bench.in`) of as many centroids as the tree has leaves, trained on as many rows,
and its search of the nearest one; without faiss there is no ratio.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

BLOCK = 20_000


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()

    from benchmarks.vectors.real_texts import real_texts, use_vectors
    from persona_hub.transforms.cluster_personas.sample import SampleVectors
    from persona_hub.transforms.cluster_personas.statistics import added_up, described, statistics_of
    from persona_hub.transforms.clusters.tree import SAMPLE_ROWS, assign, train_tree
    from persona_hub.transforms.corpus.language import detect_language
    from persona_hub.transforms.records import persona_id
    from persona_hub.transforms.wire.packing import pack_arrays

    vectors = use_vectors(options.data, options.cache, options.rows)
    texts = real_texts(options.data, options.rows)
    rows = sorted((persona_id(text), detect_language(text), text, number) for number, text in enumerate(texts))
    vectors = vectors[[number for *_, number in rows]]
    people = [(key, language, text) for key, language, text, _ in rows]
    ids = np.array([key.encode() for key, *_ in people], "S32")
    parts = [slice(start, start + BLOCK) for start in range(0, len(people), BLOCK)]
    spent: dict[str, float] = {}

    def timed(name: str, made: Callable[[], Any]) -> Any:
        begun = time.process_time()
        found = made()
        spent[name] = time.process_time() - begun
        print(f"{name:12}{spent[name] / len(people) * 1e6:8.2f} µs of CPU a persona", flush=True)
        return found

    def sampled() -> Any:
        fold = SampleVectors()
        found = fold.create_accumulator()
        for part in parts:
            found = fold.add_input(found, (0, pack_arrays(ids[part], vectors[part])))
        return fold.extract_output(found)

    sample = timed("sample", sampled)
    tree = timed("train", lambda: train_tree(sample.keys, sample.vectors, sample.rows))
    placed = timed("assign", lambda: [assign(vectors[part], tree) for part in parts])
    counted = timed(
        "count", lambda: [statistics_of(people[part], ids[part], one) for part, one in zip(parts, placed, strict=True)]
    )
    clusters = timed("label", lambda: described(added_up(counted), tree))
    print(f"{'all':12}{sum(spent.values()) / len(people) * 1e6:8.2f} µs; {len(clusters)} clusters")
    for one in clusters:
        if one.level == 1:
            print(f"  {one.cluster:>3}{one.size:>8,}  {one.language}  {one.label}")
    leaves = len(np.unique(np.concatenate([one.leaves for one in placed])))
    compare(vectors, sample.vectors[:SAMPLE_ROWS], leaves, spent["train"] + spent["assign"])


def compare(vectors: Any, sample: Any, leaves: int, ours: float) -> None:
    """Prints what faiss takes to train on the same sample, and to find the nearest centroid of each row."""
    try:
        import faiss
    except ImportError:
        print("faiss is not installed: no ratio")
        return
    faiss.omp_set_num_threads(1)
    begun = time.process_time()
    kmeans = faiss.Kmeans(vectors.shape[1], leaves, niter=10, spherical=True, seed=0)
    kmeans.train(sample.astype(np.float32))
    kmeans.index.search(vectors.astype(np.float32), 1)
    peer = time.process_time() - begun
    print(f"train and assign: {ours:.1f} s, faiss {peer:.1f} s for {leaves} centroids: {ours / peer:.2f} of it")


if __name__ == "__main__":
    main()
