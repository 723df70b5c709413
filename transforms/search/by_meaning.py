"""The personas nearest to a vector: exact cosines of stored vectors, a block of them at a time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.hub.manifest import HubError
from persona_hub.transforms.hub.reading import read_visible
from persona_hub.transforms.hub.vectors import VECTORS_OF_ELEMENT, vector_arrays
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Vector, excerpt
from persona_hub.transforms.vectors.float16 import FLOAT32_MARGIN, StoredVectors, row_products, to_float32, with_norms
from persona_hub.transforms.wire.batches import batches

Cosines = npt.NDArray[np.float64]
VectorBlock = tuple[npt.NDArray[np.bytes_], StoredVectors]  # ids, shape (rows,), and their vectors


class Near(NamedTuple):
    """A persona, and how near it is: the higher, the nearer."""

    persona_id: str
    nearness: float


def vector_blocks(hub: Hub, numbers: int) -> Iterator[VectorBlock]:
    """The vectors that a version shows. Raises HubError for one that has not so many `numbers`."""
    tombstones = hub.tombstones()
    for path in hub.paths("vectors"):
        for batch in batches(read_visible(path, Vector, tombstones), VECTORS_OF_ELEMENT):
            for row in batch:
                if len(row.vector) != 2 * numbers:
                    raise HubError(
                        f"{path}: the vector of {excerpt(row.persona_id)} has {len(row.vector) / 2:g} numbers, and "
                        f"the one that is searched for {numbers}: another embedder made it, or the file is damaged; "
                        "restore it from a copy, or build a new hub"
                    )
            yield vector_arrays(batch)


def nearest_vectors(blocks: Iterable[VectorBlock], wanted: StoredVectors, n: int) -> list[Near]:
    """The `n` personas with the highest cosine to the vector `wanted`, shape (numbers,), the nearest first.

    Of equal ones that with the lower id comes first, so neither blocks nor their order make a difference.
    """
    best: list[Near] = []
    for ids, vectors in blocks:
        lowest = best[-1].nearness if len(best) == n else -np.inf
        rows, cosine = highest(vectors, wanted, n, lowest)
        found = (Near(ids[row].decode(), float(one)) for row, one in zip(rows.tolist(), cosine, strict=True))
        best = heapq.nsmallest(n, [*best, *found], key=by_nearness)
    return best


def by_nearness(one: Near) -> tuple[float, str]:
    """The order of results: the nearest first, then by id."""
    return -one.nearness, one.persona_id


def highest(
    vectors: StoredVectors, wanted: StoredVectors, n: int, lowest: float
) -> tuple[npt.NDArray[np.intp], Cosines]:
    """(rows, exact cosines) of a block: the `n` highest are among them, those surely below `lowest` are not."""
    target = to_float32(wanted)
    lengths = np.sqrt(with_norms(vectors).squared_norms * with_norms(wanted[None]).squared_norms)
    lengths[lengths == 0] = np.inf  # a vector without direction, which only a damaged hub has, is near to none
    near = (to_float32(vectors) @ target) / lengths  # rounds: a product of float32 numbers chooses, an exact one tells
    if len(near) > n:
        lowest = max(lowest, float(np.partition(near, -n)[-n]) - FLOAT32_MARGIN)
    rows = np.flatnonzero(near >= lowest - FLOAT32_MARGIN)
    return rows, row_products(to_float32(vectors[rows]), target) / lengths[rows]
