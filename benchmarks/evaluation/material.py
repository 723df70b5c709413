"""What the benchmarks of evaluations are made of: the real data of the folder PERSONA_HUB_DATA."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np

from persona_hub.transforms.vectors.float16 import StoredVectors, to_stored

NUMBERS = 512  # of a vector


def data(name: str) -> Path:
    """A file of the real data."""
    return Path(os.environ["PERSONA_HUB_DATA"]) / name


def released() -> list[dict[str, str]]:
    """Rows of released tools and their personas."""
    raw = gzip.decompress(data("personas/personahub_tool.jsonl.gz").read_bytes())
    return [json.loads(line) for line in raw.splitlines()]


def vectors_512() -> StoredVectors:
    """50,000 real vectors of 384 numbers, zeros beside them."""
    rows = np.load(data("vectors/minilm_personas_50k.npy")).astype(np.float32)
    return to_stored(np.pad(rows, ((0, 0), (0, NUMBERS - rows.shape[1]))))
