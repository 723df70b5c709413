"""The growing kept set: every row against all that are kept before it. Exact, and right where neighbours abound."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.similarity.ranks import NEW
from persona_hub.transforms.vectors.arrays import BLOCK_ROWS, Positions, Ranks, nonzero_2d
from persona_hub.transforms.vectors.float16 import (
    FLOAT32_MARGIN,
    CosinePairs,
    StoredVectors,
    confirmed_pairs,
    to_float32,
    with_norms,
)


class Decisions(NamedTuple):
    """Which rows are dropped, the kept row that stands for each, and their cosine; each of shape (dropped,)."""

    dropped: Ranks
    kept: Ranks
    cosine: npt.NDArray[np.float64]


def keep_first(ranks: Ranks, vectors: StoredVectors, threshold: float) -> Decisions:
    """Each row that an earlier kept one is within `threshold` of, and the earliest of those.

    Rows come in order of rank; those of ranks below NEW are in a hub, and stay. A block of new rows is compared with
    all that are kept so far, then what is left of it with itself. Costs rows x kept x dimension; memory is that of
    `vectors` five times over.
    """
    rows = with_norms(vectors)
    single = to_float32(vectors)
    kept = np.empty_like(single)  # vectors kept so far, and then room for more
    kept_at = np.empty(len(ranks), np.intp)  # where they stand in `vectors`
    count = int(np.searchsorted(ranks, NEW))
    kept[:count], kept_at[:count] = single[:count], np.arange(count)
    decided: list[CosinePairs] = []  # (kept, dropped)
    for start in range(count, len(ranks), BLOCK_ROWS):
        block = np.arange(start, min(start + BLOCK_ROWS, len(ranks)))
        row, column = candidates_up_to_the_first(single[block] @ kept[:count].T, threshold)
        near_kept = earliest_of_each(confirmed_pairs(rows, kept_at[column], block[row], threshold))
        left = np.setdiff1d(block, near_kept.second, assume_unique=True)
        products = single[left] @ single[left].T
        later, earlier = nonzero_2d(np.tril(products >= threshold - FLOAT32_MARGIN, -1))
        near_each_other = decided_in_turn(confirmed_pairs(rows, left[earlier], left[later], threshold))
        added = np.setdiff1d(left, near_each_other.second, assume_unique=True)
        kept[count : count + len(added)], kept_at[count : count + len(added)] = single[added], added
        count += len(added)
        decided += near_kept, near_each_other
    if not decided:
        return Decisions(ranks[:0], ranks[:0], np.empty(0))
    keeper, dropped, cosine = (np.concatenate(column) for column in zip(*decided, strict=True))
    return Decisions(ranks[dropped], ranks[keeper], cosine)


def candidates_up_to_the_first(products: npt.NDArray[np.float32], threshold: float) -> tuple[Positions, Positions]:
    """(row, column) of the products that may reach the threshold, up to the first in a row that is sure to.

    At 0.9, with a margin of 0.001, a row of 0.3, 0.8995, 0.95, 0.97 gives its columns 1 and 2: the first of the two
    that proves to be near is the earliest, whatever comes after.
    """
    row, column = nonzero_2d(products >= np.float32(threshold - FLOAT32_MARGIN))
    sure = products[row, column] >= np.float32(threshold + FLOAT32_MARGIN)
    last = np.full(len(products), products.shape[1])
    np.minimum.at(last, row[sure], column[sure])
    wanted = column <= last[row]
    return row[wanted], column[wanted]


def earliest_of_each(pairs: CosinePairs) -> CosinePairs:
    """Of each second row the pair with the earliest first."""
    order = np.lexsort((pairs.first, pairs.second))
    return pairs.take(order[np.unique(pairs.second[order], return_index=True)[1]])


def decided_in_turn(pairs: CosinePairs) -> CosinePairs:
    """Rows decided one after another: of each that is dropped, the pair with the first row that is kept.

    Of (a, b), (b, c), (a, d), (b, d), with a < b < c < d, these are (a, b) and (a, d): b is dropped, so c stays.
    """
    dropped: dict[int, int] = {}  # {row: its pair}
    order = np.lexsort((pairs.first, pairs.second))
    columns = order.tolist(), pairs.first[order].tolist(), pairs.second[order].tolist()
    for pair, earlier, later in zip(*columns, strict=True):
        if later not in dropped and earlier not in dropped:
            dropped[later] = pair
    return pairs.take(np.array(list(dropped.values()), np.intp))
