"""What a text is when it is no persona: too long, a refusal, a thing, the prompt given back, another language ...

The patterns and small words of each language stand in not_personas.yaml.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import islice
from typing import Any

import regex

from persona_hub.transforms.corpus.language import UNDETERMINED, detect_language
from persona_hub.transforms.llm.forms import repeats_itself, words_of
from persona_hub.transforms.packaged_yaml import packaged_yaml
from persona_hub.transforms.prompts.mentions import names_document, names_persona
from persona_hub.transforms.prompts.refusals import refusal_patterns

SURE_LETTERS = 12  # below, a name or a term of another language is enough to mislead
LEAST_SHARE = 0.2  # of letters in the language's script: "一位 Django REST framework 开发者" has 0.2
MOST_SHARE = 0.6  # with less, the persona may be in a language of another script, and quote this one
LEAST_SMALL_WORDS = 2  # of a sentence in the other language
LATIN = regex.compile(r"\p{Latin}")
SCRIPT_PATTERNS = {
    language: regex.compile("|".join(rf"\p{{{script}}}" for script in scripts.split()))
    for languages, scripts in (
        ("zh", "Han"),
        ("ja", "Han Hiragana Katakana"),
        ("ko", "Hangul Han"),
        ("ab ru uk bg be mk kk ky tg mn av ba bxr ce cv kv lez mhr mrj myv os rue sah tyv xal", "Cyrillic"),
        ("sr az uz krc tt", "Cyrillic Latin"),
        ("ar fa ur ps ug azb ckb lrc mzn pnb", "Arabic"),
        ("sd ks", "Arabic Devanagari"),
        ("ku tk", "Arabic Cyrillic Latin"),
        ("hi mr ne sa bh dty mai new", "Devanagari"),
        ("gom", "Devanagari Latin"),
        ("el", "Greek"),
        ("he yi", "Hebrew"),
        ("th", "Thai"),
        ("bn as bpy", "Bengali"),
        ("ta", "Tamil"),
        ("te", "Telugu"),
        ("gu", "Gujarati"),
        ("pa", "Gurmukhi Arabic"),
        ("ka xmf", "Georgian"),
        ("hy", "Armenian"),
        ("am ti", "Ethiopic"),
        ("km", "Khmer"),
        ("lo", "Lao"),
        ("my", "Myanmar"),
        ("kn", "Kannada"),
        ("ml", "Malayalam"),
        ("si", "Sinhala"),
        ("or", "Oriya"),
        ("bo dz", "Tibetan"),
        ("dv", "Thaana"),
        ("chr", "Cherokee"),
        ("iu", "Canadian_Aboriginal Latin"),
        ("syr", "Syriac"),
        ("lif", "Limbu"),
    )
    for language in languages.split()
}
ALIKE_LANGUAGES = (
    {"no", "nb", "nn", "da", "sv"},
    {"hr", "sr", "bs", "sl"},
    {"id", "ms"},
    {"cs", "sk"},
    {"es", "gl", "ca", "pt"},
)

LETTER = regex.compile(r"\p{L}")
WIDE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")
BRACKETS = regex.compile(r"[<‹\[【{「#$]")
SENTENCE_ENDS = regex.compile(r"[.!?:。！？：।؟]\s*(?=\p{L})")
SENTENCES = 20  # whose beginnings are looked at
REASONS = (
    "instructions-echoed",
    "refusal",
    "introduction",
    "not-a-person",
    "addresses-reader",
)  # of patterns, in order
SHARE_OF_TRIPLES = 0.6  # of a persona's three neighbouring words that must differ: a model in a loop has 0.5 and less
PREFIX_CHARACTERS = 4  # characters of a text by which patterns are chosen


def wrong_length(text: str, shortest: int, longest: int) -> str:
    """The reason "too-short" or "too-long", else ""; Han, kana, Hangul say in one character what takes others two."""
    if len(text) > longest:
        return "too-long"
    return "too-short" if len(text) < shortest and len(text) + len(WIDE.findall(text)) < shortest else ""


def not_a_persona(text: str) -> str:
    """The reason if `text` is what models give for want of a persona, else "".

    "empty", one of `REASONS`, "names-the-document", "names-the-persona" or "repeats-itself".
    """
    if not LETTER.search(text):
        return "empty"
    lower = text.lower().lstrip("\"'“”„«*-•> ")
    if BRACKETS.search(lower) and any(line.search(lower) for line in patterns("instructions-echoed", "anywhere")):
        return "instructions-echoed"
    for reason, line in likely_patterns(lower[:PREFIX_CHARACTERS]):
        if line.match(lower):
            return reason
    for end in islice(SENTENCE_ENDS.finditer(lower), SENTENCES):
        if any(line.match(lower, end.end()) for line in patterns("instructions-echoed", "sentence")):
            return "instructions-echoed"
    if names_document(lower):
        return "names-the-document"
    if names_persona(lower):
        return "names-the-persona"
    return "repeats-itself" if repeats_itself(words_of(lower), SHARE_OF_TRIPLES) else ""


@lru_cache(10_000)
def likely_patterns(prefix: str) -> tuple[tuple[str, regex.Pattern[str]], ...]:
    """The patterns, each with its reason, that a text with this beginning may match: of some 170 about three."""
    return tuple(
        (reason, line)
        for reason in REASONS
        for group in word_lists()[reason]
        if group != "anywhere"
        for line in patterns(reason, group)
        if line.match(prefix, partial=True)
    )


@cache
def patterns(reason: str, group: str) -> tuple[regex.Pattern[str], ...]:
    """The patterns of a reason and a language (or place)."""
    return tuple(map(regex.compile, word_lists()[reason][group]))


@cache
def word_lists() -> Mapping[str, Any]:
    """The patterns and small words that stand beside this file, and those of refusals."""
    ours = packaged_yaml(__package__, "not_personas.yaml")
    return {**ours, "refusal": refusal_patterns()}


def is_other_language(text: str, language: str) -> bool:
    """Whether `text` is surely not in `language`: another script, or other small words and the detector agrees."""
    letters = sum(map(str.isalpha, text))
    if language == UNDETERMINED or letters < SURE_LETTERS:
        return False
    script = SCRIPT_PATTERNS.get(language, LATIN)
    share = 1.0 if script is LATIN and text.isascii() else len(script.findall(text)) / letters
    if share < LEAST_SHARE:
        return True
    if script is not LATIN:
        return share < MOST_SHARE and quotes_only(text, language, script)
    counts = count_small_words(text)
    if max(counts.values(), default=0) <= counts[language]:
        return False  # the detector takes 0.1 ms, and 2 where it is unsure: more than all the rest
    found = detect_language(text)
    return counts[found] > counts[language] and not any({found, language} <= alike for alike in ALIKE_LANGUAGES)


def quotes_only(text: str, language: str, script: regex.Pattern[str]) -> bool:
    """Whether `text` is a sentence of another script, with words of `language` in it."""
    rest = " ".join(word for word in text.split() if not script.search(word))
    if max(count_small_words(rest).values(), default=0) < LEAST_SMALL_WORDS:
        return False
    return detect_language(rest) not in (language, UNDETERMINED)


def count_small_words(text: str) -> Counter[str]:
    """How many words of `text` are small words of each language."""
    index = small_words()
    counts: Counter[str] = Counter()
    for word in text.lower().split():
        for language in index.get(word, ()):
            counts[language] += 1
    return counts


@cache
def small_words() -> Mapping[str, tuple[str, ...]]:
    """The languages that a small word belongs to."""
    index: dict[str, tuple[str, ...]] = {}
    for language, words in word_lists()["function-words"].items():
        for word in words.split():
            index[word] = (*index.get(word, ()), language)
    return index
