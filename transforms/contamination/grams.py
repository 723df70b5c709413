"""Words of texts -> sets of their n-grams, as 32-bit hashes."""

from __future__ import annotations

import numpy as np

from persona_hub.transforms.similarity.arrays import I64, U64, Numbers, mix, ragged, spans
from persona_hub.transforms.similarity.shingles import TokenSets, token_sets


def gram_sets(codes: Numbers, size: Numbers, n: int) -> TokenSets:
    """The sets of n-grams of texts whose words have the hashes `codes`, `size` words each.

    A text of fewer than n words is one gram, and so equals none but a text of the same words. Words a b c d e and f g:
    for n = 3 the sets are {abc, bcd, cde} and {fg}.
    """
    count = np.where(size > 0, np.maximum(size - n + 1, 1), 0).astype(I64)
    start = ragged(spans(size)[:-1], count)
    width = np.repeat(np.minimum(size, n), count)
    padded = np.concatenate([codes, np.zeros(n, U64)])
    gram = np.zeros(len(start), U64)
    for place in range(n):
        inside = place < width
        gram = np.where(inside, mix(gram + padded[start + place]), gram)
    return token_sets(gram, count)
