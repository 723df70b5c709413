"""The words of names, and what the gazetteer and the word lists say of each."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import regex

from persona_hub.transforms.pii.gazetteer import folded, gazetteer, word_lists

POSSESSIVE = regex.compile(r"['’]s?$")
INITIALS = regex.compile(r"(?:\p{Lu}\.)+")
CYRILLIC = regex.compile(r"\p{Cyrillic}")
CASE_ENDING = regex.compile(r"(?:ами|ями|ого|его|ому|ему|ом|ем|ём|ой|ей|ым|им|ых|их|ою|ию|ия|ии|ий|[аяуюыиеоьй])$")


class Word(NamedTuple):
    """A word of a run of capitalised words."""

    text: str
    start: int
    end: int

    @property
    def key(self) -> str:
        """The word as the gazetteer has it."""
        return folded(POSSESSIVE.sub("", self.text))

    @property
    def is_initial(self) -> bool:
        """Whether it is a letter with a dot, or several: "J.", "J.K."."""
        return bool(INITIALS.fullmatch(self.text))

    @property
    def is_particle(self) -> bool:
        """Whether it is one of the small words within names."""
        return self.text.islower() and self.text in word_lists()["particles"]


def is_known(word: Word) -> bool:
    """Whether the gazetteer has the word as a name of any kind."""
    known = gazetteer()
    return word.key in known.given or word.key in known.family or word.key in known.family_first


def is_given(word: Word) -> bool:
    """Whether the gazetteer knows the word, or its first part ("Jean-Pierre"), as a given name."""
    given = gazetteer().given
    first, hyphen, _ = word.key.partition("-")
    return (word.key in given or (bool(hyphen) and first in given)) and not is_upper(word)


@cache
def given_stems() -> frozenset[str]:
    """Stems of the Cyrillic given names."""
    return frozenset(CASE_ENDING.sub("", name) for name in gazetteer().given if CYRILLIC.match(name))


def is_given_stem(word: Word) -> bool:
    """Whether a Cyrillic word is a given name in some case."""
    return CASE_ENDING.sub("", word.key) in given_stems()


def stem(word: str) -> str:
    """A surname without its ending, if it is one of a language that declines it."""
    return CASE_ENDING.sub("", word) if CYRILLIC.match(word) and len(word) > 4 else word


def is_doubtful(word: Word) -> bool:
    """Whether the word is first of all something other than a name."""
    return word.key in word_lists()["doubtful"] or is_thing(word)


def is_thing(word: Word) -> bool:
    """Whether the word tells of a thing, a place, an organisation, or stands in capitals throughout."""
    return word.key in word_lists()["things"] or is_upper(word)


def is_upper(word: Word) -> bool:
    """Whether the word is an abbreviation: two capitals or more and no small letter."""
    return len(word.text) > 1 and word.text.isupper() and not word.is_initial


def is_place(word: Word) -> bool:
    """Whether the gazetteer knows the word as a place."""
    return word.key in gazetteer().places


def is_no_person(words: list[Word]) -> bool:
    """Whether the words together are a place, or a character or brand that everybody knows."""
    name = " ".join(word.key for word in words)
    known = gazetteer().places
    return name in word_lists()["fictions"] or name in known or (is_doubtful(words[0]) and is_place(words[-1]))


def is_possessive(word: Word) -> bool:
    """Whether the word ends in the English 's."""
    return word.text.endswith(("'s", "’s"))
