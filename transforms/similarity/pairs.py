"""All pairs of rows inside a group, in blocks that stay in the cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from persona_hub.transforms.similarity.arrays import Numbers, ragged

PAIRS = 1 << 16  # pairs in a block


def pairs_within(base: int, n: int) -> Iterator[tuple[Numbers, Numbers]]:
    """All pairs of the positions base .. base + n - 1, a few rows of the triangle at a time."""
    line = 0
    while line < n - 1:
        end = min(n - 1, line + max(1, PAIRS // (n - 1 - line)))
        lines = np.arange(line, end)
        yield base + np.repeat(lines, n - 1 - lines), base + ragged(lines + 1, n - 1 - lines)
        line = end


def unique_pairs(first: Numbers, second: Numbers) -> tuple[Numbers, Numbers]:
    """Each different pair of numbers once, in order."""
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    new = np.ones(len(first), bool)
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    return first[new], second[new]
