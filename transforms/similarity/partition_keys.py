"""Keys that near-duplicates share for certain, by the pigeonhole principle.

Sets that differ in at most k tokens, cut into k + 1 parts by a hash of the tokens, are equal in one part. A set of n
tokens makes keys for every k that a duplicate of it may call for: 3.5 keys for a persona at 0.9. (The partition scheme
of Arasu, Ganti and Kaushik, "Efficient exact set-similarity joins", VLDB 2006, in its plainest form.)
"""

from __future__ import annotations

import numpy as np

from persona_hub.transforms.similarity.arrays import I64, U64, Numbers, mix, ragged, runs, spans
from persona_hub.transforms.similarity.jaccard import Threshold
from persona_hub.transforms.similarity.shingles import TokenSets

CUTS = 4  # of 24 tokens in 7 parts (0.8) one set in six has an empty part; after four cuts one in a thousand


def partition_keys(sets: TokenSets, rows: Numbers, threshold: Threshold) -> tuple[Numbers, Numbers]:
    """(keys, the row of each) for `rows` of the sets, none of them empty."""
    count = sets.size[rows]
    least = threshold.slack(count + threshold.smallest(count))
    most = threshold.slack(count + threshold.largest(count))
    keys, owners = [np.empty(0, U64)], [np.empty(0, I64)]
    offsets = spans(sets.size)[:-1][rows]
    for k in range(int(least.min(initial=0)), int(most.max(initial=-1)) + 1):
        chosen = np.flatnonzero((least <= k) & (k <= most))
        if len(chosen):
            tokens = sets.tokens[ragged(offsets[chosen], count[chosen])]
            key, owner = part_keys(tokens, count[chosen], k)
            keys.append(key)
            owners.append(rows[chosen[owner]])
    return np.concatenate(keys), np.concatenate(owners)


def part_keys(tokens: Numbers, count: Numbers, k: int) -> tuple[Numbers, Numbers]:
    """(keys, rows) of k + 1 parts of each set.

    Sharing an empty part is poor evidence, so its key is left out, and a set that has one is cut once more, in another
    way: two sets that share nothing but empty parts are both cut again. Only the last cut keeps keys of empty parts.
    """
    rows = np.arange(len(count))
    keys, owners = [], []
    for seed in range(CUTS):
        key, filled = cut(tokens, count, k, seed)
        if seed == CUTS - 1:
            filled[:] = True
        keys.append(key[filled])
        owners.append(np.repeat(rows, filled.sum(1)))
        again = np.flatnonzero(~filled.all(1))
        if not len(again):
            break
        tokens = tokens[ragged(spans(count)[:-1][again], count[again])]
        rows, count = rows[again], count[again]
    return np.concatenate(keys), np.concatenate(owners)


def cut(tokens: Numbers, count: Numbers, k: int, seed: int) -> tuple[Numbers, Numbers]:
    """(keys, whether the part holds any token), both of shape (sets, k + 1)."""
    sets = len(count)
    codes = mix(tokens + U64(1))
    scattered = tokens.astype(U64) if seed == 0 else mix(codes + U64(seed)) >> U64(32)
    slot = np.repeat(np.arange(sets) * (k + 1), count) + (scattered * U64(k + 1) >> U64(32)).astype(I64)
    if seed:
        order = np.argsort(slot, kind="stable")
        slot, codes = slot[order], codes[order]
    begin, _ = runs(slot)  # tokens ascend in a set, so those of a part lie side by side
    total = np.zeros(sets * (k + 1), U64)
    filled = np.zeros(sets * (k + 1), bool)
    if len(begin):
        total[slot[begin]] = np.add.reduceat(codes, begin)
        filled[slot[begin]] = True
    salt = mix(np.arange(k + 1, dtype=U64) + U64(64 * k + 4096 * seed + 1))
    return mix(total ^ np.tile(salt, sets)).reshape(sets, k + 1), filled.reshape(sets, k + 1)
