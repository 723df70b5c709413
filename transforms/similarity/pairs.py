"""All pairs of rows inside groups that lie one after another, in blocks that stay in the cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from transforms.similarity.arrays import Numbers, ragged, spans

PAIRS = 1 << 16  # pairs in a block


def pairs_of(length: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """All pairs inside groups of these lengths, as positions, in blocks of about `PAIRS`."""
    begin = spans(length)[:-1]
    for n in np.unique(length[length > 1]).tolist():
        first = begin[length == n]
        step = PAIRS // (n * (n - 1) // 2)
        if step:
            i, j = np.triu_indices(n, 1)
            for z in range(0, len(first), step):
                yield (first[z : z + step, None] + i).ravel(), (first[z : z + step, None] + j).ravel()
            continue
        for base in first.tolist():
            yield from pairs_within(base, n)


def pairs_within(base: int, n: int) -> Iterator[tuple[Numbers, Numbers]]:
    """All pairs of the positions base .. base + n - 1, a few rows of the triangle at a time."""
    line = 0
    while line < n - 1:
        end = min(n - 1, line + max(1, PAIRS // (n - 1 - line)))
        lines = np.arange(line, end)
        yield base + np.repeat(lines, n - 1 - lines), base + ragged(lines + 1, n - 1 - lines)
        line = end
