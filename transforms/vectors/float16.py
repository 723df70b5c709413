"""Stored vectors: float16 of unit length, whose cosines have the same bits on every machine.

A float32 product differs in its last bits with the shape of the block and the kind of processor. Products of float16
numbers can be computed without any rounding, and so come out alike whatever the order of their terms:

    every float16 is a whole multiple of 2^-24       0.3 is stored as 1229 x 2^-12, 0.7 as 1434 x 2^-11
    so a product of two is a multiple of 2^-48       1229 x 1434 x 2^-23; 11 x 11 bits fit the 24 of a float32
    and a sum of such products that stays below 16   as do all partial sums of two vectors of unit length
    fits the 53 bits of a float64                    16 is 2^52 x 2^-48

Only the square root and the division of a cosine round, each once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.vectors.arrays import Positions

FLOAT32_MARGIN = 1e-3  # over the error of a float32 product, 384 * 2^-24 = 2e-5, and of stored lengths
EXPONENT_SHIFT = 2.0**112  # the exponents of float16 and float32 are biased by 15 and 127
SIGN_COPIES = 0x70000000  # bits that a negative float16 fills with ones when it is moved up by 13
PAIRS_AT_ONCE = 64  # under the 256 KB of memory that a job gives back as soon as it is freed

StoredVectors = npt.NDArray[np.float16]  # shape (rows, dimension), rows of unit length but for rounding


def to_stored(vectors: npt.NDArray[np.float32]) -> StoredVectors:
    """Vectors, shape (rows, dimension), as they are stored: unit length, float16.

    Raises ValueError if one is zero or not finite.
    """
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not (np.isfinite(norms) & (norms > 0)).all():
        raise ValueError("the embedder gave a vector that is zero or not finite")
    return (vectors / norms).astype(np.float16)


def to_float32(
    vectors: StoredVectors, times: float = 1.0, out: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.float32]:
    """Finite float16 numbers as float32, exactly, `times` a small whole number; written to `out` if it is given.

    A float16 is a sign, 5 bits of exponent and 10 of fraction; moved up by 13 bits, it is a float32 with an exponent
    that is too small by 112. 0.3 is

        float16                 0 01101 0011001101             2^(13-15) x 1.2002
        moved up by 13          0 00001101 00110011010000...   2^(13-127) x 1.2002
        times EXPONENT_SHIFT                                   2^-2 x 1.2002

    `astype` converts number by number: 0.57 us for 384 of them, where this takes 0.10.
    """
    single = np.empty(vectors.shape, np.float32) if out is None else out
    bits = single.view(np.int32)
    bits[...] = vectors.view(np.int16)
    bits <<= 13
    bits &= ~SIGN_COPIES
    single *= np.float32(EXPONENT_SHIFT * times)
    return single


class NormedVectors(NamedTuple):
    """Stored vectors, shape (rows, dimension), and their squared norms, shape (rows,), exact."""

    vectors: StoredVectors
    squared_norms: npt.NDArray[np.float64]


def with_norms(vectors: StoredVectors) -> NormedVectors:
    """The vectors and their squared norms."""
    squared_norms = np.empty(len(vectors))
    for start in range(0, len(vectors), PAIRS_AT_ONCE):
        block = to_float32(vectors[start : start + PAIRS_AT_ONCE])
        squared_norms[start : start + PAIRS_AT_ONCE] = row_products(block, block)
    return NormedVectors(vectors, squared_norms)


def row_products(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Dot product of each row with the same row of the other; exact where both hold float16 numbers."""
    return (left * right).sum(axis=1, dtype=np.float64)


def cosines(rows: NormedVectors, first: Positions, second: Positions) -> npt.NDArray[np.float64]:
    """Cosine of each pair of rows, shape (pairs,): the same bits on every machine."""
    out = np.empty(len(first))
    for start in range(0, len(first), PAIRS_AT_ONCE):
        a, b = first[start : start + PAIRS_AT_ONCE], second[start : start + PAIRS_AT_ONCE]
        norms = np.sqrt(rows.squared_norms[a] * rows.squared_norms[b])
        products = row_products(to_float32(rows.vectors[a]), to_float32(rows.vectors[b]))
        out[start : start + PAIRS_AT_ONCE] = products / norms
    return out


class CosinePairs(NamedTuple):
    """Pairs of rows and their exact cosines, each of shape (pairs,)."""

    first: Positions
    second: Positions
    cosine: npt.NDArray[np.float64]

    def take(self, pairs: Positions) -> CosinePairs:
        """Some of the pairs."""
        return CosinePairs(self.first[pairs], self.second[pairs], self.cosine[pairs])


def confirmed_pairs(rows: NormedVectors, first: Positions, second: Positions, threshold: float) -> CosinePairs:
    """Of candidate pairs those whose cosine is at least `threshold`."""
    pairs = CosinePairs(first, second, cosines(rows, first, second))
    return pairs.take(np.flatnonzero(pairs.cosine >= threshold))
