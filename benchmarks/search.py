"""What a search takes once vectors and personas are read, and what reading them takes, on one thread.

    python -m benchmarks.search --data DATA [--rows 100000]

DATA is the folder with personas/personahub_tool.jsonl.gz, whose personas are taken again and again, each time with
another number behind them, until there are so many. Vectors are random ones of 512 numbers.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import tempfile
import time
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

NUMBERS, QUESTIONS = 512, 5


def numbered_personas(data: Path, rows: int) -> list[str]:
    """`rows` different texts made of the released personas."""
    with gzip.open(data / "personas" / "personahub_tool.jsonl.gz", "rt") as lines:
        texts = list(dict.fromkeys(json.loads(line)["input persona"] for line in lines))
    return [f"{texts[i % len(texts)]} {i // len(texts) or ''}".rstrip() for i in range(rows)]


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()

    from persona_hub.transforms.hub.manifest import Manifest
    from persona_hub.transforms.hub.reading import read_personas
    from persona_hub.transforms.hub.table_files import write_shard
    from persona_hub.transforms.hub.versions import Hub
    from persona_hub.transforms.records import Vector
    from persona_hub.transforms.search.by_meaning import nearest_vectors, vector_blocks
    from persona_hub.transforms.search.search import LIST_LENGTH, PERSONAS_AT_ONCE, Question, fused
    from persona_hub.transforms.vectors.float16 import to_stored
    from persona_hub.transforms.wire.batches import Batch, batches
    from tests.material.personas import persona

    rng = np.random.default_rng(0)
    personas = [persona(text) for text in numbered_personas(options.data, options.rows)]
    vectors = to_stored(rng.standard_normal((len(personas), NUMBERS), np.float32))
    rows = [Vector(one.persona_id, row.tobytes()) for one, row in zip(personas, vectors, strict=True)]
    with tempfile.TemporaryDirectory() as output:
        folder = "hub/0001-aaaaaaaa"
        files = (
            write_shard(output, folder, "personas-0", type(personas[0]), "avro", [Batch(personas)]),
            write_shard(output, folder, "vectors-0", Vector, "avro", [Batch(rows)]),
        )
        hub = Hub(output, Manifest(version="0001-aaaaaaaa", files=files))
        start = time.perf_counter()
        read = list(vector_blocks(hub, NUMBERS)), list(batches(read_personas(hub), PERSONAS_AT_ONCE))
        reading = time.perf_counter() - start
    took = []
    for i in range(QUESTIONS):
        start = time.perf_counter()
        near = nearest_vectors(read[0], vectors[i], LIST_LENGTH + 1)
        middle = time.perf_counter()
        found = fused(Question(personas[i].text, vectors[i]), near, read[1], 10)
        took.append((middle - start, time.perf_counter() - middle))
        assert found[0].persona == personas[i]
    by_meaning, by_words = (sorted(column)[QUESTIONS // 2] for column in zip(*took, strict=True))
    print(
        f"{len(personas):,} personas: read in {reading:.2f} s; searched in {by_meaning + by_words:.2f} s "
        f"({by_meaning:.2f} by meaning, {by_words:.2f} by words and joined; median of {QUESTIONS})"
    )


if __name__ == "__main__":
    main()
