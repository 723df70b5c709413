"""Representatives: of rows that are duplicates of each other, which are kept.

A row is kept unless an earlier-ranked **kept** one is within the threshold. So every dropped row has a kept neighbour
and no two kept ones are neighbours, on any chain of neighbours (a-b, b-c, but not a-c: b is dropped, a and c are
kept), which connected components would fold into one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

NEW = np.uint64(1 << 63)  # a rank below it belongs to what a hub already holds, which stays whatever its neighbours

Numbers = npt.NDArray[Any]


def decide(first: Numbers, second: Numbers, similarity: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Edges between ranks -> (kept, dropped, similarity): each dropped rank once, with its earliest kept neighbour."""
    earlier, later = np.minimum(first, second), np.maximum(first, second)
    ranks, ends = np.unique(np.concatenate([earlier, later]), return_inverse=True)
    a, b = ends[: len(earlier)], ends[len(earlier) :]
    decided_kept = ranks < NEW
    dropped = np.zeros(len(ranks), bool)
    live = np.flatnonzero(~decided_kept[b])
    undecided = ~decided_kept
    while undecided.any():
        waiting = np.zeros(len(ranks), bool)
        waiting[b[live][undecided[a[live]]]] = True
        dropped[b[live][decided_kept[a[live]]]] = True
        undecided &= ~dropped
        decided_kept |= undecided & ~waiting
        undecided &= ~decided_kept
        live = live[~dropped[a[live]] & undecided[b[live]]]
    edges = np.flatnonzero(decided_kept[a] & dropped[b])
    edges = edges[np.lexsort((a[edges], b[edges]))]
    edges = edges[np.unique(b[edges], return_index=True)[1]]
    return ranks[a[edges]], ranks[b[edges]], similarity[edges]
