"""MinHash signatures, datasketch's bit for bit, and the keys of their bands.

The scheme is datasketch 2's default, `affine32`: 32 bits of a token's SHA-1, mixed, then a * h + b modulo 2^32 for
each of 128 permutations, and the least over a text's tokens. In blocks of texts it takes 1.5 us a persona, where
datasketch's own bulk loop takes 32; a table of the hashes of each token would be slower (memory traffic).
"""

from __future__ import annotations

from functools import cache
from hashlib import sha1

import numpy as np
import pyarrow as pa

from transforms.similarity.arrays import I64, U32, U64, Numbers, mix, spans
from transforms.similarity.shingles import Tokens

PERMUTATIONS = 128
SEED = 1
BLOCK = 256  # texts at a time: 128 KB of signatures stay in the cache
REMEMBERED = 1_000_000  # tokens whose SHA-1 is kept in a process, about 100 MB

_sha1: dict[int, int] = {}


@cache
def permutations(seed: int = SEED) -> tuple[Numbers, Numbers]:
    """(a, b) of datasketch's permutations; its import takes a second, so only a process that makes signatures pays."""
    from datasketch import MinHash

    a, b = MinHash(num_perm=PERMUTATIONS, seed=seed, scheme="affine32").permutations
    return a, b


def sha1_tokens(tokens: Tokens, codes: Numbers) -> Numbers:
    """Datasketch's hash of each token, mixed; `codes` tell equal tokens apart from others, so each is hashed once."""
    encoded = pa.array(codes).dictionary_encode()
    index = encoded.indices.to_numpy()
    known = encoded.dictionary.to_numpy().tolist()
    at = np.empty(len(known), I64)
    at[index] = np.arange(len(index))
    if len(_sha1) > REMEMBERED:
        _sha1.clear()
    hashes = list(map(_sha1.get, known))
    for i, value in enumerate(hashes):
        if value is None:
            start = int(tokens.start[at[i]])
            word = tokens.text[start : start + int(tokens.length[at[i]])]
            hashes[i] = _sha1[known[i]] = int.from_bytes(sha1(word, usedforsecurity=False).digest()[:4], "little")
    return mix32(np.array(hashes, U32))[index]


def mix32(x: Numbers) -> Numbers:
    """Datasketch's `_fmix` of 32 bits, in place: the finaliser of MurmurHash3."""
    x ^= x >> U32(16)
    x *= U32(0x85EBCA6B)
    x ^= x >> U32(13)
    x *= U32(0xC2B2AE35)
    x ^= x >> U32(16)
    return x


def signatures(hashes: Numbers, count: Numbers) -> Numbers:
    """Signatures, shape (texts, 128), of texts that have `count` tokens with these hashes each."""
    a, b = permutations()
    first = spans(count)
    out = np.full((len(count), PERMUTATIONS), 0xFFFFFFFF, U32)
    order = np.argsort(-count, kind="stable")
    order = order[: np.count_nonzero(count)]
    least, next_one = np.empty((BLOCK, PERMUTATIONS), U32), np.empty((BLOCK, PERMUTATIONS), U32)
    for i in range(0, len(order), BLOCK):
        rows = order[i : i + BLOCK]
        size, start = count[rows], first[rows]
        longer = np.searchsorted(-size, -np.arange(1, size[0] + 1), "right")  # rows that have a j-th token
        block = least[: len(rows)]
        np.multiply(hashes[start][:, None], a, out=block)
        block += b
        for j in range(1, int(size[0])):
            m = longer[j]
            values = next_one[:m]
            np.multiply(hashes[start[:m] + j][:, None], a, out=values)
            values += b
            np.minimum(block[:m], values, out=block[:m])
        out[rows] = block
    return out


@cache
def multipliers() -> Numbers:
    """Odd numbers that make a hash of a band's values."""
    return np.random.RandomState(0).randint(0, 2**62, PERMUTATIONS, dtype=U64) * U64(2) + U64(1)


def band_keys(signature: Numbers, bands: int, rows: int) -> Numbers:
    """Keys, shape (texts, bands): equal where all `rows` values of a band are."""
    r = multipliers()
    out = np.empty((len(signature), bands), U64)
    for i in range(0, len(signature), BLOCK):
        values = signature[i : i + BLOCK]
        keys = values[:, 0 : bands * rows : rows].astype(U64) * r[0]
        for j in range(1, rows):
            keys += values[:, j : bands * rows : rows] * r[j]
        out[i : i + BLOCK] = keys
    out ^= np.arange(1, bands + 1, dtype=U64)
    return mix(out)
