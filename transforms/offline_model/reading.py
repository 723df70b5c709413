"""What a text is about: its language, field of life and key phrases; and who a persona is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import regex

from persona_hub.transforms.offline_model.key_phrases import key_phrases
from persona_hub.transforms.offline_model.phrasebook import (
    LANGUAGES,
    UNSPACED,
    Field,
    Phrasebook,
    cues_of,
    field_of,
    phrasebook,
)
from persona_hub.transforms.offline_model.stop_words import stop_words
from persona_hub.transforms.offline_model.unspaced import unspaced_phrases
from persona_hub.transforms.offline_model.words import clean, script_language, tidy, tokens_of

LATIN = ("en", "de", "es", "fr", "pt")
GUESS_AT = 60  # tokens
GRAMS_AT = 1000  # characters of a script without spaces
PERSONA_CHARACTERS = 600
HEAD_WORDS = 6
HEAD = re.compile(  # in English: who it is, before what they do
    r"(?:i(?: am|'m|’m) )?(?:an?|the)\s+(?:[\w-]+(?:,| and) )?(.{3,70}?)(?=[,.;:!]| (?:who|whose|who's|with|that|and|"
    r"in|at|from|to|for|on|by|of|as|about|concerned|excited|willing|convinced|worried|residing|married|used|known|always|"
    r"currently|wrongfully|tasked|ready|eager|keen|living|based|born|raised|skilled|trying|preparing|looking|working|"
    r"navigating|seeking|taking|pursuing|studying|learning|struggling|hoping|facing|dealing|managing|running|exploring|"
    r"suffering|conducting|developing|advocating|teaching|researching|planning|focus\w+|speciali[sz](?:ed|ing)|"
    r"interested|"
    r"responsible|dedicated|passionate)\b|$)",
    re.IGNORECASE,
)
HEAD_ELSEWHERE = re.compile(
    r"(.{3,60}?)(?=[,.;:،।]| (?:que|qui|der|die|das|con|com|avec|mit|который|которая|который|الذي|التي)\b|$)"
)
HEAD_HAN = regex.compile(r"(?:我是)?(?:一[名位个個])?(?:[^，。,]{0,60}的)?([\p{Han}]{2,10})(?=[，。,]|$)")


@dataclass(frozen=True)
class Matter:
    """What a text is about."""

    field: Field
    phrases: Sequence[str]  # key phrases, the best first; quoted where they are in another language than the answer
    head: str = ""  # of a persona: who it is, in a few words, with an article


def book_for(language: str, persona_language: str = "same") -> Phrasebook:
    """The tables to answer with: the language as asked, else the document's, else English."""
    wanted = language if persona_language in ("", "same") else persona_language
    return phrasebook(wanted if wanted in LANGUAGES else "en")


def language_of(text: str, stated: str) -> str:
    """The language `stated`, unless that is "und" or cannot be for its script; then a guess."""
    script = script_language(text)
    if stated in ("", "und"):
        return script or latin_language(text)
    if (script in ("", stated)) or stated not in LANGUAGES:
        return stated
    return stated if script == "zh" and stated == "ja" else script


def latin_language(text: str, stated: str = "") -> str:
    """The language of ours whose stop words prevail in the beginning of `text`; where two do, the `stated` one."""
    tokens = [token.lower() for token in tokens_of(text[:400])[:GUESS_AT]]
    return max(LATIN, key=lambda code: (sum(token in stop_words(code) for token in tokens), code == stated))


def read_document(cleaned: str, language: str, book: Phrasebook) -> Matter:
    """What a clean document is about."""
    field, phrases = read_text(cleaned, language, book)
    return Matter(field, quoted(phrases, language, book))


def read_text(cleaned: str, language: str, book: Phrasebook) -> tuple[Field, list[str]]:
    """Field and key phrases of a clean text."""
    cues = cues_of(language)
    if language in UNSPACED:
        head = cleaned[:GRAMS_AT]
        within = cues_within(head, language, cues)
        name, phrases = field_of(within, language), unspaced_phrases(head, language)
        if language == "th":  # its clauses are rough: the words that we know go first
            phrases = [cue for cue, _ in Counter(within).most_common(2)] + phrases
    else:
        tokens = tokens_of(cleaned)
        name = field_of([token.lower() for token in tokens if len(token) > 2], language)
        phrases = key_phrases(tokens, language, stop_words(language), cues) if tokens else []
    return book.fields.get(name, book.fields["general"]), phrases


def cues_within(text: str, language: str, cues: Mapping[str, str]) -> list[str]:
    """The cue words that stand in a `text` without spaces."""
    if language == "th":  # long words, short lists
        return [cue for cue in cues for _ in range(text.count(cue))]
    return [text[i : i + n] for i in range(len(text)) for n in (2, 3) if text[i : i + n] in cues]


def quoted(phrases: Sequence[str], language: str, book: Phrasebook) -> list[str]:
    """`phrases`, in English quotation marks where they are words of another language in an English sentence."""
    if book.language != "en" or language == "en":
        return list(phrases)
    return [f"“{phrase}”" for phrase in phrases]


def read_persona(text: str, language: str) -> tuple[Phrasebook, Matter]:
    """Who a persona is and what it is about, and the tables of the language that it is written in."""
    text = tidy(clean(text, PERSONA_CHARACTERS))
    language = language_of(text, language if script_language(text) else latin_language(text, language))
    book = book_for(language)
    slots = book.read(text)
    if slots:
        return book, from_slots(slots, book)
    head, rest = head_of(text, book)
    field, _ = read_text(text, language, book)
    _, phrases = read_text(rest, language, book)
    return book, Matter(field, quoted(phrases, language, book), head)


def head_of(text: str, book: Phrasebook) -> tuple[str, str]:
    """("a ward nurse", " who ...") of a persona that somebody else wrote: who it is in a few words, and the rest."""
    if book.language in UNSPACED:
        han = HEAD_HAN.match(text) if book.language == "zh" else None
        return (han.group(1) if han else book.table["somebody"]), text
    found = (HEAD if book.language == "en" else HEAD_ELSEWHERE).match(text)
    words = found.group(1).split() if found else []
    if not words or (book.language != "en" and len(words) > HEAD_WORDS):
        return book.table["somebody"], text
    rest = text[found.end() :] if found else text
    if book.language == "en":
        words = words[-HEAD_WORDS:]
        words.insert(0, "an" if words[0][0].lower() in "aeio" else "a")
    return words[0][:1].lower() + " ".join(words)[1:], rest


def from_slots(slots: Mapping[str, str], book: Phrasebook) -> Matter:
    """What one of our own sentences was filled with."""
    head = slots.get("role") or slots.get("Role") or book.table["somebody"]
    head = head[:1].lower() + head[1:]
    words = head.split()
    tails = (" ".join(words[i:]) for i in range(len(words)))
    field = book.fields[next((book.field_of_role[tail] for tail in tails if tail in book.field_of_role), "general")]
    return Matter(field, [slots[name] for name in ("p", "q", "topic") if name in slots], head)
