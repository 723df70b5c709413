"""Where a key phrase can lie in a run of content words, by language: the rules that a tagger would know better."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib import resources

Phrase = tuple[tuple[str, ...], float]  # words and weight
Rule = Callable[[Sequence[str], str, str], list[Phrase]]

LONGEST = 3  # words
LISTS = json.loads((resources.files(__package__) / "grammar.json").read_text("utf-8"))


def words(family: str, name: str) -> tuple[str, ...]:
    """A list of grammar.json: words or endings."""
    return tuple(LISTS[family][name].split())


EN_VERB_COMES = frozenset(words("english", "verb_comes"))
EN_NOUN_COMES = frozenset(words("english", "noun_comes"))
EN_ADJECTIVE = words("english", "adjective_endings")
EN_NOUN = frozenset(words("english", "nouns_like_adjectives"))
EN_PARTICIPLE_NOUN = frozenset(words("english", "nouns_like_participles"))


def english(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """Head last: "coral reef ecosystems"."""
    if before in EN_VERB_COMES:
        run = run[1:]
    while run and run[-1].endswith(EN_ADJECTIVE) and run[-1].removesuffix("s") not in EN_NOUN:
        run = run[:-1]
    if not run or len(run) > LONGEST + 1:
        return []
    return [(tuple(run[-LONGEST:]), 1.5 if before in EN_NOUN_COMES else 0.8)]


ROMANCE_NOUN_COMES = frozenset(words("romance", "noun_comes"))
ROMANCE_VERB_COMES = frozenset(words("romance", "verb_comes"))
ROMANCE_ADJECTIVE = words("romance", "adjective_endings")
ROMANCE_INFINITIVE = words("romance", "infinitive_endings")


def romance(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """Head first, found after an article or preposition: "energía solar"."""
    before = before.removesuffix("'").removesuffix("’")
    if before in ROMANCE_VERB_COMES and run[0].endswith(ROMANCE_INFINITIVE):
        return []
    weight = 1.5 if before in ROMANCE_NOUN_COMES else 0.25
    if len(run) > 1 and run[1].endswith(ROMANCE_ADJECTIVE):
        return [(tuple(run[:2]), weight)]
    return [(tuple(run[:1]), weight * (0.9 if len(run[0]) > 4 else 0.4))]


def german(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """Nouns are capitalised, compounds say most: each alone, the longer the better."""
    nouns = [word for word in run if word[0].isupper() and len(word) > 3]
    return [((word,), 0.8 + min(len(word), 20) / 20) for word in nouns]


RU_OTHER = words("russian", "other_endings")
RU_NOMINATIVE = (
    (("ции", "цию", "цией", "ций", "циях", "циям", "циями"), "ция"),
    (("ности", "ностью", "ностей", "ностях"), "ность"),
    (("ния", "нии", "нию", "нием", "ний", "ниях", "ниям", "ниями"), "ние"),
    (("ства", "ству", "стве", "ством"), "ство"),
)
RU_PAIRS = (  # adjective and noun that agree in the nominative
    (("ый", "ий", "ой"), ()),  # any masculine noun that ends in a consonant
    (("ая", "яя"), ("ция", "ность", "а", "ия")),
    (("ое", "ее"), ("ние", "ство")),
    (("ые", "ие"), ("ы", "ки", "ги", "хи", "ции", "ники", "тели")),
)


def russian(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """Pairs in the nominative, "солнечная энергия", and nouns brought back to it: "изменений" -> "изменение"."""
    found: list[Phrase] = []
    for i, word in enumerate(run):
        noun = russian_noun(word)
        plain = not noun and not word.endswith(RU_OTHER) and word[-1] not in "аыийь"
        for adjectives, nouns in RU_PAIRS:
            if i and run[i - 1].endswith(adjectives) and (word.endswith(nouns) if nouns else plain):
                found.append(((run[i - 1], word), 1.8))
                break
        else:
            if noun or (plain and len(word) > 4):
                found.append(((noun or word,), 1.2 if noun else 1.0))
    return found


def russian_noun(word: str) -> str:
    """The nominative of an abstract noun, known by its ending; "" for any other word."""
    for endings, base in RU_NOMINATIVE:
        for ending in endings:
            if word.endswith(ending):
                return word[: -len(ending)] + base
    return word if word.endswith(("ция", "ность", "ние", "ство")) and len(word) > 5 else ""


HI_NOUN_FOLLOWS = frozenset(words("hindi", "noun_follows"))


def hindi(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """The word or two before a postposition."""
    if run[-1].endswith(("ने", "ना", "कर", "ता", "ते", "ती")):
        return []
    return [(tuple(run[-2:]), 1.5 if after in HI_NOUN_FOLLOWS else 0.3)]


AR_PREFIXES = (("وال", "ال"), ("بال", "ال"), ("لل", "ال"), ("فال", "ال"), ("كال", "ال"))


AR_NOT_NOUN = "يتنسأوفبلك"  # letters that verbs and attached particles begin with


def arabic(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """Definite nouns, with the adjective that follows, or the noun that they determine: "حقوق الإنسان"."""
    plain = [
        next((short + word[len(long) :] for long, short in AR_PREFIXES if word.startswith(long)), word) for word in run
    ]
    definite = [word.startswith("ال") and len(word) > 4 for word in plain]
    found: list[Phrase] = []
    for i, word in enumerate(plain):
        if not definite[i]:
            continue
        if i + 1 < len(run) and definite[i + 1] and run[i + 1].startswith("ال"):
            found.append(((word, plain[i + 1]), 1.6))
        elif (
            i and not definite[i - 1] and run[i][0] == "ا" and run[i - 1][0] not in "يتنسأوفبلك" and len(run[i - 1]) > 2
        ):
            found.append(((plain[i - 1], word), 1.4))
        elif not (i and definite[i - 1]):
            found.append(((word,), 0.8))
    return found


def without_article(word: str) -> str:
    """An Arabic `word` without its article and the particles that are written together with it."""
    plain = next((short + word[len(long) :] for long, short in AR_PREFIXES if word.startswith(long)), word)
    return plain[2:] if plain.startswith("ال") and len(plain) > 4 else word


def anybody(run: Sequence[str], before: str, after: str) -> list[Phrase]:
    """No rule: short runs as they are, and the ends of long ones."""
    return [(tuple(run[-2:]), 1.0 if len(run) <= 2 else 0.5)]


RULES: dict[str, Rule] = {
    "en": english,
    "de": german,
    "es": romance,
    "fr": romance,
    "pt": romance,
    "it": romance,
    "ru": russian,
    "hi": hindi,
    "ar": arabic,
}
JOINTS = {language: frozenset(listed.split()) for language, listed in LISTS["joints"].items()}
