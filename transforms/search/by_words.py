"""How many words texts have in common with another: the Jaccard similarity of their sets of words.

It is what MinHashDedup compares personas by: words in common, over the different words of both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from persona_hub.transforms.similarity.shingles import TokenSets, hash_tokens, token_sets, tokenise_utf8


def word_sets(texts: Sequence[str]) -> TokenSets:
    """The different words of each text."""
    data = [text.encode("utf-8", "replace") for text in texts]  # so a text beyond ASCII slows down no other
    tokens = tokenise_utf8(b"".join(data), np.cumsum([0, *map(len, data)]))
    return token_sets(hash_tokens(tokens), tokens.size)


class CommonWords:
    """`CommonWords("a nurse")(texts)`: the share of words that each of `texts` has in common with this one."""

    def __init__(self, text: str):
        self.words = word_sets([text]).tokens

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Shares from 0 to 1, shape (texts,)."""
        sets = word_sets(texts)
        text = np.repeat(np.arange(len(texts)), sets.size)
        common = np.bincount(text[np.isin(sets.tokens, self.words)], minlength=len(texts))
        return common / np.maximum(sets.size + len(self.words) - common, 1)
