"""Keys for low thresholds, exact: a set's rarest tokens, one of which every duplicate shares.

In any fixed order of all tokens, sets that reach the threshold have a token in common among their first
n - ceil(p n / q) + 1 each (prefix filter: Bayardo, Ma and Srikant, "Scaling up all pairs similarity search", WWW 2007).
The order is by how often a token's slot of a small table occurs in the whole input, rare first: any table is right, a
true one is fast.
"""

from __future__ import annotations

import numpy as np

from persona_hub.transforms.similarity.arrays import I64, U32, U64, Numbers, mix, ragged, spans
from persona_hub.transforms.similarity.jaccard import Threshold
from persona_hub.transforms.similarity.shingles import TokenSets

SLOT_BITS = 16  # 65,536 counts, 512 KB: common tokens are few, and only they must be told from the rest


def slots(tokens: Numbers, bits: int = SLOT_BITS) -> Numbers:
    """The slot of each token in a table of frequencies of 2^`bits` slots."""
    return (tokens >> U32(32 - bits)).astype(I64)


def frequencies(tokens: Numbers, bits: int = SLOT_BITS) -> Numbers:
    """How often each slot occurs."""
    return np.bincount(slots(tokens, bits), minlength=1 << bits)


def prefix_keys(sets: TokenSets, rows: Numbers, threshold: Threshold, table: Numbers) -> tuple[Numbers, Numbers]:
    """(keys, the row of each) for `rows` of the sets, none of them empty."""
    rarity = np.empty(len(table), U64)
    rarity[np.argsort(table, kind="stable")] = np.arange(len(table), dtype=U64)
    count = sets.size[rows]
    offsets = spans(count)
    tokens = sets.tokens[ragged(spans(sets.size)[:-1][rows], count)]
    owner = np.repeat(np.arange(len(rows)), count)
    order = np.lexsort((tokens, rarity[slots(tokens, len(table).bit_length() - 1)], owner))
    length = count - threshold.smallest(count) + 1
    chosen = order[ragged(offsets[:-1], length)]
    return mix(tokens[chosen].astype(U64) + U64(1)), rows[np.repeat(np.arange(len(rows)), length)]
