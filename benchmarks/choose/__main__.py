"""How many cells a diverse choice covers, for each that a random one covers, and what it costs, on one thread.

    python -m benchmarks.choose --vectors FILE.npy [--n 1000] [--cells 1000] [--seeds 3]

FILE.npy holds float16 vectors of unit length, shape (rows, numbers): of real texts, as `benchmarks.vectors.real_texts`
makes them. Cells are those of k-means tables over all rows and all numbers, trained apart from the choice, from other
first centroids. Each choice is counted in each table.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

TABLES, ITERATIONS = 3, 10
BLOCK = 4096


def cells_of(rows: Any, cells: int, seed: int) -> Any:
    """The cell of each row in a k-means table of unit vectors, shape (rows,)."""
    rng = np.random.default_rng(1000 + seed)
    centroids = rows[rng.choice(len(rows), cells, replace=False)].copy()
    for _ in range(ITERATIONS):
        nearest = nearest_of(rows, centroids)
        order = np.argsort(nearest, kind="stable")
        occupied, starts = np.unique(nearest[order], return_index=True)
        sums = np.add.reduceat(rows[order], starts, axis=0)
        centroids[occupied] = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return nearest_of(rows, centroids)


def nearest_of(rows: Any, centroids: Any) -> Any:
    """The nearest centroid of each row."""
    blocks = (rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK))
    return np.concatenate([(block @ centroids.T).argmax(axis=1) for block in blocks])


def farthest_first(rows: Any, n: int, seed: int) -> Any:
    """The peer: k-centre, each time the row that is farthest from all that are chosen."""
    chosen = [int(np.random.default_rng(seed).integers(len(rows)))]
    nearest = rows @ rows[chosen[0]]
    while len(chosen) < n:
        chosen.append(int(nearest.argmin()))
        np.maximum(nearest, rows @ rows[chosen[-1]], out=nearest)
    return np.array(chosen)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()

    from persona_hub.transforms.choice.coverage import covering_rows, reduced

    vectors = np.load(options.vectors).astype(np.float16)
    rows = vectors.astype(np.float32)
    ranks = np.random.default_rng(11).permutation(len(rows)).astype(np.uint64)
    tables = [cells_of(rows, options.cells, seed) for seed in range(TABLES)]

    def covered(chosen: Any) -> float:
        return float(np.mean([len(np.unique(table[chosen])) for table in tables]))

    def row(name: str, found: list[float], seconds: list[float], chance: float) -> None:
        spread = f"{min(found) / chance:.3f} to {max(found) / chance:.3f}"
        print(f"{name:16}{np.mean(found):>10.0f}{np.mean(found) / chance:>8.3f}  {spread:18}{np.mean(seconds):>8.1f} s")

    rng = np.random.default_rng(5)
    by_chance = [covered(rng.choice(len(rows), options.n, replace=False)) for _ in range(10)]
    chance = float(np.mean(by_chance))
    print(f"{options.n:,} of {len(rows):,} rows; {TABLES} tables of {options.cells:,} cells; {options.seeds} seeds")
    print(f"{'choice':16}{'cells':>10}{'ratio':>8}  {'from, to':18}{'CPU':>10}")
    row("random", by_chance, [0.0], chance)
    for name, choose in (
        ("diverse", lambda seed: covering_rows(ranks, reduced(vectors), options.n, seed)),
        ("farthest first", lambda seed: farthest_first(rows, options.n, seed)),
    ):
        found, seconds = [], []
        for seed in range(options.seeds):
            start = time.process_time()
            chosen = choose(seed)
            seconds.append(time.process_time() - start)
            found.append(covered(chosen))
        row(name, found, seconds, chance)


if __name__ == "__main__":
    main()
