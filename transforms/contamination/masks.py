"""Texts with their numbers and names masked, so that a problem with other ones is the same text.

    Janet's ducks lay 16 eggs.  She eats three.      ->   x's x lay 0 eggs.  x x 0.  (before words are in small letters)

- A number is a word with a digit or a numeral in it, or one that is made of number words ("twenty", "fünfundzwanzig");
  in Han, a run of numerals.
- A name is a word with a capital, at the beginning of a sentence as well: telling names from other words there would
  need to know all names, and both sides are masked alike. Where half or more of the words have one (a text in capitals,
  a title) capitals say nothing, and only pronouns are masked. So are pronouns, which change with the name; a run of
  katakana, which writes foreign names; and the letter x, which names what is unknown.

Neighbours of one kind become one, since "Mary Jane" may have become "Ann", and 1,200 "twelve hundred".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import regex

from persona_hub.transforms.packaged_yaml import packaged_yaml
from persona_hub.transforms.similarity.arrays import I64, U64, Numbers, spans
from persona_hub.transforms.similarity.shingles import hash_tokens, normalise, tokenise_utf8

NUMBER_MASK, NAME_MASK = "0", "x"  # what stands for them
CAPITALS_SAY_NOTHING = 0.5  # share of words with a capital; of German, which writes nouns with one, it is 0.35
KNOWN_WORDS = 1 << 16  # whose masks are remembered
LONGEST_NUMBER = 64  # characters of a number word, and of a word that is remembered

HAN_NUMERALS = "〇零一二三四五六七八九十百千万萬億亿两兩半"
NUMERALS, KATAKANA = rf"[{HAN_NUMERALS}]+", r"[\p{Script=Katakana}ー]+"
SPACED_WORD = r"[[\p{L}\p{M}\p{N}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]]+"
WORDS_IN_ASCII = re.compile("([A-Za-z0-9]+)")
WORDS_IN_TEXT = regex.compile(f"({NUMERALS}|{KATAKANA}|{SPACED_WORD})", regex.V1)
HAN_NUMBER, KATAKANA_WORD = regex.compile(NUMERALS), regex.compile(KATAKANA)


@cache
def slot_words() -> dict[str, Any]:
    """What slots.yaml holds."""
    words: dict[str, Any] = packaged_yaml(__package__, "slots.yaml")
    return words


@cache
def number_word() -> re.Pattern[str]:
    """A word made of number words."""
    listed = slot_words()
    parts = {normalise(part) for language in listed["numbers"].values() for part in language.split()}
    longest_first = "|".join(map(re.escape, sorted(parts, key=lambda part: (-len(part), part))))
    others = "|".join(map(re.escape, listed["no_numbers"].split()))
    return re.compile(rf"(?!(?:{others})$)(?:{longest_first})++s?")  # possessive: a word may have 2^n ways to be read


@cache
def pronouns() -> frozenset[str]:
    """The pronouns of all languages."""
    return frozenset(normalise(word) for words in slot_words()["pronouns"].values() for word in words.split())


class Masks(dict[str, str]):
    """What stands for a word: NUMBER_MASK, NAME_MASK, or itself. Up to KNOWN_WORDS words are remembered."""

    def __init__(self, capitals: bool):
        super().__init__()
        self.capitals = capitals  # whether a capital makes a name

    def __missing__(self, word: str) -> str:
        """Looks at a word for the first time."""
        mask = mask_of(word, self.capitals)
        if len(word) <= LONGEST_NUMBER:
            if len(self) >= KNOWN_WORDS:
                self.clear()
            self[word] = mask
        return mask


def mask_of(word: str, capitals: bool) -> str:
    """NUMBER_MASK, NAME_MASK, or the word itself; `capitals`: whether a capital makes a name."""
    if any(map(str.isnumeric, word)):
        return NUMBER_MASK
    small = normalise(word)
    if HAN_NUMBER.fullmatch(word) or (len(small) <= LONGEST_NUMBER and number_word().fullmatch(small)):
        return NUMBER_MASK
    return (
        NAME_MASK if small in pronouns() or KATAKANA_WORD.fullmatch(word) or (capitals and word[0].isupper()) else word
    )


@cache
def masks(capitals: bool) -> Masks:
    """The masks of this process. (Threads may each look at a word: they come to the same.)"""
    return Masks(capitals)


def masked(text: str) -> str:
    """`text` with NUMBER_MASK and NAME_MASK in place of its numbers and names."""
    parts = (WORDS_IN_ASCII if text.isascii() else WORDS_IN_TEXT).split(text)
    known = masks(tells_names(parts[1::2]))
    parts[1::2] = [known[word] for word in parts[1::2]]
    return "".join(parts)


def tells_names(words: Sequence[str]) -> bool:
    """Whether capitals tell names in a text of these words."""
    first = [word[0] for word in words]
    capital = sum(map(str.isupper, first))
    return capital < CAPITALS_SAY_NOTHING * (capital + sum(map(str.islower, first)))


def word_codes(texts: Sequence[str]) -> tuple[Numbers, Numbers]:
    """(64-bit hashes of the words of texts, one text after another; how many each text has)."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    tokens = tokenise_utf8(b"".join(encoded), spans(np.fromiter(map(len, encoded), I64, len(encoded))))
    return hash_tokens(tokens), tokens.size


def masked_codes(texts: Sequence[str]) -> tuple[Numbers, Numbers]:
    """`word_codes` of masked texts, of neighbours of one kind one."""
    codes, size = word_codes([masked(text) for text in texts])
    owner = np.repeat(np.arange(len(size)), size)
    stays = np.ones(len(codes), bool)
    stays[1:] = (codes[1:] != codes[:-1]) | (owner[1:] != owner[:-1]) | ~is_mask(codes)[1:]
    return codes[stays], np.bincount(owner[stays], minlength=len(size)).astype(I64)


def is_mask(codes: Numbers) -> Numbers:
    """Which words stand for numbers or names."""
    return np.isin(codes, mask_codes())


@cache
def mask_codes() -> Numbers:
    """The hashes of NUMBER_MASK and NAME_MASK."""
    return word_codes([NUMBER_MASK, NAME_MASK])[0].astype(U64)
