"""Names before an English noun: "a fan of Jane Austen novels" becomes a fan of novels, not of "someone novels"."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from persona_hub.transforms.pii.finding import Finding
from persona_hub.transforms.pii.gazetteer import word_lists

NOUN = regex.compile(r" (?=(?P<noun>\p{Ll}[\p{Ll}-]{2,}))")
WORD_BEFORE = regex.compile(r"(?P<word>\p{L}+) $")
TWO_BEFORE = regex.compile(r"(?P<first>\p{L}+) \p{Ll}+ $")
BETWEEN_NAMES = regex.compile(r", (?:(?:and|or) )?| (?:and|or|&|/) |/")
ARTICLE = regex.compile(r"\b(?P<a>[Aa])n? $")


def names_before_noun(text: str, found: Sequence[Finding], first: int) -> int:
    """Where the noun begins that the name found[first], or a row of names from it on ("a Lennon and McCartney fan"),
    stands before; 0 where it stands for itself.
    """
    last = first
    while (
        last + 1 < len(found)
        and found[last + 1].kind == "name"
        and BETWEEN_NAMES.fullmatch(text[found[last].end : found[last + 1].start])
    ):
        last += 1
    return noun_after(text, found[first].start, found[last].end)


def noun_after(text: str, start: int, end: int) -> int:
    """Where the noun begins that the name text[start:end] stands before; 0 where it stands for itself."""
    words = word_lists()["around-nouns"]
    noun = NOUN.match(text, end)
    if not noun or noun["noun"] in words["no-nouns"]:
        return 0
    if noun["noun"] in words["nouns"]:
        return noun.end()
    before = WORD_BEFORE.search(text, max(0, start - 30), start)
    if not before:
        return 0
    word = before["word"].lower()
    two = TWO_BEFORE.search(text, max(0, start - 60), start)
    relating = word in words["prepositions"] or word in words["verbs"]
    described = two is not None and two["first"].lower() in words["determiners"]
    return noun.end() if relating or described or word in words["determiners"] else 0


def with_article(before: str, noun: str) -> str:
    """What stands before a noun, its indefinite article as that wants it."""
    return ARTICLE.sub(lambda found: f"{found['a']}{'n' if noun in 'aeiou' else ''} ", before)
