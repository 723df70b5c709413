"""How well texts answer a question by its words: BM25 over sets of words, by which rare words weigh more.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the inverse document
frequency that Lucene has, which is above 0 for every word. A word counts once in a text, as in MinHashDedup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.similarity.shingles import TokenSets, hash_tokens, token_sets, tokenise_utf8

SATURATION, LENGTH = 1.2, 0.75  # k1 and b of the formula, as Lucene has them


class WordsFound(NamedTuple):
    """Which words of the question stand in each of some texts: pairs (text, word), by their numbers."""

    text: npt.NDArray[np.int64]
    word: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]  # different words of each text


def word_sets(texts: Sequence[str]) -> TokenSets:
    """The different words of each text."""
    data = [text.encode("utf-8", "replace") for text in texts]  # so a text beyond ASCII slows down no other
    tokens = tokenise_utf8(b"".join(data), np.cumsum([0, *map(len, data)]))
    return token_sets(hash_tokens(tokens), tokens.size)


class RareWords:
    """The words of a question, and in how many texts each of them stands: `count` all texts, then ask for `scores`."""

    def __init__(self, question: str):
        self.words = word_sets([question]).tokens
        self.texts = self.size = 0
        self.texts_with = np.zeros(len(self.words), np.int64)

    def find(self, texts: Sequence[str]) -> WordsFound:
        """Where the question's words stand in `texts`."""
        sets = word_sets(texts)
        if not len(self.words):
            return WordsFound(np.zeros(0, np.int64), np.zeros(0, np.int64), sets.size)
        word = np.minimum(np.searchsorted(self.words, sets.tokens), len(self.words) - 1)
        here = np.flatnonzero(self.words[word] == sets.tokens)
        text = np.repeat(np.arange(len(texts)), sets.size)
        return WordsFound(text[here], word[here], sets.size)

    def count(self, found: WordsFound) -> None:
        """Takes the texts in which these were found for texts of the whole."""
        self.texts += len(found.size)
        self.size += int(found.size.sum())
        self.texts_with += np.bincount(found.word, minlength=len(self.words))

    def scores(self, found: WordsFound) -> npt.NDArray[np.float64]:
        """BM25 of each text, shape (texts,); 0 where no word of the question is in it."""
        rarity = np.log1p((self.texts - self.texts_with + 0.5) / (self.texts_with + 0.5))
        together = np.bincount(found.text, rarity[found.word], minlength=len(found.size))
        length = found.size * (self.texts / max(self.size, 1))
        return together * (SATURATION + 1) / (1 + SATURATION * (1 - LENGTH + LENGTH * length))
