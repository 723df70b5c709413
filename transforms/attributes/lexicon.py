"""Words and phrases of a language, as the files in words/ list them, in one automaton."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from ahocorasick_rs import AhoCorasick

from persona_hub.transforms.packaged_yaml import packaged_yaml

PACKAGE_OF_WORDS = "persona_hub.transforms.attributes"
TOKEN = re.compile(
    r"(?:[^\W\d_]\.){2,}|\b[BM]\.(?:Sc|Ed|Eng|Phil)\b\.?"
    r"|(?<!\S)\.[A-Z]\w+|Ph\.? ?D\.?|\d+(?:st|nd|rd|th|s)?\b|[\w&]+(?:'\w+)*[+#]*"
    r"|[.,;:!?()\"“”„«»…]|[–—](?=\s)"
)
# What CLDR adds to the names of Hong Kong and Macao.
ADDITIONS = re.compile(r"Sonderverwaltungsregion | SAR China|RAS chinoise de |RAE de |中国|特别行政区")
MARKS = frozenset('.,;:!?()"“”„«»…–—')
APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "‐": "-", "‑": "-"})
ELISION = re.compile(r"(?i)\b([ldnsmtcj]|qu)'(?=\w)")  # "l'histoire", "d'une": two words
COUNTRIES_OF_BABEL = re.compile(r"[A-Z]{2}")
NO_COUNTRIES = frozenset(("EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AQ"))


class Hit(NamedTuple):
    """A phrase that was found: its words from `start` to before `end`."""

    start: int
    end: int
    value: str


def tokens_of(text: str, language: str) -> list[str]:
    """The words and marks of a text as they stand; a hyphen parts words."""
    text = text.translate(APOSTROPHES)
    if language == "fr":
        text = ELISION.sub(r"\1' ", text)
    return TOKEN.findall(text)


def word_of(token: str) -> str:
    """A token as words are compared."""
    if len(token) == 1:
        return token.lower()
    bare = token.replace(".", "").replace(" ", "")
    return "usa" if bare == "US" else bare.lower()


def words_of(text: str, language: str) -> list[str]:
    """The words of a text as words are compared."""
    return [word_of(token) for token in tokens_of(text, language)]


class Phrases:
    """Finds phrases at the borders of words, all that overlap too, by Aho and Corasick's automaton."""

    def __init__(self, phrases: Iterable[tuple[str, str, str]], language: str) -> None:
        """Of (kind, value, phrase)."""
        entries: dict[str, dict[str, str]] = defaultdict(dict)
        for kind, value, phrase in phrases:
            if words := words_of(phrase, language):
                entries[bordered(words)].setdefault(kind, value)
        self._meanings = [list(kinds.items()) for kinds in entries.values()]
        self._automaton = AhoCorasick(list(entries))

    def find(self, words: Sequence[str]) -> dict[str, list[Hit]]:
        """The hits of each kind, by their ends."""
        starts, ends, at = {}, {}, 0
        for n, word in enumerate(words):
            starts[at] = n
            at += len(word) + 2
            ends[at] = n + 1
        found: dict[str, list[Hit]] = defaultdict(list)
        for entry, start, end in self._automaton.find_matches_as_indexes(bordered(words), overlapping=True):
            for kind, value in self._meanings[entry]:
                found[kind].append(Hit(starts[start], ends[end], value))
        return found


def bordered(words: Sequence[str]) -> str:
    """Words with a border of their own on both sides, so that neighbours share none."""
    return f" {'  '.join(words)} "


def word_list(value: str) -> list[str]:
    """The phrases of a list: with bars between, or words with spaces."""
    return [phrase.strip() for phrase in (value.split("|") if "|" in value else value.split()) if phrase.strip()]


def phrases_of(value: str) -> list[str]:
    """The phrases of a list with bars between; one phrase without a bar."""
    return [phrase.strip() for phrase in value.split("|") if phrase.strip()]


@cache
def read_words(name: str) -> Any:
    """A file of words/."""
    return packaged_yaml(PACKAGE_OF_WORDS, "words", f"{name}.yaml")


# Endings of French feminines by the masculine's, where the list says only the ending.
FEMININES = {"euse": "eur", "trice": "teur", "ère": "er", "ienne": "ien", "onne": "on", "ive": "if", "esse": "e"}


def forms(phrase: str) -> list[str]:
    """The two genders of a phrase whose words say them so: "enfermero" and "enfermera" of "enfermero/a"."""
    if "/" not in phrase:
        return [phrase]
    pairs = [word.split("/") for word in phrase.split()]
    return [" ".join(pair[0] for pair in pairs), " ".join(feminine(*pair) for pair in pairs)]


def feminine(word: str, ending: str | None = None) -> str:
    """The second form of "word/ending"."""
    if ending is None:
        return word
    if ending[0].isupper() or ending.startswith("="):  # whole
        return ending.removeprefix("=")
    if ending in FEMININES and word.endswith(FEMININES[ending]):
        return word.removesuffix(FEMININES[ending]) + ending
    return word[:-1] + ending if ending == "a" and word[-1] in "oe" else word + ending


def titles_by_hand(language: str) -> dict[str, str]:
    """Titles of titles_LANGUAGE.yaml with their groups of ISCO-08: four digits, or one; the first group wins."""
    found: dict[str, str] = {}
    for group, titles in read_words(f"titles_{language}").items():
        for title in titles:
            for form in forms(title):
                found.setdefault(" ".join(form.lower().replace("-", " ").split()), str(group))
    return found


def packaged_titles() -> dict[str, str]:
    """Titles of titles.txt.gz, in English, with their groups."""
    text = gzip.decompress((resources.files(PACKAGE_OF_WORDS) / "titles.txt.gz").read_bytes()).decode()
    rows = (line.split("\t") for line in text.splitlines())
    return {title: group for group, titles in rows for title in titles.split("|")}


def country_names(language: str) -> Iterator[tuple[str, str]]:
    """(code, name) of countries in a language, by CLDR, and of states and cities that say one country."""
    from babel import Locale, UnknownLocaleError

    raw = read_words("countries")
    try:
        names = dict(Locale(language).territories)
    except (UnknownLocaleError, ValueError):
        names = {}
    for code, name in names.items():
        if COUNTRIES_OF_BABEL.fullmatch(code) and code not in NO_COUNTRIES:
            for part in re.split(r"\s*[()（）]\s*", name):
                part = ADDITIONS.sub("", part) if code in ("HK", "MO") else part
                if part and part not in raw["not_names"]:
                    yield code, part
                    yield code, part.replace("St. ", "Saint ").replace(" & ", " and ")
    yield from cities()


def cities() -> Iterator[tuple[str, str]]:
    """(code, name) of states and cities that say one country."""
    for code, names in read_words("countries")["cities"].items():
        for name in phrases_of(names):
            yield code, name
