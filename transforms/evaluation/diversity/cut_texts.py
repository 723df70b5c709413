"""Texts cut to one length: short texts look diverse, and few texts do, so what is compared has as many words and texts.

Words are those of the dedup (`persona_hub.transforms.similarity.shingles`): in Han and kana single characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.similarity.arrays import U64, mix, ragged, spans
from persona_hub.transforms.similarity.shingles import hash_tokens, tokenise

SHORT_PART = 0.25  # of the texts may be too short for a length that is chosen for them


@dataclass(frozen=True, eq=False)
class CutTexts:
    """The first `length` words of each text that has so many; `short` have fewer, and are left out."""

    codes: npt.NDArray[np.uint64]  # hashes of words, shape (texts, length)
    words: list[list[str]]
    short: int

    @property
    def length(self) -> int:
        """Words of each text."""
        return int(self.codes.shape[1])

    def grams(self, n: int) -> npt.NDArray[np.uint64]:
        """Hashes of the n-grams of each text, shape (texts, length - n + 1)."""
        if not 1 <= n <= self.length:
            raise ValueError(f"n is {n}: texts have {self.length} words")
        count = self.length - n + 1
        found = np.zeros((len(self.codes), count), U64)
        for place in range(n):
            found = mix(found + self.codes[:, place : place + count])
        return found

    def without(self, drop: npt.NDArray[np.bool_]) -> CutTexts:
        """Without some of the texts."""
        return CutTexts(self.codes[~drop], [w for w, d in zip(self.words, drop, strict=True) if not d], self.short)


def cut_texts(texts: Sequence[str], length: int) -> CutTexts:
    """Texts cut to `length` words, in their order. Raises ValueError for a length below 1."""
    if length < 1:
        raise ValueError(f"length is {length}, and must be at least 1")
    tokens = tokenise(texts)
    whole = tokens.size >= length
    first = spans(tokens.size)[:-1][whole]
    codes = hash_tokens(tokens)[ragged(first, np.full(len(first), length))].reshape(-1, length)
    words = [text[:length] for text in tokens.words() if len(text) >= length]
    return CutTexts(codes, words, int((~whole).sum()))


def long_enough(texts: Sequence[str], length: int) -> list[str]:
    """The texts of at least `length` words, in their order: those that `cut_texts` keeps."""
    return [text for text, size in zip(texts, tokenise(texts).size.tolist(), strict=True) if size >= length]


def length_for(*corpora: Sequence[str]) -> int:
    """The largest length that at most SHORT_PART of the texts of each corpus fall short of; at least 1."""
    return max(1, min(int(np.quantile(tokenise(texts).size, SHORT_PART, method="lower")) for texts in corpora))
