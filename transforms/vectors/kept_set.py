"""The growing kept set: every row against all that are kept before it. Exact, and right where neighbours abound."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.vectors.vectors import (
    BLOCK,
    FLOAT32_MARGIN,
    Ranks,
    Stored,
    exactly,
    measured,
    singles,
    true_places,
)

Positions = npt.NDArray[np.intp]

Decisions = tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64], npt.NDArray[np.float64]]


def keep_first(ranks: Ranks, vectors: Stored, threshold: float) -> Decisions:
    """(dropped, the earliest kept row within `threshold` of it, cosine). Rows come in order of rank.

    Costs rows x kept x dimension; memory is that of `vectors` five times over.
    """
    stored = measured(vectors)
    single = singles(vectors)
    kept = np.empty_like(single)  # the rows kept so far come first
    position = np.empty(len(ranks), np.intp)  # of those
    count = int(np.searchsorted(ranks, NEW))  # what is held stays
    kept[:count], position[:count] = single[:count], np.arange(count)
    decided: list[tuple[Positions, Positions, npt.NDArray[np.float64]]] = []
    for start in range(count, len(ranks), BLOCK):
        new = np.arange(start, min(start + BLOCK, len(ranks)))
        row, column = first_near(single[new] @ kept[:count].T, threshold)
        keeper, gone, cosine = firsts(*exactly(stored, position[column], new[row], threshold))
        decided.append((keeper, gone, cosine))
        left = np.setdiff1d(new, gone, assume_unique=True)
        later, earlier = true_places(np.tril(single[left] @ single[left].T >= threshold - FLOAT32_MARGIN, -1))
        keeper, gone, cosine = in_order(*exactly(stored, left[earlier], left[later], threshold))
        decided.append((keeper, gone, cosine))
        fresh = np.setdiff1d(left, gone, assume_unique=True)
        kept[count : count + len(fresh)], position[count : count + len(fresh)] = single[fresh], fresh
        count += len(fresh)
    if not decided:
        return ranks[:0], ranks[:0], np.empty(0)
    keeper, gone, cosine = (np.concatenate(column) for column in zip(*decided, strict=True))
    return ranks[gone], ranks[keeper], cosine


def first_near(products: npt.NDArray[np.float32], threshold: float) -> tuple[Positions, Positions]:
    """(row, column) of what may reach the threshold, up to the first of a row that is sure to."""
    maybe = products >= np.float32(threshold - FLOAT32_MARGIN)
    row, column = true_places(maybe)
    sure = products[row, column] >= np.float32(threshold + FLOAT32_MARGIN)
    until = np.full(len(products), products.shape[1])
    np.minimum.at(until, row[sure], column[sure])
    wanted = column <= until[row]
    return row[wanted], column[wanted]


def firsts(
    keeper: Positions, gone: Positions, cosine: npt.NDArray[np.float64]
) -> tuple[Positions, Positions, npt.NDArray[np.float64]]:
    """Of each row the pair with the earliest keeper."""
    order = np.lexsort((keeper, gone))
    chosen = order[np.unique(gone[order], return_index=True)[1]]
    return keeper[chosen], gone[chosen], cosine[chosen]


def in_order(
    earlier: Positions, later: Positions, cosine: npt.NDArray[np.float64]
) -> tuple[Positions, Positions, npt.NDArray[np.float64]]:
    """The pairs that count where rows are decided one after another: of each dropped row that with its first keeper."""
    gone: dict[int, int] = {}
    order = np.lexsort((earlier, later))
    for pair, row, neighbour in zip(order.tolist(), later[order].tolist(), earlier[order].tolist(), strict=True):
        if row not in gone and neighbour not in gone:
            gone[row] = pair
    chosen = np.array(list(gone.values()), np.intp)
    return earlier[chosen], later[chosen], cosine[chosen]
