"""Vectors for tests: clusters, near-duplicates of every cosine, some equal rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.similarity.ranks import NEW, blocks_of
from persona_hub.transforms.vectors.arrays import Ranks
from persona_hub.transforms.vectors.float16 import StoredVectors, to_stored
from persona_hub.transforms.wire.packing import pack_arrays

DIMENSION, WIDE = 48, 256


def planted(rows: int, seed: int = 0) -> tuple[Ranks, StoredVectors]:
    """Ranks in order, spread over all blocks, and vectors."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(1, rows // 50), DIMENSION))
    base = centres[rng.integers(0, len(centres), rows)] + rng.normal(size=(rows, DIMENSION))
    copies = rng.integers(0, rows, rows // 2)
    base[: rows // 2] = base[copies] + rng.uniform(0, 1.2, (rows // 2, 1)) * rng.normal(size=(rows // 2, DIMENSION))
    base[: rows // 50] = base[0]
    vectors = to_stored(base[rng.permutation(rows)].astype(np.float32))
    return (np.arange(rows, dtype=np.uint64) * np.uint64((1 << 60) // rows)) | np.uint64(NEW), vectors


def packed_block(
    block: int, rows: int, blocks: int, seed: int, size: int, held: int, without: frozenset[int]
) -> Iterator[tuple[int, bytes]]:
    """One block of `planted(rows)`, shuffled, in elements of `size` rows.

    The first `held` rows are a hub's; those whose ranks are in `without` are left out.
    """
    ranks, vectors = planted(rows)
    left = ~np.isin(ranks, np.array(sorted(without), np.uint64))
    ranks[:held] -= np.uint64(NEW)
    mine = np.random.default_rng(seed).permutation(np.flatnonzero(left & (blocks_of(ranks, blocks) == block)))
    for start in range(0, len(mine), size):
        yield block, pack_arrays(ranks[mine[start : start + size]], vectors[mine[start : start + size]])


def brute_force(vectors: StoredVectors, threshold: float) -> dict[int, tuple[int, float]]:
    """{dropped: (the earliest kept row within the threshold, cosine)}, row by row."""
    exact = vectors.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    kept: list[int] = []
    gone = {}
    for row in range(len(exact)):
        cosine = exact[kept] @ exact[row]
        near = np.flatnonzero(cosine >= threshold)
        if len(near):
            gone[row] = (kept[near[0]], float(cosine[near[0]]))
        else:
            kept.append(row)
    return gone


def planted_languages(rows: int, seed: int = 0) -> tuple[Ranks, StoredVectors, npt.NDArray[np.bytes_]]:
    """Ranks in order, vectors, and languages: a third English, most of them with a translation at 0.65 to 0.95.

    Of the others half are German, a third Japanese, the rest of no known language.
    """
    rng = np.random.default_rng(seed)
    original = rng.normal(size=(rows // 3, WIDE))
    source = original[np.arange(rows - len(original)) % (rows // 4)]
    cosine = rng.uniform(0.65, 0.95, (len(source), 1))
    away = rng.normal(size=source.shape)
    away *= np.linalg.norm(source, axis=1, keepdims=True) / np.linalg.norm(away, axis=1, keepdims=True)
    order = rng.permutation(rows)
    vectors = np.concatenate([original, cosine * source + np.sqrt(1 - cosine**2) * away])[order]
    spoken = np.arange(len(source)) % 6
    languages = np.concatenate(
        [np.full(len(original), b"en"), np.array([b"de", b"ja", b""])[[0, 0, 0, 1, 1, 2]][spoken]]
    )
    ranks = (np.arange(rows, dtype=np.uint64) * np.uint64((1 << 60) // rows)) | np.uint64(NEW)
    return ranks, to_stored(vectors.astype(np.float32)), languages.astype("S8")[order]
