"""`hash`: hashed words and character n-grams, without a model.

It measures wording, not meaning: "a nurse on night shifts" and "a carer who works nights" are strangers to it. It is
there for millions of rows without a model, for languages that a model does not know, and to catch what the text dedup
just misses: another inflection, spelling or order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.embedding.protocol import EmbedderConfig
from persona_hub.transforms.normal_forms import nfkc
from persona_hub.transforms.similarity.arrays import Numbers, mix

DIMENSION = 384
# Characters of a gram, over the borders of words, and so a word weighs by its length. Of 2,486 real personas 0.94 keep
# a cosine of 0.9 when a word gets an ending, 0.91 with a letter lost, 0.69 with two words swapped, and 0.24 (mostly
# long texts) with one word replaced; with grams of 3 and 5, and words that weigh as their letters, 0.35 do.
GRAMS = (4, 6)
TEXTS = 1024  # at a time: a row's number takes ten bits of a feature's key
LONGEST = 4_000  # characters of a text that count: a call of 256 such texts takes 100 MB

HASH_BITS = 54
ROW_SHIFT = np.uint64(54)  # a key is row and hash: sorted, it brings equal features of a text together


class HashEmbedder:
    """Texts -> vectors of unit length by signed feature hashing, shape (n, DIMENSION)."""

    def __init__(self, config: EmbedderConfig):
        self.config = config

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One vector for each text; a text of white space gets the first axis."""
        return hashed(texts)


def hashed(texts: Sequence[str], dimension: int = DIMENSION) -> npt.NDArray[np.float32]:
    """One vector for each text, shape (n, dimension)."""
    parts = [embed_rows(texts[start : start + TEXTS], dimension) for start in range(0, len(texts), TEXTS)]
    return np.concatenate(parts) if parts else np.empty((0, dimension), np.float32)


def embed_rows(texts: Sequence[str], dimension: int) -> npt.NDArray[np.float32]:
    """At most TEXTS texts."""
    lines = [f" {' '.join(nfkc(text[:LONGEST]).casefold().split())} " for text in texts]
    codes = np.frombuffer("".join(lines).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    rows = np.repeat(np.arange(len(lines), dtype=np.uint64), [len(line) for line in lines])
    keys = np.sort(np.concatenate([word_keys(codes, rows), *(gram_keys(codes, rows, size) for size in GRAMS)]))
    keys = keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys  # a feature counts once in a text
    hashes = keys & np.uint64((1 << HASH_BITS) - 1)
    signed = np.where(hashes & np.uint64(1), 1.0, -1.0)
    place = (keys >> ROW_SHIFT) * np.uint64(dimension) + (hashes >> np.uint64(1)) % np.uint64(dimension)
    flat = np.bincount(place.astype(np.int64), signed, minlength=len(lines) * dimension)
    vectors = flat.reshape(len(lines), dimension)
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    vectors[length == 0, 0] = 1.0
    return (vectors / np.where(length > 0, length, 1.0)[:, None]).astype(np.float32)


def word_keys(codes: Numbers, rows: Numbers) -> Numbers:
    """A key for each word."""
    letters = codes != ord(" ")
    begin = np.flatnonzero(letters & ~np.append(False, letters[:-1]))
    if not len(begin):
        return np.empty(0, np.uint64)
    start = np.zeros(len(codes), np.int64)
    start[begin] = begin
    place = np.arange(len(codes)) - np.maximum.accumulate(start)  # of a letter in its word
    spelled = np.where(letters, mix(codes + (place.astype(np.uint64) << np.uint64(32)) + np.uint64(1)), np.uint64(0))
    return keyed(rows[begin], mix(np.add.reduceat(spelled, begin)))


def gram_keys(codes: Numbers, rows: Numbers, size: int) -> Numbers:
    """A key for each run of `size` characters that lies in one text."""
    count = len(codes) - size + 1
    if count < 1:
        return np.empty(0, np.uint64)
    hashes = np.full(count, size, np.uint64)
    for i in range(size):
        hashes = (hashes ^ codes[i : i + count]) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    inside = rows[:count] == rows[size - 1 :]
    return keyed(rows[:count][inside], mix(hashes[inside]))


def keyed(rows: Numbers, hashes: Numbers) -> Numbers:
    """Row and 54 bits of the hash in one number."""
    return (rows << ROW_SHIFT) | (hashes >> np.uint64(64 - HASH_BITS))
