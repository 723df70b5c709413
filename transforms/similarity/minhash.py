"""MinHash signatures, datasketch's bit for bit, and the keys of their bands.

The scheme is datasketch 2's default, `affine32`: 32 bits of a token's SHA-1, mixed, then a * h + b modulo 2^32 for
each of 128 permutations, and the least over a text's tokens. Permutation by permutation, over all tokens of a block of
texts, it takes 1.4 us a persona (text by text 2.8), datasketch's own bulk loop 32; a table of the hashes of each
token would be slower (memory traffic).
"""

from __future__ import annotations

from functools import cache
from hashlib import sha1
from threading import Lock

import numpy as np

from persona_hub.transforms.similarity.arrays import I64, U32, U64, Numbers, mix, spans
from persona_hub.transforms.similarity.shingles import Tokens

PERMUTATIONS = 128
SEED = 1
BLOCK_TEXTS = 2048  # texts at a time, and
BLOCK_TOKENS = 1 << 16  # tokens, the shorter texts filled up: 256 KB stay in the cache
REMEMBERED_BITS = 20  # a million tokens whose SHA-1 is kept in a process

_sha1_lock = Lock()  # of what is remembered: bundles run side by side in the threads of a worker


@cache
def permutations(seed: int = SEED) -> tuple[Numbers, Numbers]:
    """(a, b) of datasketch's permutations, drawn as it draws them: to import it takes a second in each process."""
    draw = np.random.RandomState(seed)
    odd = draw.randint(0, 1 << 31, PERMUTATIONS, dtype=U32) * U32(2) + U32(1)
    return odd, draw.randint(0, 1 << 32, PERMUTATIONS, dtype=U32)


def sha1_tokens(tokens: Tokens, codes: Numbers) -> Numbers:
    """Datasketch's hash of each token, mixed; `codes` tell equal tokens apart from others.

    The hash of a token is looked up by its code; a token that is not there takes the place of the one that is.
    """
    known, hashes = sha1_cache()
    slot = (codes >> U64(64 - REMEMBERED_BITS)).astype(I64)
    with _sha1_lock:
        missing = np.flatnonzero(known[slot] != codes)
        out = hashes[slot]
    if len(missing):
        different, number = np.unique(codes[missing], return_inverse=True)
        at = np.empty(len(different), I64)
        at[number] = missing
        starts, ends = tokens.start[at].tolist(), (tokens.start[at] + tokens.length[at]).tolist()
        words = [tokens.text[start:end] for start, end in zip(starts, ends, strict=True)]
        digests = b"".join([sha1(word, usedforsecurity=False).digest()[:4] for word in words])
        new = mix32(np.frombuffer(digests, "<u4").astype(U32))
        out[missing] = new[number]
        with _sha1_lock:
            known[slot[at]], hashes[slot[at]] = different, new
    return out


@cache
def sha1_cache() -> tuple[Numbers, Numbers]:
    """Codes and their hashes, by the upper bits of the code, in each process: 12 MB."""
    known = np.zeros(1 << REMEMBERED_BITS, U64)
    known[0] = 1  # of another slot, so that a code of 0 is not taken for known
    return known, np.zeros(1 << REMEMBERED_BITS, U32)


def mix32(x: Numbers) -> Numbers:
    """Datasketch's `_fmix` of 32 bits, in place: the finaliser of MurmurHash3."""
    x ^= x >> U32(16)
    x *= U32(0x85EBCA6B)
    x ^= x >> U32(13)
    x *= U32(0xC2B2AE35)
    x ^= x >> U32(16)
    return x


def signatures(hashes: Numbers, count: Numbers, permuted: int = PERMUTATIONS) -> Numbers:
    """Signatures, shape (permuted, texts), of texts that have `count` tokens with these hashes each.

    Fastest for texts in the order of their lengths, since those of a block are filled up to the longest.
    """
    a, b = permutations()
    last = spans(count)[1:] - 1
    first = np.minimum(last + 1 - count, last)  # an empty text takes anything
    out = np.full((permuted, len(count)), 0xFFFFFFFF, U32)
    i = 0
    while i < len(count) and len(hashes):
        longest = int(count[i : i + BLOCK_TEXTS].max())
        texts = slice(i, i + min(BLOCK_TEXTS, max(1, BLOCK_TOKENS // max(1, longest))))
        # A token again and again fills up a text: it changes no minimum.
        tokens = hashes[np.maximum(0, np.minimum(first[texts] + np.arange(max(1, longest))[:, None], last[texts]))]
        values = np.empty_like(tokens)
        for permutation in range(permuted):
            np.multiply(tokens, a[permutation], out=values)
            values += b[permutation]
            np.minimum.reduce(values, axis=0, out=out[permutation, texts])
        i = texts.stop
    out[:, count == 0] = 0xFFFFFFFF
    return out


@cache
def multipliers() -> Numbers:
    """Odd numbers that make a hash of a band's values."""
    return np.random.RandomState(0).randint(0, 2**62, PERMUTATIONS, dtype=U64) * U64(2) + U64(1)


def band_keys(signature: Numbers, bands: int, rows: int) -> Numbers:
    """Keys, shape (bands, texts), of signatures (permutations, texts): equal where all `rows` values of a band are."""
    r = multipliers()
    keys = np.empty((bands, signature.shape[1]), U64)
    term = np.empty(signature.shape[1], U64)
    for band, key in enumerate(keys):
        np.multiply(signature[band * rows], r[0], out=key)
        for j in range(1, rows):
            np.multiply(signature[band * rows + j], r[j], out=term)
            key += term
    keys ^= np.arange(1, bands + 1, dtype=U64)[:, None]
    return mix(keys)
