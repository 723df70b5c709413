"""Where a key phrase can lie in a run of content words, by language: the rules that a tagger would know better."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib import resources

Phrase = tuple[tuple[str, ...], float]  # words and weight
Rule = Callable[[Sequence[str], str, str], list[Phrase]]  # a run, the words before and after it -> phrases

MOST_WORDS = 3  # of a phrase
LISTS = json.loads((resources.files(__package__) / "grammar.json").read_text("utf-8"))


def grammar_list(family: str, name: str) -> tuple[str, ...]:
    """A list of grammar.json: words or endings."""
    return tuple(LISTS[family][name].split())


EN_VERB_COMES = frozenset(grammar_list("english", "verb_comes"))
EN_NOUN_COMES = frozenset(grammar_list("english", "noun_comes"))
EN_ADJECTIVE = grammar_list("english", "adjective_endings")


def english(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """Head last: "coral reef ecosystems"."""
    if before in EN_VERB_COMES:
        run = run[1:]
    while run and run[-1].endswith(EN_ADJECTIVE):
        run = run[:-1]
    return [(tuple(run[-MOST_WORDS:]), 1.5 if before in EN_NOUN_COMES else 0.8)] if run else []


ROMANCE_NOUN_COMES = frozenset(grammar_list("romance", "noun_comes"))
ROMANCE_ADJECTIVE = grammar_list("romance", "adjective_endings")


def romance(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """Head first, found after an article or preposition: "energía solar"."""
    weight = 1.5 if before in ROMANCE_NOUN_COMES else 0.25
    if len(run) > 1 and run[1].endswith(ROMANCE_ADJECTIVE):
        return [(tuple(run[:2]), weight)]
    return [(tuple(run[:1]), weight * (0.9 if len(run[0]) > 4 else 0.4))]


def german(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """Nouns are capitalised, compounds say most: each alone, the longer the better."""
    nouns = [word for word in run if word[0].isupper() and len(word) > 3]
    return [((word,), 0.8 + min(len(word), 20) / 20) for word in nouns]


RU_OTHER = grammar_list("russian", "other_endings")


def russian(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """What may be a masculine noun in the nominative: by what its ending is not."""
    return [((word,), 1.0) for word in run if len(word) > 4 and not word.endswith(RU_OTHER) and word[-1] not in "аыийь"]


HI_NOUN_FOLLOWS = frozenset(grammar_list("hindi", "noun_follows"))


def hindi(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """The word or two before a postposition."""
    if run[-1].endswith(("ने", "ना", "कर", "ता", "ते", "ती")):
        return []
    return [(tuple(run[-2:]), 1.5 if after in HI_NOUN_FOLLOWS else 0.3)]


AR_PREFIXES = {"وال": "ال", "بال": "ال", "لل": "ال", "فال": "ال", "كال": "ال"}  # particles written with an article
AR_NOT_NOUN = "يتنسأوفبلك"  # letters that verbs and attached particles begin with


def arabic(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """Definite nouns, with the noun that they determine: "حقوق الإنسان"."""
    plain = [
        next((short + word[len(long) :] for long, short in AR_PREFIXES.items() if word.startswith(long)), word)
        for word in run
    ]
    definite = [word.startswith("ال") and len(word) > 4 for word in plain]
    found: list[Phrase] = []
    for i, word in enumerate(plain):
        if not definite[i]:
            continue
        if i and not definite[i - 1] and run[i][0] == "ا" and run[i - 1][0] not in AR_NOT_NOUN:
            found.append(((plain[i - 1], word), 1.4))
        elif not (i and definite[i - 1]):
            found.append(((word,), 0.8))
    return found


def anybody(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """No rule: short runs as they are, and the ends of long ones."""
    return [(tuple(run[-2:]), 1.0 if len(run) <= 2 else 0.5)]


RULES: dict[str, Rule] = {
    "en": english, "de": german, "es": romance, "fr": romance, "pt": romance, "it": romance, "ru": russian,
    "hi": hindi, "ar": arabic,
}  # fmt: skip
JOINTS = {language: frozenset(words.split()) for language, words in LISTS["joints"].items()}
