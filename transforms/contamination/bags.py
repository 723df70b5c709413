"""Bags: the words of a text with names and numbers masked, as tokens by which dedup finds what differs in few others.

A word that stands three times counts as three, so that puzzles with three and with five statements of one form differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from persona_hub.transforms.contamination.masks import NAME_MASK, NUMBER_MASK, masked
from persona_hub.transforms.similarity.arrays import I64, spans
from persona_hub.transforms.similarity.shingles import Tokens, tokenise

LEAST_BAG = 8  # a text of fewer may be a label, which many samples may share; of so few others, masks are the matter
TEXTS_AT_ONCE = 1000  # whose words are values of Python
MASKS = frozenset({NUMBER_MASK, NAME_MASK})


def bag_tokens(texts: Sequence[str], mask: bool = True) -> Tokens:
    """The bags of texts; those of less than LEAST_BAG words are empty.

    A text that has less than LEAST_BAG words beside its masks is not masked: a list of names is not that of others.
    """
    parts = [as_tokens(bags_of(texts[i : i + TEXTS_AT_ONCE], mask)) for i in range(0, len(texts), TEXTS_AT_ONCE)]
    begin = spans(np.fromiter((len(part.text) for part in parts), I64, len(parts))).tolist()
    nothing = [np.empty(0, I64)]
    return Tokens(
        b"".join(part.text for part in parts),
        np.concatenate([*nothing, *(part.start + at for part, at in zip(parts, begin, strict=False))]),
        np.concatenate([*nothing, *(part.length for part in parts)]),
        np.concatenate([*nothing, *(part.size for part in parts)]),
    )


def bags_of(texts: Sequence[str], mask: bool) -> list[list[str]]:
    """The words of the bags."""
    bags: list[list[str]] = [[] for _ in texts]
    plain = list(range(len(texts)))
    if mask:
        words = tokenise([masked(text) for text in texts]).words()
        plain = [row for row in plain if sum(word not in MASKS for word in words[row]) < LEAST_BAG]
        for row in {*range(len(texts))}.difference(plain):
            bags[row] = numbered_repeats(without_repeated_masks(words[row]))
    for row, of_text in zip(plain, tokenise([texts[row] for row in plain]).words(), strict=True):
        bags[row] = numbered_repeats(of_text) if len(of_text) >= LEAST_BAG else []
    return bags


def without_repeated_masks(words: Iterable[str]) -> list[str]:
    """Of neighbours that are the same mask one.

    >>> without_repeated_masks(["x", "x", "0", "eggs", "eggs", "0", "0"])
    ['x', '0', 'eggs', 'eggs', '0']
    """
    before, kept = "", []
    for word in words:
        if word != before or word not in MASKS:
            kept.append(word)
        before = word
    return kept


def numbered_repeats(words: Iterable[str]) -> list[str]:
    """Words, of which the second of a kind is another than the first.

    >>> numbered_repeats(["how", "many", "how"])
    ['how', 'many', 'how 2']
    """
    seen: defaultdict[str, int] = defaultdict(int)
    out = []
    for word in words:
        seen[word] += 1
        out.append(word if seen[word] == 1 else f"{word} {seen[word]}")
    return out


def as_tokens(bags: Sequence[Sequence[str]]) -> Tokens:
    """Words as `tokenise` gives them."""
    flat = [word.encode("utf-8", "surrogatepass") for bag in bags for word in bag]
    length = np.fromiter(map(len, flat), I64, len(flat))
    return Tokens(b"".join(flat), spans(length)[:-1], length, np.fromiter(map(len, bags), I64, len(bags)))
