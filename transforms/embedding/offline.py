"""The embedded embedder: hashed words and character n-grams.

It measures wording, not meaning: "a nurse on night shifts" and "a carer who works nights" are strangers to it. It is
there for trying out and for tests, and to catch what the text dedup just misses: a word more, another inflection,
another order.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from zlib import crc32

import numpy as np
import numpy.typing as npt

from transforms.embedding.protocol import EmbedderConfig

DIMENSION = 256
WORD_WEIGHT = 1.0
GRAM_WEIGHT = 0.4
GRAM = 3


class OfflineEmbedder:
    """Texts -> vectors of unit length by signed feature hashing, shape (n, DIMENSION)."""

    def __init__(self, config: EmbedderConfig):
        self.config = config

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One vector for each text."""
        rows, hashes, weights = [], [], []
        for row, text in enumerate(texts):
            for feature, weight in features(text):
                rows.append(row)
                hashes.append(crc32(feature.encode("utf-8", "surrogatepass")))
                weights.append(weight)
        hashed = np.array(hashes, np.int64)
        signed = np.where(hashed >> 31, -1.0, 1.0) * np.array(weights)
        flat = np.bincount(
            np.array(rows, np.int64) * DIMENSION + hashed % DIMENSION, signed, minlength=len(texts) * DIMENSION
        )
        vectors = flat.reshape(len(texts), DIMENSION)
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = np.where(length > 0, vectors, np.eye(1, DIMENSION))
        return (vectors / np.where(length > 0, length, 1.0)).astype(np.float32)


def features(text: str) -> list[tuple[str, float]]:
    """What a text is made of: words, and character n-grams that reach over their borders."""
    words = unicodedata.normalize("NFKC", text).casefold().split()
    line = f" {' '.join(words)} "
    grams = [(line[i : i + GRAM], GRAM_WEIGHT) for i in range(len(line) - GRAM + 1)] if words else []
    return [(f"w {word}", WORD_WEIGHT) for word in words] + grams
