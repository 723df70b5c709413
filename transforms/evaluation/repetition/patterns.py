"""What repeats in texts: openings, names, and templates, which are texts with names and numbers masked."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from persona_hub.transforms.contamination.masks import WORDS_IN_ASCII, WORDS_IN_TEXT, masked_codes
from persona_hub.transforms.similarity.arrays import Numbers, ragged, spans
from persona_hub.transforms.similarity.shingles import set_hashes, token_sets, tokenise

OPENING_WORDS = 3
CAPITALISED_NOUNS = frozenset(("de", "lb"))  # languages in which a capital makes no name
MOST_CAPITALS = 0.7  # of words: more have titles, and texts in capitals
BEGINS_SENTENCE = regex.compile(r"(?:^|[.!?:;…\"“”„»«\n(\-–—])[\s\"'“”„»«(]*$")
LOOKED_BACK = 12  # characters before a word
WORD_OF_NAME = regex.compile(r"\p{Lu}\p{M}*[\p{Ll}\p{Lo}\p{M}][\p{L}\p{M}]*")
BETWEEN_NAMES = frozenset((" ", "-"))


def openings(texts: Sequence[str], words: int = OPENING_WORDS) -> list[str]:
    """The first words of each text, as the dedup reads them; of a shorter one all.

    >>> openings(["A nurse, who works at night", "Chef"])
    ['a nurse who', 'chef']
    """
    tokens = tokenise(texts)
    count = tokens.size.clip(max=words)
    first = ragged(spans(tokens.size)[:-1], count)
    chosen = tokens._replace(start=tokens.start[first], length=tokens.length[first], size=count)
    return [" ".join(text) for text in chosen.words()]


def capitalised_names(text: str, language: str) -> list[str]:
    """The names in a text: words with a capital, and those of them that stand together, but for what begins a sentence.

    Of a name that begins a sentence the first word is missed. None in German, whose nouns have a capital, in texts
    whose capitals say nothing, and in scripts without. Acronyms are no names.

    >>> capitalised_names("A nurse from New York who reads Sartre. She likes NASA.", "en")
    ['New York', 'Sartre']
    """
    if language in CAPITALISED_NOUNS:
        return []
    parts = (WORDS_IN_ASCII if text.isascii() else WORDS_IN_TEXT).split(text)
    words = parts[1::2]
    if sum(word[0].isupper() for word in words) > MOST_CAPITALS * len(words):
        return []
    found: list[str] = []
    before, follows = "", False
    for gap, word in zip(parts[0::2], parts[1::2], strict=False):
        before = (before + gap)[-LOOKED_BACK:]
        if WORD_OF_NAME.fullmatch(word):
            if follows and gap in BETWEEN_NAMES:
                found[-1] += gap + word
            elif not BEGINS_SENTENCE.search(before):
                found.append(word)
                follows = True
            else:
                follows = False
        else:
            follows = False
        before += word
    return found


def template_keys(texts: Sequence[str]) -> Numbers:
    """64 bits that texts share which are one template: equal sets of words once names and numbers are masked.

    They are the dedup's own keys of equal sets (`set_hashes`), on masked words; a text without words has the key 0.
    """
    codes, size = masked_codes(texts)
    return set_hashes(token_sets(codes, size))
