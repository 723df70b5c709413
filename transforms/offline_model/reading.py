"""What a text is about: its field of life and key phrases; and, of a persona, who it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import regex

from persona_hub.transforms.normal_forms import nfc
from persona_hub.transforms.offline_model.key_phrases import key_phrases, unspaced_phrases
from persona_hub.transforms.offline_model.phrasebook import (
    LANGUAGES,
    Field,
    Phrasebook,
    cues_of,
    field_of,
    phrasebook,
)

DOCUMENT_CHARACTERS = 3000  # looked at: 100,000 documents in minutes, and the subject shows early
UNSPACED_CHARACTERS = 1000  # looked at in a script without spaces
PERSONA_CHARACTERS = 600
# Links, addresses, paths, code: whatever has such a sign in it. Begins where a word does, so that it is linear.
CODE = re.compile(r"(?<!\S)(?:https?:\S*|www\.\S*|[^\s<>@#$_/\\=]*+[<>@#$_/\\=]\S*)")
# Format characters (zero-width joiners, right-to-left marks), lone surrogates, private use.
UNSEEN = re.compile(
    "[\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\uf8ff\U000e0000-\U0010ffff]+"
)
TOKEN = regex.compile(r"[\p{L}\p{M}]+(?:['’‑-][\p{L}\p{M}]+)*|\p{N}[\p{N}\p{L}.,]*|[^\s\p{L}\p{M}\p{N}]|\n")
COMBINING_MARK = regex.compile(r"\p{M}")
PLAIN_TOKEN = re.compile(r"[^\W\d_]+(?:['’‑-][^\W\d_]+)*|\d[\w.,]*|[^\s\w]|\n")  # three times as fast, splits at marks


class Matter(NamedTuple):
    """What a text is about."""

    field: Field
    phrases: Sequence[str]  # key phrases, the best first; quoted where they are in another language than the answer
    head: str = ""  # of a persona: who it is, in a few words, with an article


def book_for(language: str) -> Phrasebook:
    """The tables of a language, English ones where it has none."""
    return phrasebook(language if language in LANGUAGES else "en")


def read_document(text: str, language: str, book: Phrasebook) -> Matter:
    """What a document is about, to be said in the language of `book`."""
    cleaned = without_code(text[:DOCUMENT_CHARACTERS])
    if language in ("zh", "ja"):
        cleaned = cleaned[:UNSPACED_CHARACTERS]
        name, phrases = field_of(cues_within(cleaned, language), language), unspaced_phrases(cleaned, language)
    else:
        tokens = (TOKEN if COMBINING_MARK.search(cleaned) else PLAIN_TOKEN).findall(cleaned)
        name = field_of([token.lower() for token in tokens if len(token) > 2], language)
        phrases = key_phrases(tokens, language, cues_of(language))
    if book.language == "en" != language:
        phrases = [f"“{phrase}”" for phrase in phrases]
    return Matter(book.fields.get(name, book.fields["general"]), phrases)


def without_code(text: str) -> str:
    """`text` without links, addresses, markup, paths and hidden characters."""
    return UNSEEN.sub("", CODE.sub(".", text.replace("\0", " ")))


def cues_within(text: str, language: str) -> list[str]:
    """The cue words that stand in a `text` without spaces."""
    cues = cues_of(language)
    return [text[i : i + n] for i in range(len(text)) for n in (2, 3) if text[i : i + n] in cues]


def read_persona(text: str, language: str) -> tuple[Phrasebook, Matter]:
    """Who a persona is, what it is about, and the tables of its language; who it is only where a table wrote it."""
    text, book = on_one_line(text)[:PERSONA_CHARACTERS], book_for(language)
    if slots := book.read(text):
        return book, from_slots(slots, book)
    return book, read_document(text, language, book)._replace(head=book.table["somebody"])


def from_slots(slots: Mapping[str, str], book: Phrasebook) -> Matter:
    """What one of our own sentences was filled with."""
    who = slots.get("role") or slots.get("Role") or book.table["somebody"]
    head = who[:1].lower() + who[1:]
    words = head.split()
    tails = (" ".join(words[i:]) for i in range(len(words)))
    field = book.fields[next((book.field_of_role[tail] for tail in tails if tail in book.field_of_role), "general")]
    return Matter(field, [slots[name] for name in ("p", "q", "topic") if name in slots], head)


def on_one_line(text: str) -> str:
    """`text` on one line, in composed form, without control characters."""
    printable = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return nfc(" ".join(printable.split()))
